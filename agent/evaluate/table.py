"""A grid's tables in each format. Everything is a share or a plain number; None is an empty cell."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Literal

from rich.console import Console

from agent.evaluate.duplicates import Duplicates
from agent.evaluate.figures import CellFigures
from agent.report import layout
from agent.report.compare import Comparison
from agent.report.layout import Listing, decimal, interval, percent, without_empty
from agent.report.table import POINTS, points
from agent.report.table import compared as compared_listings

Format = Literal["table", "csv", "json", "markdown"]

RESULTS = (
    *("arm", "games", "won %", *POINTS, "steps", "passes/step", "notes/span %"),
    *("unlisted %", "s/game"),
)
THINKING = (
    *("arm", "TPF think", "TPF all", "bits/pass", "agree %", "thoughts", "zlib bits"),
    "repeated %",
)


def results(row: CellFigures) -> tuple[str, ...]:
    """How a cell's games went, as a person reads it."""
    games = f"{row.attempted}"
    parts = [(row.errored, "errored"), (row.unbuilt, "unbuilt"), (row.unfinished, "not ended")]
    if any(count for count, _ in parts):
        games += f" ({', '.join(f'{count} {word}' for count, word in parts if count)})"
    return (
        row.arm,
        games,
        interval(row.win_rate, row.win_low, row.win_high),
        *points(row),
        decimal(row.steps, 1),
        decimal(row.passes_per_step, 1),
        percent(row.notes_over_replaced),
        percent(row.unlisted, 1),
        decimal(row.episode_s, 1),
    )


def thinking(row: CellFigures) -> tuple[str, ...]:
    """How a cell's thoughts were thought, as a person reads it."""
    return (
        row.arm,
        decimal(row.think_tpf, 2),
        decimal(row.tpf, 2),
        decimal(row.think_bits_per_forward, 1),
        percent(row.agreement, 2),
        str(row.thoughts),
        decimal(row.thought_bits_per_token, 2),
        percent(row.thoughts_repeated),
    )


def tables(rows: Sequence[CellFigures], compared: Sequence[Comparison]) -> Iterator[Listing]:
    """Each table; arms without a model have no thoughts to tell of."""
    yield without_empty(Listing(RESULTS, [(row.family, results(row)) for row in rows]), *POINTS)
    thought = [(row.family, thinking(row)) for row in rows if row.tpf is not None]
    if thought:
        yield Listing(THINKING, thought)
    yield from compared_listings(compared)


def show(rows: Sequence[CellFigures], compared: Sequence[Comparison], console: Console) -> None:
    """The tables for a terminal, or a pipe that a person reads."""
    for listing in tables(rows, compared):
        layout.show(listing, console)
        console.print()


def markdown(rows: Sequence[CellFigures], compared: Sequence[Comparison]) -> str:
    """The tables for a document."""
    return "\n".join(layout.markdown(listing, "family") for listing in tables(rows, compared))


def as_json(
    rows: Sequence[CellFigures],
    compared: Sequence[Comparison],
    duplicates: Duplicates | None = None,
) -> str:
    """Everything as one line of JSON."""
    told: dict[str, object] = {
        "cells": [row.model_dump() for row in rows],
        "compared": [row.model_dump() for row in compared],
    }
    if duplicates is not None:
        told["duplicates"] = duplicates.model_dump()
    return json.dumps(told)
