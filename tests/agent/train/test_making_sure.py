"""What a refusal puts in doubt is made sure of, by one step, and the game goes on."""

from __future__ import annotations

import random

import pytest

from agent.train.player.fumbles import misstated
from agent.train.player.reading import belief_of, decide
from agent.train.player.window import ShownNote, Transcript, Turn

SYSTEM = "You follow a cookbook in a kitchen."
ROOM = "-= Kitchen =-\nA kitchen. You see a stove. You see a cookbook and a knife on the table."
BOOK = """You open the copy of "Cooking" and start reading:

Recipe #1
---------
Gather all following ingredients.

Ingredients:
lettuce

Directions:
slice the lettuce
  fry the lettuce
  prepare meal
"""


def transcript(*answers: tuple[str, str], recipe: str = "lettuce: slice, fry") -> Transcript:
    """A window whose notes say that all is ready, the look at the kitchen, and these answers."""
    notes = (
        ShownNote(1, "now", "in kitchen; carrying sliced fried lettuce"),
        ShownNote(2, "recipe", recipe),
        ShownNote(3, "kitchen", "start; has stove, cookbook"),
    )
    turns = [Turn(ROOM, "", "")]
    for action, answer in answers:
        turns[-1] = Turn(turns[-1].observation, turns[-1].thought, action)
        turns.append(Turn(answer, "", ""))
    return Transcript(SYSTEM, notes, tuple(turns))


def next_after(*answers: tuple[str, str], recipe: str = "lettuce: slice, fry") -> str:
    window = transcript(*answers, recipe=recipe)
    return decide(window, belief_of(window)).command


REFUSED = ("prepare meal", "Something still needs to be cooked.")


def test_a_recipe_that_was_noted_wrongly_is_read_again() -> None:
    assert next_after() == "prepare meal"
    assert next_after(REFUSED) == "examine cookbook"
    window = transcript(REFUSED, ("examine cookbook", BOOK), recipe="lettuce: slice")
    belief = belief_of(window)
    assert belief.recipe == {"lettuce": ("slice", "fry")}
    assert decide(window, belief).command == "prepare meal", "it has been fried, as it believes"


def test_then_it_can_only_be_the_hands() -> None:
    again = (REFUSED, ("examine cookbook", BOOK), REFUSED)
    assert next_after(*again) == "inventory"
    truth = ("inventory", "You are carrying: a sliced raw lettuce.")
    assert next_after(*again, truth) == "cook lettuce with stove"


def carrying(*names: str) -> str:
    """What comes next where the notes say that these are carried."""
    notes = (
        ShownNote(1, "now", f"in kitchen; carrying {', '.join(names)}"),
        ShownNote(2, "recipe", "lettuce: slice, fry; salt: as it is"),
    )
    window = Transcript(SYSTEM, notes, (Turn(ROOM, "", ""),))
    return decide(window, belief_of(window)).command


def test_food_is_looked_at_before_a_step_that_only_notes_ask_for() -> None:
    assert carrying("raw lettuce", "salt") == "inventory"
    assert carrying("salt") != "inventory", "nothing in the hand is to be touched"
    assert carrying("sliced fried lettuce", "salt") == "prepare meal", "a refusal costs nothing"


def test_the_hands_once_seen_are_not_looked_at_again() -> None:
    seen = ("inventory", "You are carrying: a raw lettuce and a knife.")
    assert next_after(seen) == "slice lettuce with knife"
    after = ("slice lettuce with knife", "You slice the lettuce.")
    assert next_after(seen, after) == "cook lettuce with stove"


def test_what_was_taken_in_sight_needs_no_second_look() -> None:
    kitchen = ROOM + " You see a raw lettuce on the counter."
    notes = (
        ShownNote(1, "now", "in kitchen; carrying knife"),
        ShownNote(2, "recipe", "lettuce: slice, fry"),
    )
    taken = Turn("You take the lettuce from the counter.", "", "")
    window = Transcript(SYSTEM, notes, (Turn(kitchen, "", "take lettuce"), taken))
    assert decide(window, belief_of(window)).command == "slice lettuce with knife"


@pytest.mark.parametrize(
    ("action", "answer", "sure"),
    [
        ("prepare meal", "You still miss something.", "inventory"),
        ("prepare meal", "Something still needs to be cut.", "examine cookbook"),
        ("drop knife", "The knife is already here.", "inventory"),
        ("drop knife", "You haven't got that.", "inventory"),
        ("take knife", "You already have that.", "inventory"),
        ("cook lettuce with stove", "You can't see any such thing.", "inventory"),
        ("cook onion with stove", "I didn't understand that sentence.", "inventory"),
        ("take salt from counter", "You can't see any such thing.", "look"),
        ("take onion from counter", "I didn't understand that sentence.", "look"),
        ("open fridge", "You can't see any such thing.", "look"),
    ],
)
def test_what_is_asked_after_a_refusal(action: str, answer: str, sure: str) -> None:
    assert next_after((action, answer)) == sure


def test_a_doubt_that_was_settled_is_none() -> None:
    missed = ("prepare meal", "You still miss something.")
    full = ("inventory", "You are carrying: a sliced fried lettuce.")
    assert next_after(missed, full) == "prepare meal", "and what was refused may be tried again"
    gone = ("take salt from counter", "You can't see any such thing.")
    assert next_after(gone, ("look", ROOM)) == "prepare meal"


def test_a_cookbook_that_is_not_there_is_not_asked_for_ever() -> None:
    gone = ("examine cookbook", "You can't see any such thing.")
    assert next_after(REFUSED, gone) == "look"
    assert next_after(REFUSED, gone, ("look", ROOM)) != "examine cookbook"


def test_a_slip_in_notes_about_food_forgets_and_never_adds_a_step() -> None:
    lines = [
        "ADD recipe: lettuce: slice, fry; red potato: chop; salt: as it is",
        "REWRITE 1: in kitchen; carrying knife, raw potato",
        "ADD hall: at north; untried east",
    ]
    found = {tuple(misstated(lines, random.Random(seed)) or ()) for seed in range(200)}
    changed = {new for each in found for old, new in zip(lines, each, strict=True) if old != new}
    assert changed == {
        "ADD recipe: lettuce: slice; red potato: chop; salt: as it is",
        "ADD recipe: lettuce: fry; red potato: chop; salt: as it is",
        "REWRITE 1: in kitchen; carrying raw potato",
        *(
            f"REWRITE 1: in kitchen; carrying knife, {state} potato"
            for state in ("fried", "grilled", "roasted")
        ),
    }
    assert misstated(["ADD hall: at north", "DELETE 2"], random.Random(0)) is None
