"""A run as `steno run` shows it: progress on stderr, results on stdout."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Protocol

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.config import RunConfig
from agent.errors import EXIT_EPISODES_ERRORED, EXIT_INTERRUPTED, EXIT_OK, EXIT_UNAVAILABLE
from agent.events import Event, Watcher, nobody
from agent.live import Live, Narrator, console_for, number
from agent.ours import ours_alone
from agent.playing import OnRow
from agent.report.layout import interval, plain_interval
from agent.report.notes import RULE
from agent.report.table import EPISODES, episode_cells
from agent.results import EpisodeResult, Summary, summary_json
from agent.rundir import RunDirectory
from agent.runner import Run, resume, run
from agent.verify import Verification, Verified, verify
from envs.errors import EnvUnavailable
from memory.render import printable


class Play(Protocol):
    """Begins or resumes a run."""

    def __call__(self, *, watch: Watcher, on_row: OnRow) -> Run:
        """The run, with what it tells on the way."""
        ...


def run_headless(config: RunConfig, *, as_json: bool, show: bool = False) -> int:
    """Play the run, print its results, and return the exit code; `show` narrates on stderr."""
    return _play(config, partial(run, config), [], as_json=as_json, show=show)


def resume_headless(path: Path, *, jobs: int | None, as_json: bool, show: bool = False) -> int:
    """The same for a run that was cut off: what it prints is of all of its episodes."""
    directory, config = RunDirectory.reopen(path)
    with closing(directory):
        earlier = directory.rows()
    if jobs is not None:
        config = config.model_copy(update={"jobs": jobs})
    return _play(config, partial(resume, path, jobs=jobs), earlier, as_json=as_json, show=show)


def verify_headless(path: Path, *, with_model: bool, jobs: int, as_json: bool) -> int:
    """Verify a run, print what was found, and return the exit code: 0 where all is as recorded."""
    errors, console = console_for(sys.stderr), console_for(sys.stdout)

    def on_episode(each: Verified) -> None:
        if each.problem:
            errors.print(Text(f"episode {each.episode}: {printable(each.problem)}"))

    with ours_alone():
        found = verify(path, with_model=with_model, jobs=jobs, on_episode=on_episode)
    console.print(Text(found.as_json() if as_json else found_in_words(found)))
    return EXIT_OK if found.sound else EXIT_EPISODES_ERRORED


def found_in_words(found: Verification) -> str:
    """What a verification found, in a line or two."""
    steps = sum(each.steps for each in found.episodes)
    line = (
        f"{len(found.episodes)} episodes of {steps} steps played again: "
        f"{len(found.problems) or 'none'} otherwise than on record"
    )
    if found.unfinished:
        line += f"; {found.unfinished} not finished, `steno resume` goes on with them"
    if found.model is None:
        return line
    differing, compared = len(found.model.differences), found.model.compared
    share = 100 * differing / compared if compared else 0.0
    line += (
        f"\n{compared} generations of {found.model.tokens} tokens computed again: {differing} differ "
        f"({share:.2f}%), in {len({each.episode for each in found.model.differences})} episodes"
    )
    if found.model.differences:
        first = min(found.model.differences, key=lambda each: (each.episode, each.step))
        line += (
            f"; the first at episode {first.episode}, step {first.step}, {first.purpose}, "
            f"token {first.position}"
        )
        line += "" if found.exact else " (at this precision near-ties may fall either way)"
    return line


def _play(
    config: RunConfig, play: Play, earlier: Sequence[EpisodeResult], *, as_json: bool, show: bool
) -> int:
    console = console_for(sys.stdout)
    try:
        with Live(config, sys.stderr) as live, ours_alone() as out:

            def tell(row: EpisodeResult) -> None:
                if as_json:
                    out.write(row.model_dump_json() + "\n")
                    out.flush()

            narrate = Narrator(live.console, several=config.jobs > 1) if show else nobody

            def watch(event: Event) -> None:
                narrate(event)
                live.watch(event)

            def on_row(row: EpisodeResult) -> None:
                live.row(row)
                tell(row)

            for row in earlier:
                live.row(row, earlier=True)
                tell(row)
            done = play(watch=watch, on_row=on_row)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write(
            "stopped at once; what was committed is kept, and `steno resume` goes on from there\n"
        )
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
    if done.rows and all(_unavailable(row) for row in done.rows):
        return EXIT_UNAVAILABLE
    errored = any(row.outcome == "error" for row in done.rows)
    return EXIT_EPISODES_ERRORED if errored else EXIT_OK


def _unavailable(row: EpisodeResult) -> bool:
    return row.unbuilt or (row.error or "").startswith(f"{EnvUnavailable.__name__}: ")


def print_table(done: Run, console: Console) -> None:
    """The rows, the summary and where everything lies."""
    table = Table(box=box.SIMPLE, header_style="bold", padding=(0, 1, 0, 0), pad_edge=False)
    for column in EPISODES:
        table.add_column(column, justify="left" if column == "outcome" else "right", no_wrap=True)
    for row in sorted(done.rows, key=lambda row: row.episode):
        table.add_row(*episode_cells(row))
    console.print(table)
    for row in sorted(done.rows, key=lambda row: row.episode):
        if row.error:
            console.print(Text(f"episode {row.episode}: {printable(row.error)}"))
    console.print(Text(in_words(done.summary)))
    console.print(Text(f"run directory: {done.path}"))
    console.print(Text(f"memory file:   {done.memory}"))
    if done.interrupted:
        console.print(Text(f"interrupted: `steno resume {done.path}` goes on from here"))


def in_words(summary: Summary) -> str:
    """The summary in a few lines."""
    line = f"{summary.attempted} attempted, {summary.scored} scored, {summary.errored} errored"
    if summary.unbuilt:
        line += f", {summary.unbuilt} could not be built"
    line += f"; won {summary.won}"
    if summary.win_rate is not None:
        line += f", {interval(summary.win_rate, summary.win_low, summary.win_high)} %"
    if summary.mean_score is not None:
        line += f"; score {interval(summary.mean_score, summary.score_low, summary.score_high)} %"
    if summary.points_per_100 is not None:
        points = summary.points_per_100, summary.points_per_100_low, summary.points_per_100_high
        line += f"; {plain_interval(*points)} points in 100 steps"
    if summary.errored:
        line += f"\n{RULE}"
    if summary.passes is None:
        return line
    return line + (
        f"\n{number(summary.passes_per_step)} passes a step, {number(summary.tpf)} tokens and "
        f"{number(summary.bits_per_forward)} bits a pass; {summary.notes_written} notes written, "
        f"{summary.prunes} prunes, {summary.evictions} evictions, {summary.failed_summaries} unusable "
        f"summaries, window at most {summary.window_max} tokens"
    )
