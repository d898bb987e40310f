"""What every episode has, whoever plays: an environment, and the places where each step is recorded."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from agent.blocking import in_thread
from agent.config import RunConfig
from agent.errors import Interrupted
from agent.events import Opened, Stepped, Watcher, nobody
from agent.memory_thread import MemoryThread
from agent.tally import Tally
from agent.trace import Trace
from envs.base import Info, TextEnv
from envs.errors import EnvError, EnvFailed
from memory import Bank, NewSpan, Scope, StepRecord, storable


@dataclass(slots=True, kw_only=True)
class EpisodeRecord:
    """One episode of a run, and how far it has come."""

    config: RunConfig
    run: str
    uid: str
    index: int
    seed: int
    env: TextEnv
    memory: MemoryThread
    scope: Scope
    trace: Trace
    watch: Watcher = nobody
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by a person who wants the run to stop after the step that is being made."""
    tally: Tally = field(default_factory=Tally)
    changeable_banks: frozenset[Bank] = frozenset()
    """The banks of the scope whose notes the model may change: not those that ask for approval."""
    observation: str = ""
    info: Info | None = None
    steps_done: int = 0
    terminated: bool = False
    """Whether the game itself has ended."""
    spans: list[NewSpan] = field(default_factory=list)
    """Spans of the step being made, not yet committed."""

    def close(self) -> None:
        """Close trace and environment; what a stranger's `close` raises is nobody's result."""
        self.trace.close()
        with suppress(Exception):
            self.env.close()

    def recipe(self) -> str:
        """The window's recipe; a player without a window has none."""
        return ""

    def window_tokens(self) -> int:
        """Tokens in the window; 0 without one."""
        return 0

    def span(self, span: NewSpan) -> str:
        """Keep a span for the step's commit; returns its uid."""
        self.spans.append(replace(span, text=storable(span.text)))
        return span.uid(self.uid)

    async def reset(self) -> None:
        """Open the episode in the memory file, reset the environment to its seed, commit step 0."""
        config = self.config
        await self.memory.call(
            lambda memory: memory.start_episode(
                uid=self.uid,
                run=self.run,
                index=self.index,
                env=config.env,
                seed=self.seed,
                agent=config.agent,
                bank=self.scope.write,
            )
        )
        self._take(*await self._ask(self.env.reset, seed=self.seed))
        await self._commit(0, None, None, done=False)
        self.watch(Opened(self.index, self.seed, self.observation))

    async def step(self, number: int, action: str) -> bool:
        """Play an action and commit the step. True where the episode is over.

        Raises EnvFailed from the environment, and Interrupted where a stop was asked for.
        """
        observation, reward, terminated, truncated, info = await self._ask(self.env.step, action)
        if not math.isfinite(reward):
            raise EnvFailed(
                f"{self.env.spec} gave a reward of {reward}; it must be a finite number"
            )
        self._take(observation, info)
        self.terminated = bool(terminated)
        done = terminated or truncated or number >= self.config.max_steps
        await self._commit(number, action, float(reward), done=done)
        self.steps_done = number
        self.watch(
            Stepped(
                self.index,
                number,
                action,
                self.observation,
                info["score"],
                self.window_tokens(),
            )
        )
        if self.stop.is_set() and not done:
            raise Interrupted(f"stopped by request after step {number} of episode {self.index}")
        return done

    async def _ask(self, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call the environment off the loop; whatever a stranger's code raises is an EnvFailed."""
        try:
            return await in_thread(verb, *args, **kwargs)
        except EnvError:
            raise
        except Exception as error:
            raise EnvFailed(f"{self.env.spec} raised {type(error).__name__}: {error}") from error

    def _take(self, observation: Any, info: Info) -> None:
        """What the environment says now. Raises EnvFailed for what is no text and no score."""
        if not isinstance(observation, str):
            raise EnvFailed(
                f"{self.env.spec} gave an observation of type {type(observation).__name__}; "
                "it must be text"
            )
        score = info["score"]
        if score is not None and not math.isfinite(score):
            raise EnvFailed(f"{self.env.spec} gave a score of {score}; it must be finite or None")
        self.observation, self.info = storable(observation), info

    async def _commit(
        self, number: int, action: str | None, reward: float | None, *, done: bool
    ) -> None:
        """The commit point: the trace is on disk before the row that points into it."""
        assert self.info is not None
        digest = hashlib.sha256(self.observation.encode()).hexdigest()
        score = self.info["score"]
        self.span(NewSpan(number, "observation", 0, self.observation))
        offset = self.trace.step(
            n=number, action=action, observation=digest, reward=reward, score=score, done=done
        )
        record = StepRecord(number, action, digest, reward, score, done, self.recipe(), offset)
        spans = tuple(self.spans)
        await self.memory.call(lambda memory: memory.commit_step(self.uid, record, spans))
        self.spans.clear()
