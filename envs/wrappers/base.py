"""The base of wrappers: an environment that is the one it wraps, but for what a subclass changes."""

from typing import Any

from envs.base import Description, Info, TextEnv


class Wrapper(TextEnv):
    """Passes everything on. `env` is the wrapped environment; closing closes it, too."""

    def __init__(self, env: TextEnv) -> None:
        self.env = env
        self.spec = env.spec
        self.options = env.options
        self.score_never_falls = env.score_never_falls
        self.blocks = env.blocks
        self.observation_space = env.observation_space
        self.action_space = env.action_space

    def describe(self) -> Description:
        """See `TextEnv.describe`."""
        return self.env.describe()

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, Info]:
        """See `TextEnv.reset`."""
        return self.env.reset(seed=seed, options=options)

    def step(  # type: ignore[override]
        self, action: str
    ) -> tuple[str, float, bool, bool, Info]:
        """See `TextEnv.step`."""
        return self.env.step(action)

    def walkthrough(self) -> list[str] | None:
        """See `TextEnv.walkthrough`."""
        return self.env.walkthrough()

    def snapshot(self) -> bytes | None:
        """See `TextEnv.snapshot`."""
        return self.env.snapshot()

    def restore(self, snapshot: bytes) -> tuple[str, Info]:
        """See `TextEnv.restore`."""
        return self.env.restore(snapshot)

    def close(self) -> None:
        """See `TextEnv.close`."""
        self.env.close()
