"""A game played again from the record, each answer checked against what was said the first time."""

from __future__ import annotations

from collections.abc import Sequence

from agent.errors import ReplayMismatch
from agent.game import Game
from agent.snapshots import Snapshot
from memory import StepRecord


async def replay(
    game: Game, steps: Sequence[StepRecord], kept: Snapshot | None = None
) -> dict[int, bool | None]:
    """Bring the game to where it was after `steps` (from the reset on).

    Returns of each step that was played whether the game had listed its action as possible. What lies
    before a snapshot that fits is not played. Raises ReplayMismatch at the first step that
    comes out otherwise, and EnvError where the environment fails.
    """
    begin = 0
    if kept is not None and _fits(kept, steps):
        game.take(*await game.ask(game.env.restore, kept.content))
        begin = kept.step
    else:
        game.take(*await game.ask(game.env.reset, seed=game.seed))
    _check(game, steps[begin], steps[begin].reward, done=False)
    listed = {}
    for step in steps[begin + 1 :]:
        listed[step.step] = game.lists(step.action or "")
        answer = await game.ask(game.env.step, step.action)
        observation, reward, terminated, truncated, info = answer
        game.take(observation, info)
        game.terminated = bool(terminated)
        done = bool(terminated or truncated or step.step >= game.config.max_steps)
        _check(game, step, float(reward), done=done)
    return listed


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
