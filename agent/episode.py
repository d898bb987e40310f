"""One episode from reset to end, by the model's loop or by a baseline player."""

from __future__ import annotations

from contextlib import nullcontext, suppress

from agent import nodes
from agent.errors import EXPECTED, HALTING, Interrupted
from agent.events import Phase
from agent.game import Game
from agent.loop import SUPERSTEPS_PER_STEP, Loop
from agent.players import Player, RandomPlayer, WalkthroughPlayer
from agent.record import EpisodeRecord
from agent.results import EpisodeResult, Outcome, episode_costs
from agent.state import EpisodeContext, State
from agent.tally import Tally
from envs.base import Info
from envs.errors import EnvError, name_of
from memory import MemoryFileError, NewSpan, storable
from memory.text import one_line

ERROR_MAX_CHARS = 2000


async def play_episode(episode: EpisodeRecord, loop: Loop) -> EpisodeResult:
    """Play to the end and return its row. An error of model or environment is a row too.

    An EpisodeContext is played by its model in `loop`, a plain EpisodeRecord by the baseline that the
    config names. Raises Interrupted where a stop was asked for, and what is HALTING where the machine
    refuses: the episode is then unfinished, not errored, and can be resumed.
    """
    error: str | None = None
    try:
        if not episode.resumed:
            episode.trace.episode(
                uid=episode.uid,
                env=episode.config.env,
                seed=episode.seed,
                agent=episode.config.agent,
                budget=episode.config.window.budget,
                vocabulary=(
                    episode.model.vocabulary.identity
                    if isinstance(episode, EpisodeContext)
                    else None
                ),
            )
            await episode.reset()
            if isinstance(episode, EpisodeContext):
                # Before the commit: step 1, made again after a crash, must not recall its own notes.
                await nodes.rebuild(episode, 0)
            await episode.commit_reset()
        if isinstance(episode, EpisodeContext):
            await _by_model(episode, loop)
        else:
            await _by_player(episode)
        outcome = outcome_of(episode.info, terminated=episode.terminated)
    except Interrupted:
        raise
    except HALTING:
        raise
    except EXPECTED as failure:
        outcome, error = "error", _told(failure)
    finally:
        if isinstance(episode, EpisodeContext):
            episode.model.forget(episode.uid)
    row = make_row(
        episode,
        episode.tally,
        uid=episode.uid,
        steps=episode.steps_done,
        outcome=outcome,
        error=error,
        wall_s=episode.elapsed_ms / 1000,
    )
    # A memory file that failed the episode may refuse its end too: the row is worth more.
    with suppress(MemoryFileError) if error else nullcontext():
        await _close(episode, row)
    return row


def _told(failure: Exception) -> str:
    """An error as a row holds it: what a stranger's exception says may be no Unicode, or a megabyte."""
    name = name_of(failure) if isinstance(failure, EnvError) else type(failure).__name__
    text = one_line(storable(f"{name}: {failure}"))
    return text if len(text) <= ERROR_MAX_CHARS else f"{text[:ERROR_MAX_CHARS]} ..."


async def _by_model(episode: EpisodeContext, loop: Loop) -> None:
    """One invocation of the graph for the whole episode, or for what is left of it."""
    start: State = {
        "step": episode.steps_done + 1,
        "reason": None,
        "failures": 0,
        "asked": False,
        "action": "",
        "done": episode.done,
    }
    await loop.ainvoke(
        start,
        {
            "recursion_limit": SUPERSTEPS_PER_STEP * (episode.config.max_steps + 1),
        },
        context=episode,
    )


async def _by_player(episode: EpisodeRecord) -> None:
    """A baseline: it has no window, no thoughts and no notes; its steps are recorded alike."""
    player: Player = (
        WalkthroughPlayer(episode.env.spec, await episode.walkthrough())
        if episode.config.agent == "walkthrough"
        else RandomPlayer(episode.config.seed, episode.index, episode.env.describe().examples)
    )
    while not episode.done:
        assert episode.info is not None
        number = episode.steps_done + 1
        action = player.choose(number, episode.info)
        episode.span(NewSpan(number, "action", 0, action))
        await episode.step(number, action)


def outcome_of(info: Info | None, *, terminated: bool) -> Outcome:
    """How an episode without error ended; 'ended' is a game that is over and says no more."""
    if info and info["won"]:
        return "won"
    if info and info["lost"]:
        return "lost"
    return "ended" if terminated else "truncated"


def make_row(
    game: Game,
    tally: Tally,
    *,
    uid: str,
    steps: int,
    outcome: Outcome,
    error: str | None,
    wall_s: float,
) -> EpisodeResult:
    """The results row of an episode, whatever became of it."""
    info, by_model = game.info, game.config.agent == "model"
    costs = episode_costs(tally) if by_model else {}
    return EpisodeResult(
        episode=game.index,
        uid=uid,
        env=game.config.env,
        seed=game.seed,
        agent=game.config.agent,
        outcome=outcome,
        error=error,
        score=info["score"] if info else None,
        max_score=info["max_score"] if info else None,
        steps=steps,
        listed=tally.listed,
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
