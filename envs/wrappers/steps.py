"""A limit of steps: after so many actions the game is truncated."""

import json
from typing import Any

from envs.base import Info, TextEnv
from envs.errors import EnvFailed, SpecError
from envs.wrappers.base import Wrapper


class StepLimit(Wrapper):
    """Ends a game after `steps` actions, as truncated, unless that action ended it anyway.

    A snapshot counts the steps before it. Raises `SpecError` for a limit under 1.
    """

    def __init__(self, env: TextEnv, steps: int) -> None:
        if steps < 1:
            raise SpecError(f"a limit of {steps} steps for {env.spec}: it must be 1 or more")
        super().__init__(env)
        self._limit = steps
        self._done = 0

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, Info]:
        """Start a game, and the count."""
        answer = self.env.reset(seed=seed, options=options)
        self._done = 0
        return answer

    def step(  # type: ignore[override]
        self, action: str
    ) -> tuple[str, float, bool, bool, Info]:
        """Play an action. Raises `EnvFailed` past the limit."""
        if self._done >= self._limit:
            raise EnvFailed(
                f"the game of {self.spec} has ended after {self._limit} steps: "
                "reset it before the next step"
            )
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._done += 1
        if self._done >= self._limit and not terminated:
            truncated = True
        if truncated and info["admissible_commands"] is not None:
            info["admissible_commands"] = []
        return observation, reward, terminated, truncated, info

    def snapshot(self) -> bytes | None:
        """The wrapped environment's, after the count."""
        inner = self.env.snapshot()
        return None if inner is None else json.dumps({"steps": self._done}).encode() + b"\n" + inner

    def restore(self, snapshot: bytes) -> tuple[str, Info]:
        """Go on with the count, too. Raises `EnvFailed` for what was not taken under a limit."""
        head, _, inner = snapshot.partition(b"\n")
        try:
            done = int(json.loads(head)["steps"])
        except (ValueError, KeyError, TypeError) as error:
            raise EnvFailed(
                f"these bytes are no snapshot of {self.spec} under a limit of steps"
            ) from error
        answer = self.env.restore(inner)
        self._done = done
        return answer
