"""What the games of one arm in one family come to, their notes and the words of their thoughts too."""

from __future__ import annotations

from collections.abc import Sequence

from agent.evaluate.cells import Played
from agent.evaluate.wording import Wording
from agent.report.figures import Figures
from agent.report.figures import figures as figures_of


class CellFigures(Figures):
    """One row of a grid's table. None: not measured."""

    notes_over_replaced: float | None
    """Tokens written as notes, for each token of the spans whose place they took."""
    thoughts: int
    thought_bits_per_token: float | None
    """zlib-compressed bits of the thoughts, for each of their tokens."""
    thoughts_repeated: float | None
    unfinished: int
    """Games of the cell that have not ended, and are in no figure."""


def figures(
    arm: str,
    family: str,
    games: Sequence[Played],
    words: Wording | None = None,
    unfinished: int = 0,
) -> CellFigures:
    """The figures of a cell's games; `words` are their thoughts' where they were read."""
    told = figures_of(arm, family, games)
    replaced = sum(game.replaced for game in games if not game.unbuilt)
    return CellFigures(
        **told.model_dump(),
        notes_over_replaced=(told.noted_tokens or 0) / replaced if replaced else None,
        thoughts=words.thoughts if words else 0,
        thought_bits_per_token=words.bits_per_token if words else None,
        thoughts_repeated=words.repeated if words else None,
        unfinished=unfinished,
    )
