"""A limit of time: an environment that hangs becomes an error."""

import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from envs.base import Info, TextEnv
from envs.errors import EnvFailed
from envs.workers import Limits
from envs.wrappers.base import Wrapper

T = TypeVar("T")


class TimeLimit(Wrapper):
    """Gives up on a call that takes longer than its limit, and on the environment with it.

    The calls are made on a thread, which cannot be ended: it stays behind until the call returns,
    and the environment is closed then. An environment that hangs in a library which holds Python's
    lock can only be ended with its process (`OwnProcess`).
    """

    def __init__(self, env: TextEnv, limits: Limits) -> None:
        """Limits are in seconds; that of a reset is for everything that is no step, too."""
        super().__init__(env)
        self._limits = limits
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._gone: str | None = None
        # A daemon: what hangs must not keep the interpreter from ending.
        threading.Thread(target=_serve, args=(env, self._calls), daemon=True).start()

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, Info]:
        """See `TextEnv.reset`. Raises `EnvFailed` past the limit."""
        return self._ask("reset", lambda: self.env.reset(seed=seed, options=options))

    def step(  # type: ignore[override]
        self, action: str
    ) -> tuple[str, float, bool, bool, Info]:
        """See `TextEnv.step`. Raises `EnvFailed` past the limit."""
        return self._ask("step", lambda: self.env.step(action))

    def walkthrough(self) -> list[str] | None:
        """See `TextEnv.walkthrough`. Raises `EnvFailed` past the limit."""
        return self._ask("walkthrough", self.env.walkthrough)

    def snapshot(self) -> bytes | None:
        """See `TextEnv.snapshot`. Raises `EnvFailed` past the limit."""
        return self._ask("snapshot", self.env.snapshot)

    def restore(self, snapshot: bytes) -> tuple[str, Info]:
        """See `TextEnv.restore`. Raises `EnvFailed` past the limit."""
        return self._ask("restore", lambda: self.env.restore(snapshot))

    def close(self) -> None:
        """Close the environment on its thread, after whatever it is doing; waits for its limit."""
        if self._gone is None:
            try:
                self._ask("close", self.env.close)
            finally:
                if self._gone is None:
                    self._gone = f"{self.spec} is closed: make another"
                    self._calls.put(None)

    def _ask(self, verb: str, ask: Callable[[], T]) -> T:
        if self._gone is not None:
            raise EnvFailed(self._gone)
        limit_s = self._limits.step_s if verb == "step" else self._limits.reset_s
        call = _Call(ask)
        self._calls.put(call)
        if not call.done.wait(limit_s):
            self._gone = (
                f"{self.spec} did not answer a {verb} within {limit_s:g} s and was given up: "
                "make another"
            )
            self._calls.put(_Call(self.env.close))
            self._calls.put(None)
            raise EnvFailed(self._gone)
        if call.error is not None:
            raise call.error
        answer: T = call.answer
        return answer


class _Call:
    """A call, and what came of it."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        self.ask = ask
        self.done = threading.Event()
        self.answer: Any = None
        self.error: Exception | None = None


def _serve(env: TextEnv, calls: "queue.SimpleQueue[_Call | None]") -> None:
    while (call := calls.get()) is not None:
        try:
            call.answer = call.ask()
        except Exception as error:  # noqa: BLE001 (it is raised again where it was asked for)
            call.error = error
        call.done.set()
