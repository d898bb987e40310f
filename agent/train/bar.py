"""The progress of commands that make data, on stderr: a bar on a terminal, a few lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_LINES = 10
"""Of a whole count, where there is no terminal."""


class Tell(Protocol):
    """Told that so many more are done; `text` then stands for what the bar was called."""

    def __call__(self, more: int, text: str | None = None) -> None: ...


@contextmanager
def counted(what: str, total: int) -> Iterator[Tell]:
    """Count up to `total`, with the time that it took and that is left."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    done = 0
    with bar:
        task = bar.add_task(what, total=total)

        def tell(more: int, text: str | None = None) -> None:
            nonlocal done
            before, done = done, done + more
            bar.update(task, completed=done, description=text or what)
            if bar.disable and _LINES * before // total < _LINES * done // total:
                console.print(f"{text or what}: {done} of {total}", highlight=False, markup=False)

        yield tell
