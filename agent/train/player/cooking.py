"""Cooking: find the kitchen, read the recipe, gather, prepare, eat; what can be done here first."""

from __future__ import annotations

from agent.train.player.belief import Belief, Room
from agent.train.player.decision import Decision, walk, words
from agent.train.player.explore import explore
from agent.train.player.foods import APPLIANCE, COOKED, CUT, Recipe, plain

KITCHEN, KNIFE, BOOK = "kitchen", "knife", "cookbook"
_SURFACES = {"counter", "table", "showcase", "shelf"}


def decide(belief: Belief) -> Decision:
    """The next move."""
    if belief.meal:
        return Decision("eat meal", "eat")
    if belief.recipe is None:
        return _find_recipe(belief)
    if belief.carrying is None:
        return Decision("inventory", "inventory")
    left = belief.left()
    return (
        _make_room(belief, left)
        or _prepare_surely(belief, left)
        or _take(belief, left)
        or _look_inside(belief, left)
        or _fetch(belief, left)
        or _go_and_prepare(belief, left)
        or _finish(belief)
    )


def standing(belief: Belief, *, brief: bool = False) -> str:
    """How far the meal is, ingredient by ingredient: what the next step has to start from.

    'raw lettuce to dice and roast, red onion missing, salt ready, knife in hand': what is carried in the
    game's own words, as its state decides what is left to do (`brief`: not where nothing is left). Empty
    before the recipe and the hands are known.
    """
    if belief.recipe is None or belief.carrying is None or belief.meal:
        return ""
    left = belief.left()
    said = [_stands(name, steps, belief.holds(name), brief=brief) for name, steps in left.items()]
    if any(belief.holds(name) for name in _uncut(left)):
        said.append("knife in hand" if KNIFE in belief.carrying else "no knife")
    return ", ".join(said)


def _stands(name: str, steps: tuple[str, ...], held: str | None, *, brief: bool) -> str:
    if held is None:
        return f"{name} missing"
    if steps:
        return _to_do(held, steps)
    return f"{name if brief else held} ready"


def _to_do(name: str, steps: tuple[str, ...]) -> str:
    return f"{name} to {' and '.join(steps)}"


def aim(belief: Belief) -> str:
    """What the player is after, in a few words; empty where its hands would have to tell."""
    if belief.recipe is None:
        return f"seeking {BOOK}"
    if belief.carrying is None:
        return ""
    left = belief.left()
    if missing := _missing(belief, left):
        return f"seeking {words(missing)}"
    return "with " + next((_to_do(*each) for each in left.items() if each[1]), "all ready")


def _find_recipe(belief: Belief) -> Decision:
    here = belief.here
    read = f"examine {BOOK}"
    # It may lie in the kitchen where the description was cut off before it.
    maybe = here is not None and here.name == KITCHEN and not here.whole
    if here is not None and (BOOK in here.items or maybe) and read not in belief.failed:
        return Decision(read, "read", {"here": here.name})
    return to_book(belief) or explore(belief, "the kitchen")


def to_book(belief: Belief) -> Decision | None:
    """The next step of the way to another room that has the cookbook; None where none is known."""
    for room in belief.rooms.values():
        if room.name == KITCHEN or BOOK in room.items:
            step = walk(belief, room, "the cookbook is there")  # None for the room that it is in
            if step is not None:
                return step
    return None


def _make_room(belief: Belief, recipe: Recipe) -> Decision | None:
    """Hands are full: put down what the recipe does not need, else swap knife and food.

    Food that needs cutting needs the knife beside it in the hand; food that is cut does not.
    """
    carrying = belief.carrying
    if not belief.full_hands or not carrying:
        return None
    spare = [each for each in carrying if plain(each) not in recipe and each != KNIFE]
    uncut = [each for each in carrying if plain(each) in _uncut(recipe)]
    if not spare and KNIFE in carrying and not uncut:
        spare = [KNIFE]
    if not spare and KNIFE not in carrying and uncut:
        cut = [each for each in carrying if each not in uncut]
        spare = [*sorted(cut, key=lambda each: len(recipe[plain(each)])), *uncut[1:]]
    if not spare:
        return None
    item = plain(spare[0])
    kind = "drop" if item not in recipe and item != KNIFE else f"drop for {_next(item)}"
    return Decision(f"drop {item}", kind, {"item": item, "items": words([plain(e) for e in uncut])})


def _next(dropped: str) -> str:
    return "food" if dropped == KNIFE else "knife"


def _uncut(recipe: Recipe) -> list[str]:
    return [name for name, steps in recipe.items() if any(step in CUT for step in steps)]


def _missing(belief: Belief, recipe: Recipe) -> list[str]:
    return [name for name in recipe if belief.holds(name) is None]


def _take(belief: Belief, recipe: Recipe) -> Decision | None:
    """The knife where something carried needs cutting, else an ingredient that lies here."""
    here = belief.here
    if here is None:
        return None
    wanted = _missing(belief, recipe)
    uncut = [name for name in _uncut(recipe) if belief.holds(name)]
    if KNIFE not in (belief.carrying or ()) and uncut:
        wanted = [KNIFE, *wanted]
    lying = {plain(item): holder for item, holder in here.items.items()}
    for name in wanted:
        if name not in lying:
            continue
        return take(name, lying[name], "take knife" if name == KNIFE else "take")
    return None


def take(name: str, holder: str, kind: str = "take") -> Decision:
    """Take a thing from what holds it; the floor, and nothing known, are not named."""
    source = "" if holder in {"", "floor"} else f" from {holder}"
    return Decision(f"take {name}{source}", kind, {"item": name})


def _prepare_surely(belief: Belief, recipe: Recipe) -> Decision | None:
    """A step that can be done here; of food that only a note tells of, the hands are looked at first.

    A step cannot be undone, and one step too many loses the game: what has been done to the food must be
    read off the game and not off a note, which a policy may have written wrongly.
    """
    step = _prepare(belief, recipe)
    if step is not None and step.facts["item"] in belief.unseen:
        return Decision("inventory", "see hands", {"item": step.facts["item"]})
    return step


def _prepare(belief: Belief, recipe: Recipe) -> Decision | None:
    """A step of the recipe that can be done here with what is carried."""
    here = belief.here
    for name, steps in recipe.items():
        if belief.holds(name) is None:
            continue
        for step in steps:
            facts = {"item": name, "step": step}
            if step in CUT and KNIFE in (belief.carrying or ()):
                return Decision(f"{step} {name} with knife", "cut", facts)
            if step in COOKED and here is not None and _has(here, APPLIANCE[step]):
                tool = APPLIANCE[step]
                return Decision(f"cook {name} with {tool}", "cook", {**facts, "tool": tool})
    return None


def _has(room: Room, tool: str) -> bool:
    # These stand in every kitchen and backyard, also where a description was cut off before them.
    usual = {"stove": KITCHEN, "oven": KITCHEN, "BBQ": "backyard"}
    return tool in room.fixtures or usual[tool] == room.name


def _look_inside(belief: Belief, recipe: Recipe) -> Decision | None:
    """What has not been looked into here, while something is missing."""
    here, missing = belief.here, _missing(belief, recipe)
    if here is None or not here.unopened:
        return None
    if not missing and (not _uncut(recipe) or KNIFE in (belief.carrying or ())):
        return None
    for holder in here.unopened:
        if holder in _SURFACES or holder in {"fridge", "refrigerator"}:
            if not missing and holder not in _SURFACES:
                continue  # knives lie about, they are not in fridges
            verb = "examine" if holder in _SURFACES else "open"
            return Decision(f"{verb} {holder}", "look inside", {"holder": holder})
    return None


def _fetch(belief: Belief, recipe: Recipe) -> Decision | None:
    """Go where a missing ingredient was seen, else explore."""
    missing = _missing(belief, recipe)
    if not missing:
        return None
    for room in belief.rooms.values():
        seen = [plain(item) for item in room.items if plain(item) in missing]
        if seen and room is not belief.here:
            step = walk(belief, room, f"the {words(seen)} is there")
            if step is not None:
                return step
    kitchen = belief.rooms.get(KITCHEN)
    if kitchen is not None and "fridge" in kitchen.unopened and kitchen is not belief.here:
        step = walk(belief, kitchen, "its fridge is still shut")
        if step is not None:
            return step
    return explore(belief, f"the {words(missing)}")


def _go_and_prepare(belief: Belief, recipe: Recipe) -> Decision | None:
    """All is carried and something is not ready: go where the knife or the appliance is."""
    uncut = _uncut(recipe)
    if uncut and KNIFE not in (belief.carrying or ()):
        for room in belief.rooms.values():
            if KNIFE in room.items:
                step = walk(belief, room, f"the knife for the {words(uncut)} is there")
                if step is not None:
                    return step
    for name, steps in recipe.items():
        for step_name in steps:
            if step_name in COOKED:
                return _to_tool(belief, name, APPLIANCE[step_name])
    if uncut:
        return _to_kitchen(belief, "the knife should be there") or explore(belief, "the knife")
    return None


def _to_tool(belief: Belief, name: str, tool: str) -> Decision:
    for room in belief.rooms.values():
        if _has(room, tool) and room is not belief.here:
            step = walk(belief, room, f"the {tool} for the {name} is there")
            if step is not None:
                return step
    return explore(belief, f"the {tool}")


def _to_kitchen(belief: Belief, purpose: str) -> Decision | None:
    kitchen = belief.rooms.get(KITCHEN)
    if kitchen is None or kitchen is belief.here:
        return None
    return walk(belief, kitchen, purpose)


def _finish(belief: Belief) -> Decision:
    """Everything is ready and carried: make the meal in the kitchen."""
    here = belief.here
    if here is not None and here.name == KITCHEN and "prepare meal" not in belief.failed:
        return Decision("prepare meal", "prepare")
    step = _to_kitchen(belief, "all is ready for the meal")
    if step is not None:
        return step
    if "prepare meal" in belief.failed and belief.last_action != "inventory":
        return Decision("inventory", "inventory")
    return explore(belief, "the kitchen")
