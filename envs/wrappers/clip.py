"""Observations of bounded length."""

from typing import Any

from envs.base import Info, TextEnv
from envs.errors import SpecError
from envs.wrappers.base import Wrapper

MARK = "\n[...]\n"
_LEAST = 3 * len(MARK)


class ClipObservation(Wrapper):
    """Cuts observations that are longer than `chars` in the middle, and marks where.

    What a game says first (where you are) and last (what is asked) is kept: two thirds of the room
    are for the beginning. Raises `SpecError` for a limit under 21 characters.
    """

    def __init__(self, env: TextEnv, chars: int) -> None:
        if chars < _LEAST:
            raise SpecError(
                f"clipping {env.spec} to {chars} characters: it must be {_LEAST} or more"
            )
        super().__init__(env)
        self._chars = chars

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, Info]:
        """See `TextEnv.reset`."""
        return self._clipped(*self.env.reset(seed=seed, options=options))

    def restore(self, snapshot: bytes) -> tuple[str, Info]:
        """See `TextEnv.restore`."""
        return self._clipped(*self.env.restore(snapshot))

    def step(  # type: ignore[override]
        self, action: str
    ) -> tuple[str, float, bool, bool, Info]:
        """See `TextEnv.step`."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        observation, info = self._clipped(observation, info)
        return observation, reward, terminated, truncated, info

    def _clipped(self, observation: str, info: Info) -> tuple[str, Info]:
        info["feedback"] = clip(info["feedback"], self._chars)
        return clip(observation, self._chars), info


def clip(text: str, chars: int) -> str:
    """A text of at most `chars` characters (21 or more): its middle gives way to a mark."""
    if len(text) <= chars:
        return text
    room = chars - len(MARK)
    last = room // 3
    return text[: room - last] + MARK + text[len(text) - last :]
