"""The table in each format. Everything is a share or a plain number; None is an empty cell."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.evaluate.compare import Comparison
from agent.evaluate.duplicates import Duplicates
from agent.evaluate.figures import Figures
from memory import printable

Format = Literal["table", "csv", "json", "markdown"]

RESULTS = (
    *("arm", "family", "games", "won %", "score %", "steps", "passes/step", "notes/span %"),
    *("unlisted %", "s/game"),
)
THINKING = (
    *("arm", "family", "TPF think", "TPF all", "bits/pass", "agree %", "thoughts", "zlib bits"),
    "repeated %",
)


def results(row: Figures) -> tuple[str, ...]:
    """How a cell's games went, as a person reads it."""
    games = f"{row.attempted}"
    if row.errored or row.unbuilt:
        parts = [(row.errored, "errored"), (row.unbuilt, "unbuilt")]
        games += f" ({', '.join(f'{count} {word}' for count, word in parts if count)})"
    return (
        row.arm,
        row.family,
        games,
        _interval(row.win_rate, row.win_low, row.win_high),
        _interval(row.score, row.score_low, row.score_high),
        _number(row.steps, 1),
        _number(row.passes_per_step, 1),
        _percent(row.notes_over_replaced),
        _percent(row.unlisted, 1),
        _number(row.game_s, 1),
    )


def thinking(row: Figures) -> tuple[str, ...]:
    """How a cell's thoughts were thought, as a person reads it."""
    return (
        row.arm,
        row.family,
        _number(row.think_tpf, 2),
        _number(row.tpf, 2),
        _number(row.think_bits, 1),
        _percent(row.agreement, 2),
        str(row.thoughts),
        _number(row.thought_bits_per_token, 2),
        _percent(row.thoughts_repeated),
    )


COMPARED = (
    *("first - second", "family", "games", "both won", "first only", "second only", "neither"),
    *("wins, points", "score, points"),
)


def compared_cells(row: Comparison) -> tuple[str, ...]:
    """A comparison as a person reads it."""
    counts = (row.games, row.both_won, row.only_first, row.only_second, row.neither)
    return (
        f"{row.first} - {row.second}",
        row.family,
        *map(str, counts),
        _interval(row.win_difference, row.win_low, row.win_high, signed=True),
        _interval(row.score_difference, row.score_low, row.score_high, signed=True),
    )


def tables(
    rows: Sequence[Figures], compared: Sequence[Comparison]
) -> Iterator[tuple[Sequence[str], list[tuple[str, ...]]]]:
    """Headings and rows of each table; arms without a model have no thoughts to tell of."""
    yield RESULTS, [results(row) for row in rows]
    thought = [thinking(row) for row in rows if row.tpf is not None]
    if thought:
        yield THINKING, thought
    if compared:
        yield COMPARED, [compared_cells(row) for row in compared]


def show(rows: Sequence[Figures], compared: Sequence[Comparison], console: Console) -> None:
    """The tables for a terminal, or a pipe that a person reads."""
    # A cell that is cut off tells nothing: where a terminal is narrow, lines wrap.
    wide = Console(file=console.file, width=max(console.width, 150), highlight=False)
    for headings, lines in tables(rows, compared):
        table = Table(box=box.SIMPLE, header_style="bold", padding=(0, 1, 0, 0), pad_edge=False)
        for number, heading in enumerate(headings):
            table.add_column(heading, justify="left" if number < 2 else "right", no_wrap=True)
        for line in lines:
            table.add_row(*(Text(printable(cell)) for cell in line))
        wide.print(table)


def markdown(rows: Sequence[Figures], compared: Sequence[Comparison]) -> str:
    """The tables for a document."""
    return "\n".join(_markdown(*table) for table in tables(rows, compared))


def comma_separated(rows: Sequence[Figures]) -> str:
    """Every figure as CSV, a line a cell; burst lengths as 'length:passes' words."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(Figures.model_fields), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        values = row.model_dump()
        values["burst_lengths"] = " ".join(f"{k}:{n}" for k, n in row.burst_lengths.items())
        writer.writerow(values)
    return out.getvalue()


def as_json(
    rows: Sequence[Figures], compared: Sequence[Comparison], duplicates: Duplicates | None = None
) -> str:
    """Everything as one line of JSON."""
    told: dict[str, object] = {
        "cells": [row.model_dump() for row in rows],
        "compared": [row.model_dump() for row in compared],
    }
    if duplicates is not None:
        told["duplicates"] = duplicates.model_dump()
    return json.dumps(told)


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---"] * 2 + ["---:"] * (len(headings) - 2)
    return "".join(
        f"| {' | '.join(printable(cell).replace('|', '/') for cell in line)} |\n"
        for line in (headings, rule, *rows)
    )


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _percent(value: float | None, digits: int = 0) -> str:
    return _number(None if value is None else 100 * value, digits)


def _interval(
    value: float | None, low: float | None, high: float | None, *, signed: bool = False
) -> str:
    if value is None or low is None or high is None:
        return ""
    if signed:
        return f"{100 * value:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"
    return f"{100 * value:.1f} ({100 * low:.0f}-{100 * high:.0f})"
