"""A game as its player's side sees it: an environment, asked off the loop, and what it says now."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from agent import answers
from agent.blocking import in_thread
from agent.config import RunConfig
from envs.base import Info, TextEnv
from envs.errors import EnvFailed, failure
from envs.workers import WorkerEnv

_CLOSE_S = 5.0


class Played(NamedTuple):
    """What came of an action."""

    reward: float
    done: bool
    """Whether the episode is over: the game is, or its last step was made."""
    listed: bool | None
    """Whether the game had listed the action as possible; None where it lists none."""


@dataclass(slots=True, kw_only=True)
class Game:
    """The game of episode `index`, which plays `seed`."""

    config: RunConfig
    index: int
    seed: int
    env: TextEnv
    observation: str = ""
    info: Info | None = None
    terminated: bool = False
    """Whether the game itself has ended."""

    async def ask(self, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call the environment off the loop; whatever a stranger's code raises is an EnvError."""
        deadlines = self.config.deadlines
        limit_s = deadlines.step_s if verb == self.env.step else deadlines.reset_s
        try:
            # One in a worker keeps its deadlines itself: here it may have to wait its turn.
            async with asyncio.timeout(
                None if isinstance(self.env, WorkerEnv) else limit_s
            ) as timer:
                return await in_thread(verb, *args, **kwargs)
        except Exception as error:
            if timer.expired():
                raise EnvFailed(
                    f"{self.env.spec} did not answer a {verb.__name__} within {limit_s:g} s"
                ) from error
            raise failure(self.env.spec, error) from error

    async def close(self) -> None:
        """Let go of the environment; what its `close` raises, or how long it takes, is no result."""
        with suppress(Exception):
            async with asyncio.timeout(_CLOSE_S):
                await in_thread(self.env.close)

    async def begin(self) -> None:
        """Reset the environment to the game's seed. Raises EnvError."""
        self._take(
            *answers.beginning(self.env.spec, await self.ask(self.env.reset, seed=self.seed))
        )

    async def go_on_from(self, snapshot: bytes) -> None:
        """Restore a snapshot of the game instead. Raises EnvError."""
        said = await self.ask(self.env.restore, snapshot)
        self._take(*answers.beginning(self.env.spec, said))

    async def play(self, number: int, action: str) -> Played:
        """Play the action of step `number`. Raises EnvError."""
        listed = self._lists(action)
        turn = answers.turn(self.env.spec, await self.ask(self.env.step, action))
        self._take(turn.observation, turn.info)
        self.terminated = turn.terminated
        done = turn.terminated or turn.truncated or number >= self.config.max_steps
        return Played(turn.reward, done, listed)

    async def snapshot(self) -> bytes | None:
        """The game as bytes, None where the environment has no such form. Raises EnvError."""
        return answers.snapshot(self.env.spec, await self.ask(self.env.snapshot))

    async def walkthrough(self) -> list[str] | None:
        """The environment's own solution, for a baseline; None where it has none."""
        said = await self.ask(self.env.walkthrough)
        return answers.commands(self.env.spec, "a walkthrough", said)

    @property
    def digest(self) -> str:
        """The observation's hash, as a step's row holds it."""
        return hashlib.sha256(self.observation.encode()).hexdigest()

    def _lists(self, action: str) -> bool | None:
        """Whether the game lists an action as possible now; None where it lists none.

        A parser understands more than it lists ('take apple' for 'take apple from table').
        """
        listed = self.info["admissible_commands"] if self.info else None
        if listed is None:
            return None
        return " ".join(action.lower().split()) in {command.lower() for command in listed}

    def _take(self, observation: str, info: Info) -> None:
        self.observation, self.info = observation, info
