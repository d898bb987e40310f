"""How many actions the game itself had listed as possible: a measure that the player never sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from envs.base import Description, Info, TextEnv


@dataclass(slots=True)
class Count:
    """Actions so far, and those among the commands listed; `listed` is None where none are listed."""

    actions: int = 0
    listed: int | None = 0


class Counted(TextEnv):
    """An environment that counts and is otherwise the one that it wraps.

    A parser understands more than it lists ('take apple' for 'take apple from table'), so what is
    not listed is not always refused.
    """

    def __init__(self, env: TextEnv, count: Count) -> None:
        self.spec = env.spec
        self._env, self._count = env, count
        self._commands: list[str] | None = None

    def describe(self) -> Description:
        """The wrapped environment's."""
        return self._env.describe()

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, Info]:
        """Reset the wrapped environment."""
        observation, info = self._env.reset(seed=seed, options=options)
        self._commands = info["admissible_commands"]
        return observation, info

    def step(self, action: str) -> tuple[str, float, bool, bool, Info]:  # type: ignore[override]
        """Count the action, then play it."""
        self._count.actions += 1
        if self._commands is None:
            self._count.listed = None
        elif self._count.listed is not None:
            self._count.listed += " ".join(action.lower().split()) in map(str.lower, self._commands)
        answer = self._env.step(action)
        self._commands = answer[4]["admissible_commands"]
        return answer

    def walkthrough(self) -> list[str] | None:
        """The wrapped environment's."""
        return self._env.walkthrough()

    def close(self) -> None:
        """Close the wrapped environment."""
        self._env.close()
