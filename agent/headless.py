"""A run as `steno run` shows it: progress on stderr, results on stdout."""

from __future__ import annotations

import asyncio
import sys

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.config import RunConfig
from agent.errors import EXIT_EPISODES_ERRORED, EXIT_INTERRUPTED, EXIT_OK, EXIT_UNAVAILABLE
from agent.events import Event, nobody
from agent.live import Live, Narrator, console_for, number
from agent.results import EpisodeResult, Summary, summary_json
from agent.runner import Run, run
from memory.render import printable


def run_headless(config: RunConfig, *, as_json: bool, show: bool = False) -> int:
    """Play the run, print its results, and return the exit code; `show` narrates on stderr."""
    console = console_for(sys.stdout)

    try:
        with Live(config, sys.stderr) as live:
            narrate = Narrator(live.console) if show else nobody

            def watch(event: Event) -> None:
                narrate(event)
                live.watch(event)

            def on_row(row: EpisodeResult) -> None:
                live.row(row)
                if as_json:
                    sys.stdout.write(row.model_dump_json() + "\n")
                    sys.stdout.flush()

            done = run(config, watch=watch, on_row=on_row)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write("stopped at once; what was committed is kept\n")
        return EXIT_INTERRUPTED
    if as_json:
        sys.stdout.write(summary_json(done.summary) + "\n")
    else:
        print_table(done, console)
    if done.failure is not None:
        raise done.failure
    return exit_code_of(done)


def exit_code_of(done: Run) -> int:
    """130 interrupted, 3 no game could be had, 1 some episode errored, else 0: losing is fine."""
    if done.interrupted:
        return EXIT_INTERRUPTED
    if done.rows and all((row.error or "").startswith("EnvUnavailable") for row in done.rows):
        return EXIT_UNAVAILABLE
    return EXIT_EPISODES_ERRORED if done.summary.errored else EXIT_OK


def print_table(done: Run, console: Console) -> None:
    """The rows, the summary and where everything lies."""
    table = Table(box=box.SIMPLE, header_style="bold", padding=(0, 1, 0, 0), pad_edge=False)
    columns = ("#", "seed", "outcome", "score", "steps", "passes", "TPF", "notes", "prunes", "s")
    for column in columns:
        table.add_column(column, justify="left" if column == "outcome" else "right", no_wrap=True)
    for row in done.rows:
        passes = sum(cost.passes for cost in row.costs())
        tokens = sum(cost.tokens for cost in row.costs())
        table.add_row(
            str(row.episode),
            str(row.seed),
            row.outcome,
            f"{number(row.score)}/{number(row.max_score)}",
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
        f"{games}; won {summary.won} (rate {number(summary.win_rate)}), "
        f"mean score {number(summary.mean_score)}"
    )
    if summary.passes is None:
        return line
    return line + (
        f"\n{number(summary.passes_per_step)} passes a step, {number(summary.tpf)} tokens and "
        f"{number(summary.bits_per_forward)} bits a pass; {summary.notes_written} notes written, "
        f"{summary.prunes} prunes, {summary.evictions} evictions, {summary.failed_summaries} unusable "
        f"summaries, window at most {summary.window_max} tokens"
    )
