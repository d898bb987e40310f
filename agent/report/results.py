"""The whole of `steno results`: runs are read, their arms named, and what they came to is told."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel
from rich.console import Console
from rich.text import Text

from agent.errors import EXIT_OK, ConfigError, RunDirectoryError
from agent.files import cannot_write, write_atomically
from agent.live import console_for
from agent.report import table
from agent.report.arms import Arm, name_arms
from agent.report.compare import Comparison, compare_arms
from agent.report.episode import Episode
from agent.report.figures import Figures, by_cell, figures
from agent.report.layout import comma_separated, show
from agent.report.notes import RULE, arms_in_words, notes_on
from agent.report.parquet import require_pyarrow, write_parquet
from agent.report.rows import EpisodeRow, flat
from agent.report.runs import RecordedRun, read_runs
from agent.report.specs import in_one_way
from memory import printable

Format = Literal["table", "csv", "json", "parquet"]
_SUFFIXES: dict[str, Format] = {".csv": "csv", ".json": "json", ".parquet": "parquet"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person asked for."""

    runs: tuple[Path, ...]
    form: Format | None = None
    """None: what the name of `out` ends in, else a table."""
    out: Path | None = None
    compare: tuple[str, str] | None = None
    """Two arms."""
    paired: bool = False
    """Compare two runs, whatever their arms."""
    episodes: bool = False
    """A line an episode."""
    plots: Path | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What runs came to."""

    runs: list[tuple[RecordedRun, Arm]]
    episodes: list[tuple[RecordedRun, Episode]]
    cells: list[Figures]
    compared: list[Comparison]

    @property
    def notes(self) -> list[str]:
        """What a reader of the figures must know."""
        return notes_on([run for run, _ in self.runs], self.episodes)


def results(wanted: Wanted) -> int:
    """Read runs and tell what they came to; returns the exit code.

    Raises RunDirectoryError for runs that are missing, damaged or without an episode that has ended,
    ConfigError for wishes that contradict each other or arms that are not there, StorageFailed.
    """
    form = _form(wanted)
    told = tell(wanted)
    written = _plots(told, wanted.plots) if wanted.plots else []
    if form == "parquet":
        assert wanted.out is not None
        model, rows = _rows(told, wanted)
        write_parquet(wanted.out, model, rows)
    elif wanted.out is not None:
        text = io.StringIO()
        _print(told, wanted, form, console_for(text))
        write_atomically(wanted.out, text.getvalue().encode("utf-8", "backslashreplace"))
    else:
        _print(told, wanted, form, console_for(sys.stdout))
    if form != "table":
        # The output is a program's to read: a person reads these.
        errors = console_for(sys.stderr)
        for note in told.notes:
            errors.print(Text(printable(note)))
    if wanted.out is not None:
        written = [wanted.out, *written]
    if written:
        sys.stderr.write(f"written: {printable(', '.join(map(str, written)))}\n")
    return EXIT_OK


def tell(wanted: Wanted) -> Told:
    """Read the runs and add them up. Raises what `results` raises."""
    runs = read_runs(wanted.runs)
    ended = [run for run in runs if run.rows]
    if not ended:
        named = ", ".join(repr(str(path)) for path in wanted.runs)
        left = sum(run.episodes for run in runs)
        raise RunDirectoryError(
            f"no episode of {named} has ended yet ({left} begun or to come): wait, or go on with "
            "`steno resume`"
        )
    named_arms = list(zip(ended, name_arms(ended), strict=True))
    sides = _sides(wanted, named_arms) if wanted.paired else {}
    specs = in_one_way({run.env for run in ended})
    episodes = [
        (
            run,
            Episode(
                arm=sides.get(run.named, arm.name),
                family=run.family or run.env.partition("?")[0],
                spec=specs[run.env],
                seed=row.seed,
                row=row,
            ),
        )
        for run, arm in named_arms
        for row in sorted(run.rows, key=lambda row: row.episode)
    ]
    told = [episode for _, episode in episodes]
    cells = by_cell(told, lambda episode: episode)
    families = list(dict.fromkeys(family for _, family in cells))
    ordered = sorted(cells, key=lambda cell: families.index(cell[1]))
    pair = tuple(sides.values()) if wanted.paired else wanted.compare
    # Runs that have not ended anything are told of, too.
    idle = [(run, Arm("", {})) for run in runs if not run.rows]
    return Told(
        [*named_arms, *idle],
        episodes,
        [figures(arm, family, cells[arm, family]) for arm, family in ordered],
        compare_arms(told, *pair) if pair else [],
    )


def _form(wanted: Wanted) -> Format:
    """The format. Raises ConfigError for wishes that contradict each other."""
    suffix = wanted.out.suffix if wanted.out else ""
    form = wanted.form or _SUFFIXES.get(suffix, "table")
    if wanted.paired and wanted.compare:
        raise ConfigError("--paired and --compare: give one of them")
    if form in {"csv", "parquet"} and wanted.episodes and (wanted.paired or wanted.compare):
        raise ConfigError(
            f"--format {form} holds one table: give --episodes or a comparison, not both"
        )
    if form == "parquet":
        if wanted.out is None:
            raise ConfigError("--format parquet needs --out FILE: it is no text")
        require_pyarrow()
    if wanted.out is not None and not wanted.out.parent.is_dir():
        raise ConfigError(
            f"--out {str(wanted.out)!r}: there is no folder {str(wanted.out.parent)!r}"
        )
    return form


def _sides(wanted: Wanted, runs: Sequence[tuple[RecordedRun, Arm]]) -> dict[Path, str]:
    """What the two sides of --paired are called, by the directory that was named."""
    if len(wanted.runs) != 2:
        raise ConfigError(f"--paired compares two runs: {len(wanted.runs)} were given")
    for side in wanted.runs:
        arms = dict.fromkeys(arm.name for run, arm in runs if run.named == side)
        if len(arms) > 1:
            raise ConfigError(
                f"--paired compares one arm with one, and {str(side)!r} has {', '.join(arms)}: use "
                "--compare"
            )
        if not arms:
            raise RunDirectoryError(
                f"no episode of {str(side)!r} has ended yet: nothing to compare"
            )
    one, two = wanted.runs
    if one.name and one.name != two.name:
        return {one: one.name, two: two.name}
    return {one: str(one), two: str(two)}


def _rows(told: Told, wanted: Wanted) -> tuple[type[BaseModel], Sequence[BaseModel]]:
    """The one table of a format that holds one."""
    if wanted.episodes:
        return EpisodeRow, [flat(episode, run.path) for run, episode in told.episodes]
    if told.compared:
        return Comparison, told.compared
    return Figures, told.cells


def _print(told: Told, wanted: Wanted, form: Format, console: Console) -> None:
    if form == "csv":
        console.file.write(comma_separated(_rows(told, wanted)[1]))
    elif form == "json":
        console.file.write(_json(told, wanted) + "\n")
    else:
        _tables(told, wanted, console)


def _tables(told: Told, wanted: Wanted, console: Console) -> None:
    listings = [table.outcomes(told.cells)]
    if any(row.passes is not None for row in told.cells):
        listings.append(table.costs(told.cells))
    if wanted.episodes:
        listings.append(table.episodes(episode for _, episode in told.episodes))
    listings += table.compared(told.compared)
    for listing in listings:
        show(listing, console)
        console.print()
    for line in (*arms_in_words(told.runs), RULE, *told.notes):
        console.print(Text(printable(line)))


def _json(told: Told, wanted: Wanted) -> str:
    arms = {arm.name: arm for run, arm in told.runs if run.rows}
    content: dict[str, object] = {
        "cells": [row.model_dump() for row in told.cells],
        "compared": [row.model_dump() for row in told.compared],
        "arms": [
            {"arm": arm.name, "identity": arm.identity, "settings": arm.settings}
            for arm in arms.values()
        ],
        "runs": [
            {
                "run": str(run.path),
                "arm": arm.name if run.rows else None,
                "episodes": run.episodes,
                "ended": len(run.rows),
            }
            for run, arm in told.runs
        ],
        "notes": told.notes,
    }
    if wanted.episodes:
        content["episodes"] = [flat(each, run.path).model_dump() for run, each in told.episodes]
    return json.dumps(content)


def _plots(told: Told, folder: Path) -> list[Path]:
    from agent.report.plots import plot

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    thinking = dict.fromkeys(row.arm for row in told.cells if row.think_tpf is not None)
    return plot(told.cells, list(thinking), folder)
