"""A game as its player's side sees it: an environment, asked off the loop, and what it says now."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.blocking import in_thread
from agent.config import RunConfig
from envs.base import Info, TextEnv
from envs.errors import EnvError, EnvFailed
from envs.workers import WorkerEnv
from memory import storable


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
        """Call the environment off the loop; whatever a stranger's code raises is an EnvFailed."""
        deadlines = self.config.deadlines
        limit_s = deadlines.step_s if verb == self.env.step else deadlines.reset_s
        try:
            # One in a worker keeps its deadlines itself: here it may have to wait its turn.
            async with asyncio.timeout(
                None if isinstance(self.env, WorkerEnv) else limit_s
            ) as timer:
                return await in_thread(verb, *args, **kwargs)
        except EnvError:
            raise
        except Exception as error:
            if timer.expired():
                raise EnvFailed(
                    f"{self.env.spec} did not answer a {verb.__name__} within {limit_s:g} s"
                ) from error
            raise EnvFailed(f"{self.env.spec} raised {type(error).__name__}: {error}") from error

    def lists(self, action: str) -> bool | None:
        """Whether the game lists an action as possible now; None where it lists none.

        A parser understands more than it lists ('take apple' for 'take apple from table').
        """
        listed = self.info["admissible_commands"] if self.info else None
        if listed is None:
            return None
        return " ".join(action.lower().split()) in {command.lower() for command in listed}

    @property
    def digest(self) -> str:
        """The observation's hash, as a step's row holds it."""
        return hashlib.sha256(self.observation.encode()).hexdigest()

    def take(self, observation: Any, info: Info) -> None:
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
