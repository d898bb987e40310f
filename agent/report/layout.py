"""Figures as words, tables for a terminal and a document, and CSV. None is an empty cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pydantic import BaseModel
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from memory import printable
from memory.output import Format, render

_NAME_AT_LEAST = 10  # columns


def decimal(value: float | None, digits: int) -> str:
    """A number with so many digits after its point."""
    return "" if value is None else f"{value:.{digits}f}"


def percent(value: float | None, digits: int = 0) -> str:
    """A share as a number out of a hundred."""
    return decimal(None if value is None else 100 * value, digits)


def interval(
    value: float | None, low: float | None, high: float | None, *, signed: bool = False
) -> str:
    """A share and its bounds out of a hundred; with signs for a difference."""
    hundredths = (None if share is None else 100 * share for share in (value, low, high))
    return plain_interval(*hundredths, signed=signed, digits=0)


def plain_interval(
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    signed: bool = False,
    digits: int = 1,
) -> str:
    """A number and its bounds, these with so many digits; a difference has signs, and one digit."""
    if value is None or low is None or high is None:
        return ""
    if signed:
        return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"
    return f"{value:.1f} ({low:.{digits}f}{'-' if low >= 0 else ' to '}{high:.{digits}f})"


def count(value: int | None) -> str:
    """A whole number in six columns at most: 31415, 314.2k, 31.4M."""
    if value is None:
        return ""
    if value < 100_000:
        return str(value)
    return f"{value / 1e3:.1f}k" if value < 999_950 else f"{value / 1e6:.1f}M"


def duration(seconds: float | None) -> str:
    """A length of time: 12.3 s, 4m05s, 2h03m."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02}m"


class Listing(NamedTuple):
    """A table whose lines belong to groups; its first column holds names."""

    headings: tuple[str, ...]
    lines: Sequence[tuple[str, tuple[str, ...]]]
    """The group of each line, and its cells."""


def without_empty(listing: Listing, *headings: str) -> Listing:
    """The table less those of its columns under these headings that are empty in every line."""
    kept = [
        number
        for number, heading in enumerate(listing.headings)
        if heading not in headings or any(cells[number] for _, cells in listing.lines)
    ]
    return Listing(
        tuple(listing.headings[number] for number in kept),
        [(group, tuple(cells[number] for number in kept)) for group, cells in listing.lines],
    )


def show(listing: Listing, console: Console) -> None:
    """Print a table, each group under its name. No cell is cut off.

    It is as wide as the console if that can be had by folding names; beyond that its lines wrap.
    """
    cells = [[printable(cell) for cell in line] for _, line in listing.lines]
    widths = [max(map(cell_len, column)) for column in zip(listing.headings, *cells, strict=True)]
    others = sum(widths[1:]) + len(widths[1:])
    widths[0] = min(widths[0], max(console.width - others, _NAME_AT_LEAST))
    wide = Console(file=console.file, width=max(console.width, widths[0] + others), highlight=False)
    wide.print(_grid(widths, [[Text(heading, "bold") for heading in listing.headings]]))
    groups: dict[str, list[list[Text]]] = {}
    for (group, _), line in zip(listing.lines, cells, strict=True):
        groups.setdefault(group, []).append([Text(cell) for cell in line])
    for group, lines in groups.items():
        wide.print(Text(printable(group), "italic"))
        wide.print(_grid(widths, lines))


def _grid(widths: Sequence[int], lines: Sequence[Sequence[Text]]) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    for number, width in enumerate(widths):
        if number == 0:
            grid.add_column(width=width, overflow="fold")
        else:
            grid.add_column(width=width, justify="right", no_wrap=True)
    for line in lines:
        grid.add_row(*line)
    return grid


def markdown(listing: Listing, group: str) -> str:
    """A table for a document; `group` is the heading of the groups' column, the second one."""
    name, *others = listing.headings
    rule = ["---"] * 2 + ["---:"] * len(others)
    lines = [(cells[0], family, *cells[1:]) for family, cells in listing.lines]
    return "".join(
        f"| {' | '.join(printable(cell).replace('|', '/') for cell in line)} |\n"
        for line in ((name, group, *others), rule, *lines)
    )


def comma_separated(rows: Iterable[BaseModel]) -> str:
    """Rows of one model as CSV, every figure as it is; text that a spreadsheet would run is quoted."""
    return render([row.model_dump() for row in rows], Format("csv")) + "\n"
