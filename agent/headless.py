"""A run as `steno run` shows it: progress on stderr, results on stdout."""

from __future__ import annotations

import asyncio
import sys
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from agent.config import RunConfig
from agent.errors import EXIT_EPISODES_ERRORED, EXIT_INTERRUPTED, EXIT_OK
from agent.events import Event, NotesWritten, Passed, Phase, Pruned, Stepped, SummaryFailed
from agent.results import EpisodeResult, Summary, as_json
from agent.runner import Run, run
from memory.render import printable


def run_headless(config: RunConfig, *, as_json: bool) -> int:
    """Play the run, print its results, and return the exit code."""
    try:
        with Live(config, sys.stderr) as live:
            done = run(config, watch=live.watch, on_row=live.row)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write("stopped at once; what was committed is kept\n")
        return EXIT_INTERRUPTED
    if as_json:
        print_json(done)
    else:
        print_table(done, _console(sys.stdout))
    return exit_code_of(done)


def exit_code_of(done: Run) -> int:
    """130 interrupted, 1 some episode errored, 0 otherwise: a lost game is fine."""
    if done.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_EPISODES_ERRORED if done.summary.errored else EXIT_OK


def print_json(done: Run) -> None:
    """One line an episode, then the summary; nothing else."""
    for row in done.rows:
        sys.stdout.write(row.model_dump_json() + "\n")
    sys.stdout.write(as_json(done.summary) + "\n")


def print_table(done: Run, console: Console) -> None:
    """The rows, the summary and where everything lies."""
    table = Table(title=None, header_style="bold")
    columns = (
        "episode",
        "seed",
        "outcome",
        "score",
        "steps",
        "passes",
        "TPF",
        "notes",
        "prunes",
        "s",
    )
    for column in columns:
        table.add_column(column, justify="left" if column == "outcome" else "right")
    for row in done.rows:
        passes = sum(cost.passes for cost in row.costs())
        tokens = sum(cost.tokens for cost in row.costs())
        table.add_row(
            str(row.episode),
            str(row.seed),
            row.outcome,
            f"{_number(row.score)}/{_number(row.max_score)}",
            str(row.steps),
            str(passes) if row.costs() else "-",
            f"{tokens / passes:.2f}" if passes else "-",
            str(row.notes_written),
            f"{row.prunes}" + (f" ({row.evictions} evicted)" if row.evictions else ""),
            f"{row.wall_s:.1f}",
        )
    console.print(table)
    for row in done.rows:
        if row.error:
            console.print(Text(f"episode {row.episode}: {printable(row.error)}"))
    console.print(Text(in_words(done.summary)))
    console.print(Text(f"run directory: {done.path}"))
    console.print(Text(f"memory file:   {done.memory}"))
    if done.interrupted:
        console.print(Text("interrupted: what was done is kept"))


def in_words(summary: Summary) -> str:
    """The summary in two lines."""
    games = f"{summary.attempted} attempted, {summary.scored} scored, {summary.errored} errored"
    line = (
        f"{games}; won {summary.won} (rate {_number(summary.win_rate)}), "
        f"mean score {_number(summary.mean_score)}"
    )
    if summary.passes is None:
        return line
    return line + (
        f"\n{_number(summary.passes_per_step)} passes a step, {_number(summary.tpf)} tokens and "
        f"{_number(summary.bits_per_forward)} bits a pass; {summary.notes_written} notes written, "
        f"{summary.prunes} prunes, {summary.evictions} evictions, {summary.failed_summaries} unusable "
        f"summaries, window at most {summary.window_max} tokens"
    )


def _console(stream: TextIO) -> Console:
    """A console as wide as its terminal; a pipe or a file gets lines that need no wrapping."""
    console = Console(file=stream, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = 120
    return console


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return str(int(value)) if float(value).is_integer() else f"{value:.2f}"


class Live:
    """The live line: a bar on a terminal, plain lines elsewhere. A context manager and a watcher."""

    def __init__(self, config: RunConfig, stream: TextIO) -> None:
        self._config = config
        self._console = _console(stream)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[live]}", markup=False),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task("episodes", total=config.episodes, live="")
        self._word, self._at = "", ""
        self._tokens = self._passes = 0

    def __enter__(self) -> Live:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def watch(self, event: Event) -> None:
        """Keep the live line current; on a plain stream, say what a person would want to read."""
        if isinstance(event, Phase):
            self._word = event.word
            if event.word == "LOADING" and self._progress.disable:
                self._say("loading the model")
        elif isinstance(event, Passed):
            self._tokens += len(event.each.token_ids)
            self._passes += 1
        elif isinstance(event, Stepped):
            score = _number(event.score)
            self._at = f"step {event.step} score {score} window {event.window_tokens}"
        elif isinstance(event, Pruned):
            self._word = "PRUNING"
        elif isinstance(event, NotesWritten):
            self._word = f"NOTED {len(event.operations)}"
        elif isinstance(event, SummaryFailed):
            self._word = "NOTES UNUSABLE"
        tpf = f" TPF {self._tokens / self._passes:.2f}" if self._passes else ""
        self._progress.update(self._task, live=f"{self._word:<14} {self._at}{tpf}")

    def row(self, row: EpisodeResult) -> None:
        """An episode has ended."""
        self._progress.advance(self._task)
        if self._progress.disable:
            self._say(
                f"episode {row.episode + 1}/{self._config.episodes} seed {row.seed}: {row.outcome}, "
                f"score {_number(row.score)}/{_number(row.max_score)}, {row.steps} steps, "
                f"{row.wall_s:.1f} s"
            )

    def _say(self, line: str) -> None:
        self._console.print(Text(printable(line)))
