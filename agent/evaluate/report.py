"""From the games on the disk to what is printed: figures, comparisons, files, the last line."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.errors import StorageFailed
from agent.evaluate.cells import Played, found_below, recorded_settings, unfinished_below
from agent.evaluate.duplicates import Duplicates, kept
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
# Of the settings of a game: what belongs to the game, and how it is thought.
_ITS_OWN = {"env", "seed", "out", "think"}


@dataclass(frozen=True, slots=True)
class Report:
    """What the games came to; `thinking` are the arms that differ in how they think and nothing else."""

    rows: list[CellFigures]
    compared: list[Comparison]
    duplicates: Duplicates | None
    thinking: list[str]


def report_of(
    games: Games,
    *,
    pair: tuple[str, str] | None = None,
    duplicates: Duplicates | None = None,
    unfinished: Mapping[tuple[str, str], int] | None = None,
) -> Report:
    """The figures of games, cell by cell; `unfinished` counts others by arm and family.

    Raises ConfigError for a pair without common games, RunDirectoryError for a damaged directory.
    """
    rows = []
    waiting = unfinished or {}
    for (arm, family), mine in by_cell(games, lambda each: each[1]).items():
        thoughts = [thought for directory, game in mine for thought in _thoughts(directory, game)]
        spent = [game.row.think for _, game in mine if game.row.think is not None]
        words = wording(thoughts, sum(cost.tokens for cost in spent))
        left = waiting.get((arm, family), 0)
        rows.append(figures(arm, family, [game for _, game in mine], words, left))
    compared = compare_arms([game for _, game in games], *pair) if pair else []
    return Report(rows, compared, duplicates, _of_thinking(games))


def from_directory(out: Path, pair: tuple[str, str] | None = None) -> Report:
    """The figures of all that lies in a grid's directory. Raises what `report_of` does."""
    duplicates = kept(out)
    gone = duplicates.gone() if duplicates else set()
    found = found_below(out)
    games = [each for each in found if (each[1].spec, each[1].seed) not in gone]
    unfinished = unfinished_below(out, found)
    return report_of(games, pair=pair, duplicates=duplicates, unfinished=unfinished)


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
    """Print it on stdout. The last line is one of JSON, except of CSV, which is nothing but CSV.

    What the figures leave out is said on stderr.
    """
    if unfinished := sum(row.unfinished for row in report.rows):
        sys.stderr.write(
            f"warning: {unfinished} games have not ended and are in no figure; games that end first "
            "tend to be won, so these figures say little yet\n"
        )
    last = as_json(report.rows, report.compared, report.duplicates)
    if form == "csv":
        sys.stdout.write(comma_separated(report.rows))
        return
    if form == "table":
        show(report.rows, report.compared, console_for(sys.stdout))
    elif form == "markdown":
        sys.stdout.write(markdown(report.rows, report.compared) + "\n")
    sys.stdout.write(last + "\n")


def _of_thinking(games: Games) -> list[str]:
    """Arms that thought, and differ in how and in nothing else: the most that there are of such."""
    others: dict[str, str] = {}
    for directory, game in games:
        thought = game.row.think is not None and game.row.think.passes > 0
        if thought and game.arm not in others and game.donor is None:
            settings = recorded_settings(directory)
            rest = {key: value for key, value in settings.items() if key not in _ITS_OWN}
            others[game.arm] = json.dumps(rest, sort_keys=True)
    commonest = Counter(others.values()).most_common(1)
    return [arm for arm, rest in others.items() if rest == commonest[0][0]]


def _thoughts(directory: Path, game: Played) -> list[str]:
    return thoughts_of(directory) if game.row.think is not None and not game.unbuilt else []
