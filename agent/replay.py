"""A game played again from the record, each answer checked against what was said the first time."""

from __future__ import annotations

from collections.abc import Sequence

from agent.errors import ReplayMismatch
from agent.game import Game
from agent.snapshots import Snapshot
from envs.errors import EnvError
from memory import StepRecord


async def replay(
    game: Game, steps: Sequence[StepRecord], kept: Snapshot | None = None
) -> dict[int, bool | None]:
    """Bring the game to where it was after `steps` (from the reset on).

    Returns of each step that was played whether the game had listed its action as possible. What lies
    before a snapshot that fits is not played; where the environment does not take it, the game is played
    from its seed. Raises ReplayMismatch at the first step that comes out otherwise, and EnvError where
    the environment fails.
    """
    begin = await _restored(game, steps, kept)
    if begin is None:
        await game.begin()
        _check(game, steps[0], steps[0].reward, done=False)
        begin = 0
    listed = {}
    for step in steps[begin + 1 :]:
        played = await game.play(step.step, step.action or "")
        listed[step.step] = played.listed
        _check(game, step, played.reward, done=played.done)
    return listed


async def _restored(game: Game, steps: Sequence[StepRecord], kept: Snapshot | None) -> int | None:
    """The step at which the game stands by its snapshot, None where that is of no use."""
    if kept is None or not _fits(kept, steps):
        return None
    step = steps[kept.step]
    try:
        await game.go_on_from(kept.content)
        _check(game, step, step.reward, done=False)
    except (EnvError, ReplayMismatch):
        return None  # it is a short cut and no more
    return kept.step


def _fits(kept: Snapshot, steps: Sequence[StepRecord]) -> bool:
    """Whether a snapshot was taken after one of these steps, and not after the end."""
    return (
        0 <= kept.step < len(steps)
        and not steps[kept.step].done
        and steps[kept.step].observation_sha256 == kept.digest
    )


def _check(game: Game, step: StepRecord, reward: float | None, *, done: bool) -> None:
    assert game.info is not None
    answers = {
        "observation": (game.digest, step.observation_sha256),
        "reward": (reward, step.reward),
        "score": (game.info["score"], step.score),
        "end": (done, step.done),
    }
    for what, (now, then) in answers.items():
        if now != then:
            raise ReplayMismatch(
                f"step {step.step} of episode {game.index} ({game.config.env}, seed {game.seed}) "
                f"played again gives another {what} than the one on record ({now} instead of {then}): "
                "the environment has changed since; use the versions that versions.json names"
            )
