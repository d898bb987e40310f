"""Families: fixed cycles of specs, and which game a number and a first seed mean."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.cycles import COIN_COLLECTORS, TREASURE_HUNTERS, cooking_spec
from agent.errors import ConfigError
from agent.seeds import FIRST_DEVELOPMENT_SEED, FIRST_TEST_SEED
from envs.nearest import did_you_mean


def _cooking(recipe: int, take: int, go: int) -> str:
    return cooking_spec(recipe, take, go, "open cook cut drop", split="valid")


def _kitchens(rooms: Sequence[int]) -> tuple[str, ...]:
    """Recipes of 1 to 3 ingredients, all of which must be found, in turn with the sizes of the house."""
    pairs = itertools.product(range(3), range(len(rooms)))
    return tuple(
        _cooking(r + 1, r + 1, rooms[(r + g) % len(rooms)])
        for g, r in sorted((g, r) for r, g in pairs)
    )


FAMILIES: dict[str, tuple[str, ...]] = {
    "coin-collector": COIN_COLLECTORS,
    "treasure-hunter": TREASURE_HUNTERS,
    "cooking": _kitchens((1, 6, 9)),
    "cooking-hardest": (_cooking(3, 2, 12),),
    "cooking-long": _kitchens((6, 9, 12)),
}
"""Game i of a family has spec i modulo the cycle's length, so more games never change earlier ones."""
DEFAULT_FAMILIES = ("coin-collector", "treasure-hunter", "cooking")


@dataclass(frozen=True, slots=True)
class Game:
    """One game: its family, its number there, its environment's spec and its seed."""

    family: str
    index: int
    spec: str
    seed: int

    def __str__(self) -> str:
        return f"{self.family} {self.seed}"


def games(
    family: str, count: int, first_seed: int, cycles: Mapping[str, Sequence[str]] = FAMILIES
) -> list[Game]:
    """The first `count` games of a family, with seeds first_seed, first_seed + 1, ...

    Raises ConfigError for a family that is not there.
    """
    if family not in cycles:
        raise ConfigError(
            f"no family {family!r}{did_you_mean(family, cycles)} There are: {', '.join(cycles)}"
        )
    specs = itertools.islice(itertools.cycle(cycles[family]), count)
    return [Game(family, i, spec, first_seed + i) for i, spec in enumerate(specs)]


def check_seeds(first: int, count: int, *, training: bool, test: bool) -> Iterator[str]:
    """What a person should be warned of. Raises ConfigError for seeds that nobody asked for.

    Those are training seeds, unless `training`, and those of scores that are quoted, unless `test`.
    """
    last = first + count - 1
    if first < FIRST_DEVELOPMENT_SEED and not training:
        raise ConfigError(
            f"seeds {first} to {last}: those under {FIRST_DEVELOPMENT_SEED} are for training, and a "
            f"score on them means little; use --seed {FIRST_DEVELOPMENT_SEED}, or --training-seeds"
        )
    if last >= FIRST_TEST_SEED:
        if not test:
            raise ConfigError(
                f"seeds {first} to {last}: those from {FIRST_TEST_SEED} on are for scores that are "
                f"quoted to others, once nothing is tuned any more; use seeds under {FIRST_TEST_SEED}, "
                "or --test-seeds"
            )
        yield (
            f"warning: seeds from {FIRST_TEST_SEED} on are for scores that are quoted to others: "
            "do not tune anything on what you see here"
        )
