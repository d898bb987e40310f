"""What the episodes of one arm in one family come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from pydantic import BaseModel

from agent.report.episode import Episode
from agent.results import Summary, summarise

T = TypeVar("T")


class _Cell(BaseModel):
    arm: str
    family: str


class Figures(Summary, _Cell):
    """One row of the table: a summary, and of what. Its fields are in the order of a table's columns."""


def figures(arm: str, family: str, episodes: Sequence[Episode]) -> Figures:
    """The figures of a cell's episodes."""
    told = summarise([episode.row for episode in episodes])
    return Figures(arm=arm, family=family, **told.model_dump())


def by_cell(
    items: Iterable[T], episode_of: Callable[[T], Episode]
) -> dict[tuple[str, str], list[T]]:
    """Items by the (arm, family) of their episode, in the order in which these first occur."""
    cells: dict[tuple[str, str], list[T]] = {}
    for item in items:
        episode = episode_of(item)
        cells.setdefault((episode.arm, episode.family), []).append(item)
    return cells
