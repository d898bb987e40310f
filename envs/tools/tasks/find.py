"""Find the one file that tells of an event, and write its name down."""

from random import Random

from envs.tools.commands import written
from envs.tools.task import Files, Task
from envs.tools.tasks.words import EVENTS, PEOPLE

ANSWER = "answer.txt"


def find(dice: Random, files: int) -> Task:
    """Diaries of several people, one of whom tells of the event that is asked for."""
    people = dice.sample(PEOPLE, files)
    event, *others = dice.sample(EVENTS, len(EVENTS))
    teller = dice.choice(people)
    texts = {}
    for person in people:
        told = dice.sample(others, 3)
        if person == teller:
            told[dice.randrange(3)] = event
        days = sorted(dice.sample(range(1, 29), 3))
        lines = [f"Day {day}: {what}." for day, what in zip(days, told, strict=True)]
        texts[f"diaries/{person.lower()}.txt"] = "\n".join([f"The diary of {person}.", *lines, ""])

    def check(now: Files) -> float:
        return float(now.get(ANSWER, "").strip().strip(".'\"").lower() == teller.lower())

    return Task(
        goal=f"Somebody's diary in 'diaries' tells that {event}. Write the name of that person, and "
        f"nothing else, to {ANSWER}.",
        files=texts,
        check=check,
        walkthrough=(f"search {event}", written(ANSWER, teller), "done"),
    )
