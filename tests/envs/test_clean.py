"""Cleaning, on what TextWorld really printed (captured.json, from two games of seed 10,000)."""

import json
from pathlib import Path

import pytest

from envs.textworld.clean import clean

CAPTURED: dict[str, str] = json.loads(Path(__file__).with_name("captured.json").read_text())

EXPECTED = {
    "cooking: first": """\
You are hungry! Let's cook a delicious meal. Check the cookbook in the kitchen for the recipe. \
Once done, enjoy your meal!

-= Bathroom =-
You arrive in a bathroom. A typical one.

You see a toilet. The toilet is white. But oh no! there's nothing on this piece of trash. \
Aw, here you were, all excited for there to be things on it!

You don't like doors? Why not try going west, that entranceway is not blocked by one.""",
    "cooking: a move": """\
-= Corridor =-
You're now in the corridor. You begin looking for stuff.

You don't like doors? Why not try going east, that entranceway is not blocked by one. There is an \
exit to the north. You don't like doors? Why not try going south, that entranceway is not blocked \
by one. There is an exit to the west.""",
    "cooking: the cookbook": """\
You open the copy of "Cooking: A Modern Approach (3rd Ed.)" and start reading:

Recipe #1
---------
Gather all following ingredients and follow the directions to prepare this tasty meal.

Ingredients:
block of cheese

Directions:
chop the block of cheese
  roast the block of cheese
  prepare meal""",
    "cooking: a point": """\
You take the block of cheese from the fridge.

Your score has just gone up by one point.""",
    "cooking: nothing typed": "I beg your pardon?",
    "cooking: won": """\
You eat the meal. Not bad.

Your score has just gone up by one point.

*** The End ***

You scored 5 out of a possible 5, in 12 turns.""",
    "cooking: lost": """\
You fried the block of cheese.

*** You lost! ***

You scored 1 out of a possible 5, in 5 turns.""",
    "coin: first": """\
You are now playing a profound round of TextWorld! First stop, try to take a trip north. With \
that over with, take a trip east. After that, retrieve the coin from the floor of the office. And \
once you"ve done that, you win!

-= Steam Room =-
You find yourself in a steam room. A normal kind of place.

You need an unguarded exit? You should try going north.""",
    "coin: a question": "Are you sure you want to quit?",
    "coin: asked again": "Please answer yes or no.",
}


@pytest.mark.parametrize("name", CAPTURED)
def test_what_textworld_printed_reads_well(name: str) -> None:
    assert clean(CAPTURED[name]) == EXPECTED[name]


@pytest.mark.parametrize("name", CAPTURED)
def test_no_word_is_lost_but_banner_prompt_and_status(name: str) -> None:
    raw, cleaned = CAPTURED[name], clean(CAPTURED[name])
    assert clean(cleaned) == cleaned
    assert "$$" not in cleaned
    words = [w for w in cleaned.split() if w not in raw.split()]
    # A prompt may stand against the last word of what the game said: "no.>".
    assert words in ([], ["no."])


def test_escapes_from_the_game_go() -> None:
    assert clean("\x1b[31mA red door.\x1b[0m\x07\n") == "A red door."


def test_a_ruler_and_an_arrow_are_text() -> None:
    text = "Title\n-----\n> quoted\nx -> y | z\n<end>"
    assert clean(text) == text


def test_a_score_in_the_text_stays() -> None:
    assert clean("You have read 3/4 of it.\n\nThe sign says 1/2") == (
        "You have read 3/4 of it.\n\nThe sign says 1/2"
    )
