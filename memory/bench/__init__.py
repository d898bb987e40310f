"""``steno bench memory``: durable writes a second, recall latency, and writers that are killed."""

from __future__ import annotations

import json
import platform
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import typer


def run(folder: Path | None, *, kills: int, largest: int) -> dict[str, Any]:
    """Measure, print a line for each figure, and end in one line of JSON, which is returned.

    Files of 10^3, 10^5 and ``largest`` notes are built in ``folder`` and removed.
    """
    # Here, since some of these are programs of their own too, which import this package.
    from memory.bench import finding, killing, writing

    with tempfile.TemporaryDirectory(dir=folder) as place:
        typer.echo(
            f"SQLite {sqlite3.sqlite_version}, Python {platform.python_version()}, "
            f"{platform.machine()}; files in {place}"
        )
        figures: dict[str, Any] = {**writing.measure(Path(place), typer.echo)}
        figures |= killing.measure(Path(place), typer.echo, kills)
        sizes = [size for size in (1_000, 100_000) if size < largest] + [largest]
        figures |= finding.measure(Path(place), typer.echo, sizes)
    typer.echo(json.dumps(figures))
    return figures
