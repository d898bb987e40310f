"""One episode from reset to end, by the model's loop or by a baseline player."""

from __future__ import annotations

import time
from contextlib import nullcontext, suppress
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from agent import nodes
from agent.errors import EXPECTED, Interrupted, StorageFailed
from agent.events import Phase
from agent.loop import SUPERSTEPS_PER_STEP, build_loop
from agent.players import Player, RandomPlayer, WalkthroughPlayer
from agent.record import EpisodeRecord
from agent.results import EpisodeResult, Outcome, episode_costs
from agent.state import EpisodeContext, State
from envs.base import Info
from memory import MemoryFileError, NewSpan


async def play_episode(
    episode: EpisodeRecord, checkpointer: BaseCheckpointSaver[Any] | None = None
) -> EpisodeResult:
    """Play to the end and return its row. An error of model or environment is a row too.

    An EpisodeContext is played by its model, a plain EpisodeRecord by the baseline that the config
    names. Raises Interrupted where a stop was asked for: the episode is then unfinished, not errored.
    """
    started = time.perf_counter()
    error: str | None = None
    try:
        episode.trace.episode(
            uid=episode.uid,
            env=episode.config.env,
            seed=episode.seed,
            agent=episode.config.agent,
            budget=episode.config.window.budget,
        )
        await episode.reset()
        if isinstance(episode, EpisodeContext):
            await _by_model(episode, checkpointer)
        else:
            await _by_player(episode)
        outcome = outcome_of(episode.info, terminated=episode.terminated)
    except Interrupted:
        raise
    except EXPECTED as failure:
        outcome, error = "error", f"{type(failure).__name__}: {failure}"
    finally:
        if isinstance(episode, EpisodeContext):
            episode.model.forget(episode.uid)
    row = make_row(episode, outcome, error, time.perf_counter() - started)
    # A disk that refused the episode may refuse its end too: the row is worth more than its record.
    with suppress(StorageFailed, MemoryFileError) if error else nullcontext():
        await _close(episode, row)
    return row


async def _by_model(episode: EpisodeContext, checkpointer: BaseCheckpointSaver[Any] | None) -> None:
    """One invocation of the graph for the whole episode."""
    await nodes.rebuild(episode, 0)
    start: State = {
        "step": 1,
        "reason": None,
        "failures": 0,
        "asked": False,
        "action": "",
        "done": False,
    }
    await build_loop(checkpointer).ainvoke(
        start,
        {
            "configurable": {"thread_id": episode.uid},
            "recursion_limit": SUPERSTEPS_PER_STEP * (episode.config.max_steps + 1),
        },
        context=episode,
        durability="sync" if checkpointer else None,
    )
    if checkpointer:
        await checkpointer.adelete_thread(episode.uid)  # a finished episode has no place in a step


async def _by_player(episode: EpisodeRecord) -> None:
    """A baseline: it has no window, no thoughts and no notes; its steps are recorded alike."""
    player: Player = (
        WalkthroughPlayer(episode.env)
        if episode.config.agent == "walkthrough"
        else RandomPlayer(episode.config.seed, episode.index)
    )
    done = False
    while not done:
        assert episode.info is not None
        action, number = player.choose(episode.info), episode.steps_done + 1
        episode.span(NewSpan(number, "action", 0, action))
        done = await episode.step(number, action)


def outcome_of(info: Info | None, *, terminated: bool) -> Outcome:
    """How an episode without error ended; 'ended' is a game that is over and says no more."""
    if info and info["won"]:
        return "won"
    if info and info["lost"]:
        return "lost"
    return "ended" if terminated else "truncated"


def make_row(
    episode: EpisodeRecord, outcome: Outcome, error: str | None, wall_s: float
) -> EpisodeResult:
    """The results row of an episode, whatever became of it."""
    tally, info = episode.tally, episode.info
    by_model = episode.config.agent == "model"
    costs = episode_costs(tally) if by_model else {}
    return EpisodeResult(
        episode=episode.index,
        uid=episode.uid,
        env=episode.config.env,
        seed=episode.seed,
        agent=episode.config.agent,
        outcome=outcome,
        error=error,
        score=info["score"] if info else None,
        max_score=info["max_score"] if info else None,
        steps=episode.steps_done,
        notes_written=tally.notes_written,
        summaries=tally.summaries,
        failed_summaries=tally.failed_summaries,
        prunes=tally.prunes,
        evictions=tally.evictions,
        clipped_observations=tally.clipped_observations,
        window_max=tally.window_max if by_model else None,
        wall_s=round(wall_s, 3),
        **costs,
    )


async def _close(episode: EpisodeRecord, row: EpisodeResult) -> None:
    """Record the end in the trace and the memory file."""
    episode.trace.end(outcome=row.outcome, score=row.score, steps=row.steps, error=row.error)
    await episode.memory.call(
        lambda memory: memory.finish_episode(
            row.uid, outcome=row.outcome, score=row.score, error=row.error
        )
    )
    episode.watch(Phase(episode.index, "ERROR" if row.outcome == "error" else "DONE"))
