"""A town as its seed makes it: what never changes while it is played."""

from dataclasses import dataclass

from envs.courier.dice import Dice
from envs.courier.levels import Level
from envs.courier.words import NAMES, PLACES, POST_HOUSE, TIES, TOWNS, TRADES

HUB = 0
"""The number of the Post House."""

COMPASS = {"north": (0, 1), "east": (1, 0), "south": (0, -1), "west": (-1, 0)}
_SHORT_CUTS = 4  # one in so many pairs of neighbours is joined beside the ways that a town needs

Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Town:
    """Places and people by number. Each way leads back in the opposite direction."""

    name: str
    places: tuple[str, ...]
    sights: tuple[str, ...]
    """What is seen of each place."""
    exits: tuple[dict[str, int], ...]
    """Of each place: direction to place, in the compass's order."""
    people: tuple[str, ...]
    trades: tuple[str, ...]
    """Of each person; no two have the same."""
    ties: tuple[tuple[int, int], ...]
    """Of each person: a phrase of TIES, and the other person whom it is about."""
    homes: tuple[int, ...]
    """Where each person lives at first: somebody at every place but the Post House."""


def build(seed: int, number: int, level: Level) -> Town:
    """The town of a seed at a level, whose number is `number`."""
    dice = Dice(f"courier town {number}/{seed}")
    chosen = dice.shuffled(PLACES)[: level.places - 1]
    people = dice.shuffled(NAMES)[: level.people]
    others = range(1, level.places)
    homes = [*others, *(dice.pick(others) for _ in range(level.people - len(others)))]
    ties = []
    for person in range(level.people):
        other = dice.below(level.people - 1)
        ties.append((dice.below(len(TIES)), other + (other >= person)))
    return Town(
        name=dice.pick(TOWNS),
        places=(POST_HOUSE, *(name for name, _ in chosen)),
        sights=("Pigeonholes cover the walls up to the ceiling.", *(sight for _, sight in chosen)),
        exits=_ways(dice, level.places),
        people=tuple(people),
        trades=tuple(dice.shuffled(TRADES)[: level.people]),
        ties=tuple(ties),
        homes=tuple(homes),
    )


def _ways(dice: Dice, count: int) -> tuple[dict[str, int], ...]:
    """Places on a grid, each joined to one that was there before, and a few short cuts."""
    cells: list[Cell] = [(0, 0)]
    joined: set[tuple[int, int]] = set()
    while len(cells) < count:
        free = sorted({c for each in cells for c in _around(each)} - set(cells))
        cell = dice.pick(free)
        neighbours = [cells.index(c) for c in _around(cell) if c in cells]
        joined.add((dice.pick(neighbours), len(cells)))
        cells.append(cell)
    for place, cell in enumerate(cells):
        for other in _around(cell):
            if other in cells and cells.index(other) > place and dice.below(_SHORT_CUTS) == 0:
                joined.add((place, cells.index(other)))
    return tuple(
        {
            direction: cells.index(other)
            for direction, other in zip(COMPASS, _around(cell), strict=True)
            if other in cells
            and (min(place, cells.index(other)), max(place, cells.index(other))) in joined
        }
        for place, cell in enumerate(cells)
    )


def _around(cell: Cell) -> list[Cell]:
    return [(cell[0] + x, cell[1] + y) for x, y in COMPASS.values()]
