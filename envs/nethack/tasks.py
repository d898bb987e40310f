"""The tasks of the NetHack Learning Environment, by what is scored."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """One task: the class in `nle.env.tasks`, what it is, and the most points if there is a most."""

    name: str
    library_class: str
    summary: str
    goal: str
    max_score: float | None = None


TASKS = {
    task.name: task
    for task in (
        Task(
            "score", "NetHackScore", "points of the game itself", "Get as many points as you can."
        ),
        Task(
            "staircase",
            "NetHackStaircase",
            "reach the stairs that lead down",
            "Stand on the stairs that lead down: '>'.",
            1.0,
        ),
        Task(
            "staircase-pet",
            "NetHackStaircasePet",
            "reach the stairs that lead down, with your pet beside you",
            "Stand on the stairs that lead down, '>', while your pet is next to you.",
            1.0,
        ),
        Task(
            "oracle",
            "NetHackOracle",
            "reach the Oracle, some levels down",
            "Stand next to the Oracle, '@', some levels down.",
            1.0,
        ),
        Task("gold", "NetHackGold", "gold in the purse", "Gather as much gold, '$', as you can."),
        Task("eat", "NetHackEat", "food eaten", "Eat as much as you can."),
        Task(
            "scout",
            "NetHackScout",
            "places seen",
            "See as much of the dungeon as you can.",
        ),
    )
}
