"""A record of what was played: a file of JSON lines, one a reset and one a step."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

from envs.base import Info, TextEnv
from envs.errors import EnvFailed, EnvUnavailable
from envs.wrappers.base import Wrapper

T = TypeVar("T")


class Record(Wrapper):
    """Writes each reset and each step to `path`, a line at a time, so that a crash cuts no line.

    Lines are objects: `{"e": "reset", "spec", "seed", "observation", "info"}` and `{"e": "step",
    "action", "observation", "reward", "terminated", "truncated", "info", "ms"}`; what failed has an
    `error` instead of an answer. A file that is there is added to. Raises `EnvUnavailable` where it
    cannot be written.
    """

    def __init__(self, env: TextEnv, path: Path) -> None:
        super().__init__(env)
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[str] = path.open("a", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise self._refused(error) from error

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, Info]:
        """See `TextEnv.reset`."""
        event = {"e": "reset", "spec": self.spec, "seed": seed}
        return self._kept(event, lambda: self.env.reset(seed=seed, options=options))

    def restore(self, snapshot: bytes) -> tuple[str, Info]:
        """See `TextEnv.restore`; the line is that of a reset without seed."""
        event = {"e": "restore", "spec": self.spec}
        return self._kept(event, lambda: self.env.restore(snapshot))

    def step(  # type: ignore[override]
        self, action: str
    ) -> tuple[str, float, bool, bool, Info]:
        """See `TextEnv.step`."""
        return self._kept({"e": "step", "action": action}, lambda: self.env.step(action))

    def close(self) -> None:
        """Close the file, then the environment."""
        self._file.close()
        self.env.close()

    def _kept(self, event: dict[str, Any], ask: Callable[[], T]) -> T:
        begun = time.perf_counter()
        try:
            answer: Any = ask()
        except Exception as error:
            self._write({**event, "error": f"{type(error).__name__}: {error}"})
            raise
        if len(answer) == 2:
            told = dict(zip(("observation", "info"), answer, strict=True))
        else:
            names = ("observation", "reward", "terminated", "truncated", "info")
            told = dict(zip(names, answer, strict=True))
        told["ms"] = round(1000 * (time.perf_counter() - begun), 3)
        self._write({**event, **told})
        kept: T = answer
        return kept

    def _write(self, event: dict[str, Any]) -> None:
        if self._file.closed:
            raise EnvFailed(f"the record of {self.spec} is closed: make another")
        try:
            self._file.write(json.dumps(event) + "\n")
            self._file.flush()
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> EnvUnavailable:
        return EnvUnavailable(
            f"cannot keep a record of {self.spec} in {str(self._path)!r}: "
            f"{error.strerror or error}; name a file that can be written"
        )
