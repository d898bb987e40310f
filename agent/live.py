"""What a person sees while a run goes on: a live line, and the story where it is asked for."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from agent.config import RunConfig
from agent.events import (
    Event,
    NotesWritten,
    Opened,
    Phase,
    Pruned,
    Stepped,
    SummaryFailed,
    Thought,
)
from agent.pace import Pace
from agent.results import EpisodeResult
from memory import printable

PLAIN_WIDTH = 120  # columns of a pipe or a file


def console_for(stream: TextIO) -> Console:
    """A console as wide as its terminal; a pipe or a file gets lines that need no wrapping."""
    console = Console(file=stream, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    return console


def number(value: float | None) -> str:
    """A figure for a person: whole numbers bare, others with two digits, '-' for not measured."""
    if value is None:
        return "-"
    return str(int(value)) if float(value).is_integer() else f"{value:.2f}"


class Live:
    """The live line, a context manager and a watcher: a bar where a person sees both stdout and
    `stream` on a terminal, plain lines elsewhere and under CI.
    """

    def __init__(self, config: RunConfig, stream: TextIO) -> None:
        self.pace = Pace(config.episodes)
        self._jobs = config.jobs
        self.console = console_for(stream)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[live]}", markup=False),
            console=self.console,
            transient=True,
            disable=(
                not self.console.is_terminal
                or not sys.stdout.isatty()  # its rows would be printed into the bar
                or self.console.is_dumb_terminal
                or bool(os.environ.get("CI"))
            ),
        )
        self._task = self._progress.add_task("episodes", total=config.episodes, live="")
        self._word, self._at = "", ""

    def __enter__(self) -> Live:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def watch(self, event: Event) -> None:
        """Keep the live line current; on a plain stream, say what a person would want to read."""
        self.pace.watch(event)
        if isinstance(event, Phase):
            self._word = event.word
            if event.word == "LOADING" and self._progress.disable:
                self._say("loading the model")
            elif event.word == "STOPPING":
                self._say("stopping after this step; Ctrl-C again stops at once")
        elif isinstance(event, Stepped):
            score = number(event.score)
            self._at = f"step {event.step} score {score} window {event.window_tokens}"
        elif isinstance(event, Pruned):
            self._word = "PRUNING"
        elif isinstance(event, NotesWritten):
            self._word = f"NOTED {len(event.operations)}"
        elif isinstance(event, SummaryFailed):
            self._word = "NOTES UNUSABLE"
        self._refresh()

    def row(self, row: EpisodeResult, *, earlier: bool = False) -> None:
        """An episode has ended, or had `earlier`, before its run was resumed."""
        self.pace.row(row, earlier=earlier)
        self._progress.advance(self._task)
        self._refresh()
        if self._progress.disable and not earlier:
            self._say(
                f"episode {row.episode + 1}/{self.pace.episodes} seed {row.seed}: {row.outcome}, "
                f"score {number(row.score)}/{number(row.max_score)}, {row.steps} steps, "
                f"{row.wall_s:.1f} s; {self.pace.ended} ended, {self.pace.line()}"
            )

    def _refresh(self) -> None:
        doing = f"{self._word:<14} {self._at}"
        if self._jobs > 1:  # what one of many is doing is soon out of date
            steps = sorted(self.pace.playing.values())
            span = f" at step {steps[0]}-{steps[-1]}" if steps else ""
            doing = f"{len(steps)} playing{span}"
        self._progress.update(self._task, live=f"{doing} {self.pace.line()}")

    def _say(self, line: str) -> None:
        self.console.print(Text(printable(line)))


class Narrator:
    """A watcher that tells the story of an episode, line by line, each kind with a mark of its own.

    Where `several` are played at once, each line begins with its episode's number.
    """

    def __init__(self, console: Console, *, several: bool = False) -> None:
        self._console, self._several = console, several
        self._whose = ""

    def __call__(self, event: Event) -> None:
        """Tell one event; what passes between tokens is not told."""
        if self._several:
            self._whose = f"{event.episode:>3}"
        if isinstance(event, Opened):
            again = f", again from step {event.step}" if event.step else ""
            self._tell("", f"--- episode {event.episode}, seed {event.seed}{again} ---", "bold")
            self._tell("  | ", event.observation, "")
        elif isinstance(event, Thought):
            self._tell("  ~ ", event.text, "italic cyan")
        elif isinstance(event, Stepped):
            where = f"   [step {event.step}, score {number(event.score)}"
            where += f", window {event.window_tokens}]" if event.window_tokens else "]"
            self._tell("  > ", event.action + where, "bold")
            self._tell("  | ", event.observation, "")
        elif isinstance(event, NotesWritten):
            self._tell("  + ", "\n".join(event.operations), "green")
        elif isinstance(event, SummaryFailed):
            self._tell("  ! ", f"notes not usable: {event.reason}", "yellow")
        elif isinstance(event, Pruned):
            story = f"window {event.kind}: {event.before} -> {event.after} tokens"
            self._tell("  x ", story, "magenta")

    def _tell(self, mark: str, text: str, style: str) -> None:
        for line in printable(text).splitlines():
            if line.strip():
                self._console.print(Text(self._whose + mark + line, style=style))
