"""Episodes one at a time and many at once, in turns, and the model alone on the same requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.bench.asked import Listening, ask_again
from agent.bench.work import Work
from agent.config import RunConfig
from agent.errors import ModelFailed
from agent.lm.types import LanguageModel
from agent.runner import Run, run_async
from agent.trace import read

Say = Callable[[str], None]


@dataclass(slots=True)
class Arm:
    """Episodes with so many at once: how many, how long they took together, what the model did."""

    episodes: int = 0
    wall_s: float = 0.0
    work: Work = field(default_factory=Work)

    @property
    def episodes_per_hour(self) -> float:
        """At this pace."""
        return 3600 * self.episodes / self.wall_s

    @property
    def step_s(self) -> float:
        """Seconds a step of all the episodes together."""
        return self.wall_s / max(self.work.steps, 1)


@dataclass(slots=True)
class Together:
    """What the rounds measured."""

    one: Arm = field(default_factory=Arm)
    many: Arm = field(default_factory=Arm)
    model_s: float = 0.0
    """What the model alone took for the requests of `many`."""

    @property
    def speedup(self) -> float:
        """Episodes an hour of many at once, over those of one at a time."""
        return self.many.episodes_per_hour / self.one.episodes_per_hour

    @property
    def overhead_share(self) -> float:
        """Share of the wall time of many at once that the model alone does not take."""
        return 1 - self.model_s / self.many.wall_s


async def measure(
    model: LanguageModel, config: RunConfig, *, jobs: int, rounds: int, folder: Path, say: Say
) -> Together:
    """`rounds` times: two episodes one at a time, `jobs` at once, and the model alone.

    In turns, so that what slows the machine down for a while slows all of them. The episodes played
    alone are among those that are played together, so that they are as long. `config` says what an
    episode is; its `max_steps` should be few. Raises ModelFailed where an episode did not end well.
    """
    found = Together()
    say("warming up")
    await _play(model, config, 1, 1, 0, folder / "warm-up", Arm())
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}: one at a time")
        singles = min(2, jobs)
        first = singles * number % jobs
        singles = min(singles, jobs - first)
        await _play(model, config, singles, 1, first, folder / f"one-{number}", found.one)
        say(f"round {number + 1} of {rounds}: {jobs} at once")
        listening = Listening(model)
        await _play(listening, config, jobs, jobs, 0, folder / f"many-{number}", found.many)
        say(f"round {number + 1} of {rounds}: the model alone")
        found.model_s += await ask_again(model, listening.asked)
    return found


async def _play(
    model: LanguageModel,
    config: RunConfig,
    episodes: int,
    jobs: int,
    first: int,
    out: Path,
    arm: Arm,
) -> None:
    asked = config.model_copy(
        update={"episodes": episodes, "jobs": jobs, "seed": config.seed + first, "out": out}
    )
    started = time.perf_counter()
    done = await run_async(asked, model=model)
    arm.wall_s += time.perf_counter() - started
    arm.episodes += episodes
    require_sound(done)
    for trace in sorted((done.path / "traces").iterdir()):
        for event in read(trace):
            arm.work.count(event, model.burst_limit)


def require_sound(done: Run) -> None:
    """Raise what ended a run early: a benchmark of episodes that failed measures nothing."""
    if done.failure is not None:
        raise done.failure
    failed = [row.error for row in done.rows if row.error]
    if failed:
        raise ModelFailed(f"an episode of the benchmark failed: {failed[0]}")
    if done.interrupted:
        raise asyncio.CancelledError


def from_told(told: dict[str, Any]) -> Together:
    """What a record of `asdict` holds."""
    one, many = (
        Arm(arm["episodes"], arm["wall_s"], Work(**arm["work"]))
        for arm in (told["one"], told["many"])
    )
    return Together(one, many, told["model_s"])
