"""What changes while a town is played. It never grows: there is one of each thing a person."""

from dataclasses import dataclass
from typing import Literal

NEVER = -1
"""The step of what has not been seen."""
NOBODY = -1


@dataclass(slots=True)
class Person:
    """One person, and what the courier has seen and heard of them: each with its last step."""

    home: int
    """The place where they are."""
    met: int = NEVER
    """Seen at home, or heard where that is."""
    trade: int = NEVER
    tie: int = NEVER
    promise: str = ""
    """The thing that the courier has promised them, "" for none."""
    promised: int = NEVER
    word: str = ""
    """The word that they gave out last, "" for none."""
    worded: int = NEVER
    gift: str = ""
    """The thing that they got from the courier last, "" for none."""
    given: int = NEVER


@dataclass(slots=True)
class Parcel:
    """The one parcel that is on its way."""

    person: int
    """Whom it is for."""
    thing: str
    label: str
    """Whom it is for, in the label's words."""
    voucher: int = NOBODY
    """Whose word will be asked for, NOBODY for nobody's."""
    where: Literal["counter", "hand", "given"] = "hand"
    """Back at the Post House, carried, or with its owner, who waits for the word."""


@dataclass(slots=True)
class State:
    """A game. With its town it is all that decides what happens next."""

    people: list[Person]
    named: list[bool]
    """Of each place: whether the courier has read its name."""
    visited: list[bool]
    rolled: int = 0
    """How often the dice were rolled."""
    step: int = 0
    """Actions so far, those that were not understood too."""
    moves: int = 0
    """Actions that were understood."""
    place: int = 0
    coins: int = 0
    parcel: Parcel | None = None
    said: str = ""
    """The last observation."""
