"""Which games are demonstrated: a fixed cycle of specs for each family."""

from __future__ import annotations

from dataclasses import dataclass

from agent.cycles import COIN_COLLECTORS, TREASURE_HUNTERS, coin_collectors, cooking_spec
from agent.errors import TrainingFailed
from agent.seeds import FIRST_DEVELOPMENT_SEED
from envs.nearest import did_you_mean

# (recipe, take, go, flags). The hardest published setting stands four times.
_HARDEST = (3, 2, 12, "open cook cut drop")
_COOKING = (
    _HARDEST,
    (1, 1, 1, "cook cut"),
    (2, 1, 6, "open cook"),
    (3, 3, 9, "open cook cut drop"),
    (1, 0, 6, "open cut"),
    _HARDEST,
    (2, 2, 9, "open cook cut"),
    (3, 2, 6, "open cook cut drop"),
    (1, 1, 9, "open cook cut"),
    (2, 2, 12, "open cook cut drop"),
    (3, 1, 1, "open cook cut drop"),
    _HARDEST,
    (1, 1, 6, "open cook drop"),
    (2, 0, 1, "cook cut"),
    (3, 2, 9, "open cook cut drop"),
    (2, 1, 12, "open cut"),
    _HARDEST,
    (3, 3, 6, "open cook cut"),
    (1, 1, 12, "open cook cut drop"),
    (3, 3, 12, "open cook cut drop"),
    (2, 2, 1, "open cook cut drop"),
    (3, 2, 9, "cook cut"),
    (2, 2, 6, "open cut drop"),
    (3, 3, 9, "drop"),
)


CYCLES: dict[str, tuple[str, ...]] = {
    # Level 30 is a bare corridor, so that the policy has seen one.
    "coin-collector": (*COIN_COLLECTORS, *coin_collectors((105, 148, 30))),
    "treasure-hunter": TREASURE_HUNTERS,
    "cooking": tuple(cooking_spec(*each, split="train") for each in _COOKING),
}
"""Game g of a family has spec g modulo the cycle's length, so more games never change earlier ones."""


@dataclass(frozen=True, slots=True)
class Game:
    """One game to play: its family, its environment's spec and its seed."""

    family: str
    spec: str
    seed: int


def no_player(family: str) -> TrainingFailed:
    """The error for a family that has no player, with the nearest ones that have."""
    return TrainingFailed(
        f"no player for the family {family!r}{did_you_mean(family, CYCLES)} "
        f"There are: {', '.join(CYCLES)}"
    )


def games(family: str, count: int, first_seed: int) -> list[Game]:
    """The first `count` games of a family, seeds first_seed, first_seed + 1, ...

    Raises TrainingFailed for a family that has no player, and for a seed that is not for training.
    """
    if family not in CYCLES:
        raise no_player(family)
    if first_seed < 0 or first_seed + count > FIRST_DEVELOPMENT_SEED:
        raise TrainingFailed(
            f"seeds {first_seed} to {first_seed + count - 1} are not all training seeds; "
            f"use seeds from 0 to {FIRST_DEVELOPMENT_SEED - 1}"
        )
    cycle = CYCLES[family]
    return [Game(family, cycle[n % len(cycle)], first_seed + n) for n in range(count)]
