"""Foods and the recipe: how the game prints them, and what is left to do to each. Pure."""

from __future__ import annotations

import re

COOKED = {"fry": "fried", "roast": "roasted", "grill": "grilled"}
CUT = {"chop": "chopped", "slice": "sliced", "dice": "diced"}
DONE = {**COOKED, **CUT}
STEP_OF = {state: step for step, state in DONE.items()}
APPLIANCE = {"fry": "stove", "roast": "oven", "grill": "BBQ"}
AS_IT_IS = "as it is"
STATES = (*DONE.values(), "raw", "burned", "uncut")

Recipe = dict[str, tuple[str, ...]]
"""Each ingredient with steps to do to it, in the order of the cookbook."""

_INGREDIENTS = re.compile(r"Ingredients:\s*\n(.*?)\n\s*\n\s*Directions:\s*\n(.*)", re.DOTALL)
_DIRECTION = re.compile(rf"({'|'.join(DONE)}) the (.+)")


def plain(printed: str) -> str:
    """A food's own name: 'chopped raw pork chop' is 'pork chop'."""
    words = printed.split()
    while len(words) > 1 and words[0] in STATES:
        words.pop(0)
    return " ".join(words)


def states(printed: str) -> tuple[str, ...]:
    """What has been done to a food, by the words in front of its name."""
    words = printed.split()
    return tuple(word for word in words[: len(words) - len(plain(printed).split())])


def read_recipe(observation: str) -> Recipe | None:
    """The recipe that a cookbook's text holds, None for any other text."""
    found = _INGREDIENTS.search(observation)
    if found is None:
        return None
    recipe: dict[str, tuple[str, ...]] = {
        name: () for line in found[1].split("\n") if (name := line.strip())
    }
    for line in found[2].split("\n"):
        direction = _DIRECTION.fullmatch(line.strip())
        if direction and direction[2] in recipe:
            recipe[direction[2]] += (direction[1],)
    return recipe


def left_to_do(steps: tuple[str, ...], printed: str) -> tuple[str, ...]:
    """The steps that a food, as the game prints it, still needs."""
    done = {STEP_OF[state] for state in states(printed) if state in STEP_OF}
    return tuple(step for step in steps if step not in done)


def write_recipe(recipe: Recipe) -> str:
    """The recipe as the body of a note: 'lettuce: chop, grill; salt: as it is'."""
    return "; ".join(f"{name}: {', '.join(steps) or AS_IT_IS}" for name, steps in recipe.items())


def recipe_of_note(body: str) -> Recipe:
    """The inverse of write_recipe; what it cannot read it leaves out."""
    recipe: Recipe = {}
    for part in body.split(";"):
        name, colon, steps = part.partition(":")
        if colon and name.strip():
            kept = (step.strip() for step in steps.split(","))
            recipe[name.strip()] = tuple(step for step in kept if step in DONE)
    return recipe
