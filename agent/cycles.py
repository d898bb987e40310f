"""What cycles of TextWorld's games are made of, in training and in evaluation.

Levels stand in mixed orders, so that the first few games of a cycle are not all easy ones.
"""

from __future__ import annotations

from collections.abc import Iterable


def coin_collectors(levels: Iterable[int]) -> tuple[str, ...]:
    """The spec of a coin-collector for each level."""
    return tuple(f"textworld/coin-collector?level={level}" for level in levels)


def cooking_spec(recipe: int, take: int, go: int, flags: str, split: str) -> str:
    """The spec of a cooking game; `flags` names the options that are on, separated by spaces.

    `split` says which foods there are: those of train, valid or test.
    """
    on = "".join(f"&{flag}=1" for flag in flags.split())
    return f"textworld/cooking?recipe={recipe}&take={take}&go={go}{on}&split={split}"


COIN_COLLECTORS = coin_collectors((110, 150, 125, 140, 115, 145, 130, 120, 135))
"""Corridors with dead ends. Levels up to 100 are bare ones."""
_TREASURE_LEVELS = (11, 20, 5, 15, 8, 18, 2, 13, 10, 17, 4, 19, 7, 12, 16, 1, 9, 14, 3, 6)
TREASURE_HUNTERS = tuple(f"textworld/treasure-hunter?level={n}" for n in _TREASURE_LEVELS)
"""Every level from 1 to 20."""
