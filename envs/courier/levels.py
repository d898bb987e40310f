"""How hard a town is: the options of a spec, and what each level stands for."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from envs.options import Options

Kind = Literal["name", "trade", "promise", "gift", "tie"]
"""What a label goes by: whose trade, what was promised, what was brought, what somebody said."""


class TownOptions(Options):
    """The options of `courier/town`."""

    level: int = Field(
        3, ge=1, le=5, description="1: 6 places and names alone; 5: 33 places, 48 people, all kinds"
    )
    length: int = Field(0, ge=0, description="the episode ends after so many steps; 0: never")


@dataclass(frozen=True, slots=True)
class Level:
    """What a level decides."""

    places: int
    """The Post House included."""
    people: int
    """At least one for each other place."""
    age: int
    """A label goes by what was last seen so many steps ago or more, if there is anything so old."""
    kinds: tuple[Kind, ...]
    words: bool = False
    """Whether people give out words that others ask for."""
    moves: bool = False
    """Whether people move house."""


LEVELS = {
    1: Level(places=6, people=5, age=10, kinds=("name",)),
    2: Level(places=11, people=12, age=60, kinds=("name", "trade")),
    3: Level(places=19, people=24, age=150, kinds=("name", "trade", "promise", "gift")),
    4: Level(
        places=25,
        people=36,
        age=200,
        kinds=("name", "trade", "promise", "gift"),
        words=True,
        moves=True,
    ),
    5: Level(
        places=33,
        people=48,
        age=300,
        kinds=("name", "trade", "promise", "gift", "tie"),
        words=True,
        moves=True,
    ),
}
