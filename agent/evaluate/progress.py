"""What is seen while a grid is played, on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TextIO

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from agent.evaluate.cells import Played
from agent.live import console_for, number
from memory import printable


class GridProgress:
    """Wins so far and the time left. A context manager."""

    def __init__(self, total: int, stream: TextIO) -> None:
        self._total = total
        self._console = console_for(stream)
        self._bar = Progress(
            TextColumn("games"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[live]}", markup=False),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal or self._console.is_dumb_terminal,
        )
        self._task = self._bar.add_task("games", total=total, live="")
        self._done = self._now = self._won = self._counted = self._before = 0
        self._started = time.monotonic()

    def __enter__(self) -> GridProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def say(self, line: str) -> None:
        """Say a line above the bar."""
        self._console.print(Text(printable(line)))

    def game(self, played: Played, now: bool) -> None:
        """A game is done; `now` says that it was played just now, and not by an earlier command."""
        if not self._now and now:
            # Loading the model is no game, and neither is what a game took before it was gone on with.
            self._started = max(self._started, time.monotonic() - played.row.wall_s)
            if self._before:
                self.say(f"{self._before} of {self._total} games were played before")
        self._done += 1
        self._now, self._before = self._now + now, self._before + (not now)
        self._counted += not played.unbuilt
        self._won += played.row.outcome == "won"
        live = f"won {self._won} of {self._counted}"
        if now:
            # Games found on the disk say nothing of the pace.
            pace_s = (time.monotonic() - self._started) / self._now
            live += f"; {time_left(pace_s * (self._total - self._done))} left"
        self._bar.update(self._task, advance=1, live=live)
        if now and self._bar.disable:
            self.say(f"{self._line(played)}; {live}")

    def _line(self, played: Played) -> str:
        row = played.row
        outcome = "does not build" if played.unbuilt else row.outcome
        error = f" ({row.error})" if row.error and not played.unbuilt else ""
        return (
            f"{self._done}/{self._total} {played.arm} {played.family} {played.seed}: "
            f"{outcome}{error}, score {number(row.score)}/{number(row.max_score)}, {row.steps} steps, "
            f"{row.wall_s:.1f} s"
        )


def time_left(seconds: float) -> str:
    """A length of time as a person says it, no finer than it is known."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"
