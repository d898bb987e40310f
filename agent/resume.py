"""An unfinished episode is taken up after its last committed step, as if nothing had happened.

The memory file's steps say what happened; the trace, cut back to the last of them, holds the window and
what it cost. The environment is restored from a snapshot where it offers them, and played again from its
seed otherwise (or from the snapshot on), each answer checked against the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent import snapshots
from agent.errors import ReplayMismatch
from agent.events import Opened
from agent.lm.types import Burst
from agent.record import EpisodeRecord
from agent.replay import replay
from agent.state import EpisodeContext
from agent.trace import read, windows
from memory import Note, StepRecord


async def take_up(episode: EpisodeRecord, steps: Sequence[StepRecord]) -> None:
    """Put an episode, whose trace is cut back, to where `steps` (all of its committed ones) left it.

    Raises ReplayMismatch where the environment answers otherwise than it did or the trace is not the
    memory file's, EnvError where it fails, RunDirectoryError for a trace that cannot be read.
    """
    last = steps[-1]
    for event in read(episode.trace.path):
        episode.tally.count(event)
    episode.earlier_ms = episode.tally.wall_ms
    await replay(episode, steps, snapshots.latest(episode.snapshot_at))
    episode.circles.see(step.observation_sha256 for step in steps)
    episode.steps_done, episode.done, episode.resumed = last.step, last.done, True
    if isinstance(episode, EpisodeContext):
        await _restore_window(episode)
        if episode.recipe() != last.window:
            raise ReplayMismatch(
                f"the trace of episode {episode.index} gives another window after step {last.step} than "
                f"the memory file ({episode.recipe()} instead of {last.window}): one of them was changed"
            )
        episode.redone = last.step + 1
    assert episode.info is not None
    score, most = episode.info["score"], episode.info["max_score"]
    episode.watch(Opened(episode.index, episode.seed, episode.observation, last.step, score, most))
    if isinstance(episode, EpisodeContext):
        episode.tell_window(last.step)


async def _restore_window(ctx: EpisodeContext) -> None:
    """The window as the trace tells it, and the notes behind the numbers in its head."""
    shown: list[tuple[str, int]] = []
    for event, window in windows(ctx.trace.path, ctx.config.window.budget):
        ctx.window = window
        if event["e"] == "segment":
            ctx.next_segment = event["i"] + 1
        elif event["e"] == "notes":
            shown = event["shown"]
        elif event.get("what") == "burst":  # as a person wanted it stays as they wanted it
            ctx.burst = Burst(event["k"], event["confidence"])
    scope = ctx.scope.as_it_is()
    notes: list[Note] = []
    for uid, version in shown:
        note = await ctx.memory.call(lambda memory, uid=uid: memory.note(scope, uid))  # type: ignore[misc]
        # An operation names the version that the window shows, whatever became of the note since.
        notes.append(replace(note, version=version))
    ctx.notes_shown = tuple(notes)
