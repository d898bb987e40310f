"""From the games on the disk to what is printed: figures, comparisons, files, the last line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.errors import StorageFailed
from agent.evaluate.arms import ARMS
from agent.evaluate.cells import Played
from agent.evaluate.duplicates import Duplicates
from agent.evaluate.figures import CellFigures, figures
from agent.evaluate.leftovers import thoughts_of
from agent.evaluate.table import Format, as_json, markdown, show
from agent.evaluate.wording import wording
from agent.live import console_for
from agent.report.compare import Comparison, compare_arms
from agent.report.figures import by_cell
from agent.report.layout import comma_separated
from agent.report.plots import plot

Games = Sequence[tuple[Path, Played]]


@dataclass(frozen=True, slots=True)
class Report:
    """What the games came to; `thinking` are the arms that differ in how they think and nothing else."""

    rows: list[CellFigures]
    compared: list[Comparison]
    duplicates: Duplicates | None
    thinking: list[str]


def report_of(
    games: Games, pair: tuple[str, str] | None = None, duplicates: Duplicates | None = None
) -> Report:
    """The figures of games, cell by cell. Raises ConfigError for a pair without common games."""
    rows = []
    thinking: dict[str, None] = {}
    for (arm, family), mine in by_cell(games, lambda each: each[1]).items():
        thoughts = [thought for directory, game in mine for thought in _thoughts(directory, game)]
        spent = [game.row.think for _, game in mine if game.row.think is not None]
        words = wording(thoughts, sum(cost.tokens for cost in spent))
        rows.append(figures(arm, family, [game for _, game in mine], words))
        if any(cost.passes for cost in spent) and _of_thinking(arm):
            thinking[arm] = None
    compared = compare_arms([game for _, game in games], *pair) if pair else []
    return Report(rows, compared, duplicates, list(thinking))


def write(report: Report, out: Path, *, plots: bool = True) -> list[Path]:
    """Leave table.csv, table.md, table.json and the plots in `out`. Raises StorageFailed."""
    texts = {
        "table.csv": comma_separated(report.rows),
        "table.md": markdown(report.rows, report.compared),
        "table.json": as_json(report.rows, report.compared, report.duplicates) + "\n",
    }
    for name, text in texts.items():
        try:
            (out / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise StorageFailed(f"cannot write {str(out / name)!r}: {error.strerror}") from error
    return [out / name for name in texts] + (
        plot(report.rows, report.thinking, out) if plots else []
    )


def print_report(report: Report, form: Format) -> None:
    """Print it on stdout. The last line is one of JSON, except of CSV, which is nothing but CSV."""
    last = as_json(report.rows, report.compared, report.duplicates)
    if form == "csv":
        sys.stdout.write(comma_separated(report.rows))
        return
    if form == "table":
        show(report.rows, report.compared, console_for(sys.stdout))
    elif form == "markdown":
        sys.stdout.write(markdown(report.rows, report.compared) + "\n")
    sys.stdout.write(last + "\n")


def _of_thinking(arm: str) -> bool:
    """Whether an arm is about thinking; a person's own arms are taken to be."""
    return set(ARMS.get(arm.partition(":")[0], {"think": {}})) == {"think"}


def _thoughts(directory: Path, game: Played) -> list[str]:
    return thoughts_of(directory) if game.row.think is not None and not game.unbuilt else []
