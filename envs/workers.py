"""Environments in processes of their own, so that one that blocks, hangs or crashes harms no other.

A worker process serves several environments, one call at a time. A call has a deadline; where it
passes, or the process ends, that call alone fails: the worker is replaced, and every other
environment that it held is made again there from its seed and its actions, checked by what it said.
"""

import hashlib
import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from envs import errors
from envs.base import Description, Info, TextEnv
from envs.errors import EnvFailed, EnvUnavailable, MachineFault
from envs.worker import MAKE, READY

# A dead process is noticed at once, so this is patience with a busy machine only.
START_LIMIT_S = 600.0
_CLOSE_LIMIT_S = 2.0
_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv.pop()); import envs.worker as w; w.main()"
)

Make = Callable[[str], TextEnv]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a call may take, in seconds. A reset may have to build its game first."""

    step_s: float
    reset_s: float


class Workers:
    """At most `count` processes, in which environments of one spec (or of others) are played.

    `make` is pickled by its name, so it must be a function of a module. Nothing is started before
    the first call. `variables` are added to the processes' environment.
    """

    def __init__(
        self,
        spec: str,
        description: Description,
        count: int,
        limits: Limits,
        make: Make,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._spec = spec
        self._description = description
        self._limits = limits
        self._workers = [_Worker(make, variables or {}) for _ in range(count)]
        self._keys = itertools.count()

    def env(self, spec: str | None = None, description: Description | None = None) -> "WorkerEnv":
        """An environment on the worker that has the fewest; of another spec where one is given."""
        worker = min(self._workers, key=lambda each: each.load)
        spec, description = spec or self._spec, description or self._description
        return WorkerEnv(worker, next(self._keys), spec, description, self._limits)

    def close(self) -> None:
        """End the processes, those in the middle of a call too."""
        for worker in self._workers:
            worker.close()


@dataclass(slots=True)
class _Game:
    """What has been played, so that it can be played again elsewhere."""

    verb: str
    """How it began: by a reset or from a snapshot."""
    arguments: dict[str, Any]
    first: str
    moves: list[tuple[str, str]] = field(default_factory=list)
    """Each action with the digest of what was said to it."""


class WorkerEnv(TextEnv):
    """An environment that lives in a worker. Its calls block, and keep their deadlines themselves."""

    blocks = True

    def __init__(
        self, worker: "_Worker", key: int, spec: str, description: Description, limits: Limits
    ) -> None:
        self.spec = spec
        self._worker, self._key = worker, key
        self._description, self._limits = description, limits
        self._game: _Game | None = None
        self._life = 0  # of the worker's process that this environment is in; 0: in none yet
        self._closed = False
        worker.load += 1

    def describe(self) -> Description:
        """As the caller was told when it made the workers."""
        return self._description

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, Info]:
        """See `TextEnv.reset`. Raises EnvFailed past the deadline."""
        return self._begin("reset", seed=seed, options=options)

    def restore(self, snapshot: bytes) -> tuple[str, Info]:
        """See `TextEnv.restore`."""
        return self._begin("restore", snapshot=snapshot)

    def snapshot(self) -> bytes | None:
        """See `TextEnv.snapshot`."""
        with self._worker.lock:
            self._move_in()
            reply: bytes | None = self._ask("snapshot")
            return reply

    def _begin(self, verb: str, **arguments: Any) -> tuple[str, Info]:
        self._game = None
        with self._worker.lock:
            self._move_in()
            reply: tuple[str, Info] = self._ask(verb, **arguments)
            self._game = _Game(verb, arguments, _digest(_said(reply)))
            return reply

    def step(  # type: ignore[override]
        self, action: str
    ) -> tuple[str, float, bool, bool, Info]:
        """See `TextEnv.step`. Raises EnvFailed past the deadline or where the process ended."""
        game = self._game
        if game is None:
            raise EnvFailed(f"the game of {self.spec} has not started, or has failed: reset it")
        with self._worker.lock:
            self._move_in()
            # Until it has answered, what it is in is not known: another process could not redo it.
            self._game = None
            reply: tuple[str, float, bool, bool, Info] = self._ask("step", action=action)
            game.moves.append((action, _digest(_said(reply))))
            self._game = game
            return reply

    def walkthrough(self) -> list[str] | None:
        """See `TextEnv.walkthrough`."""
        with self._worker.lock:
            self._move_in()
            reply: list[str] | None = self._ask("walkthrough")
            return reply

    def close(self) -> None:
        """Let go of it: the worker forgets it before its next call. Never waits."""
        if not self._closed:
            self._closed = True
            self._worker.load -= 1
            self._worker.forget(self._key)

    def _ask(self, verb: str, **arguments: Any) -> Any:
        limit_s = self._limits.step_s if verb == "step" else self._limits.reset_s
        return self._worker.ask(self.spec, self._key, verb, arguments, limit_s)

    def _move_in(self) -> None:
        """Make sure that the worker has this environment, in the state that its caller knows."""
        if self._closed:
            raise EnvFailed(f"{self.spec} is closed: make another")
        life = self._worker.start()
        if self._life == life:
            return
        self._ask(MAKE, spec=self.spec)
        self._life = life
        game = self._game
        if game is None:
            return
        self._game = None  # not sound until it has been played again
        said = _said(self._ask(game.verb, **game.arguments))
        self._check(0, said, game.first)
        for number, (action, digest) in enumerate(game.moves, start=1):
            said = _said(self._ask("step", action=action))
            self._check(number, said, digest)
        self._game = game

    def _check(self, number: int, said: object, digest: str) -> None:
        if _digest(said) != digest:
            raise EnvFailed(
                f"{self.spec} gave another observation at step {number} when it was played again "
                "in a new process: the same seed and actions must give the same observations"
            )


class _Worker:
    """One process and the near end of its pipe. Whoever calls it holds `lock`."""

    def __init__(self, make: Make, variables: Mapping[str, str]) -> None:
        self.lock = threading.Lock()
        self.load = 0
        self._make, self._variables = make, variables
        self._life = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._forgotten: list[int] = []
        self._closed = False

    def start(self) -> int:
        """The number of the process that is running now, started where there is none."""
        if self._closed:
            raise EnvFailed("the environment's process was ended: its run is over")
        if self._process is None:
            self._life += 1
            self._forgotten.clear()
            try:
                self._pipe, there = Pipe()
                with there:
                    self._process = self._popen(there.fileno())
            except OSError as error:
                self._end()
                raise MachineFault(
                    f"no process for environments could be started: {error}"
                ) from error
            self._greet()
        return self._life

    def _popen(self, descriptor: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                sys.executable,
                "-c",
                _BOOT,
                str(descriptor),
                str(os.getpid()),
                json.dumps(sys.path),
            ],
            env={**os.environ, **self._variables},
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
            # What a game prints is no result of ours.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # A Ctrl-C is for the caller, who ends this process when it is time.
            start_new_session=True,
        )

    def _greet(self) -> None:
        assert self._pipe is not None
        told: str | None = None
        answered = True
        with suppress(EOFError, OSError):
            self._pipe.send(self._make)
            answered = self._pipe.poll(START_LIMIT_S)
            if answered:
                told = self._pipe.recv()
        if told == READY:
            return
        code = self._end()
        what = "no process for environments could be started: "
        if told is not None:
            raise EnvUnavailable(what + told)
        if answered:
            raise MachineFault(f"{what}it ended with exit code {code}")
        raise MachineFault(f"{what}it was not ready after {START_LIMIT_S:g} s")

    def ask(self, spec: str, key: int, verb: str, arguments: dict[str, Any], limit_s: float) -> Any:
        """The answer of an environment. Raises its EnvError, and EnvFailed where there is none."""
        assert self._pipe is not None
        forgotten = list(self._forgotten)
        try:
            self._pipe.send((key, verb, arguments, forgotten))
            del self._forgotten[: len(forgotten)]
            if not self._pipe.poll(limit_s):
                self._end()
                raise EnvFailed(
                    f"{spec} did not answer a {verb} within {limit_s:g} s: its process was ended"
                )
            fine, reply = self._pipe.recv()
        except (EOFError, OSError) as error:
            code = self._end()
            raise EnvFailed(
                f"{spec} crashed at a {verb}: its process ended with exit code {code}"
            ) from error
        if fine:
            return reply
        name, text = reply
        raise getattr(errors, name, EnvFailed)(text)

    def forget(self, key: int) -> None:
        """Have an environment closed before the next call."""
        self._forgotten.append(key)

    def close(self) -> None:
        """End the process: at once where a call is being made, else by the end of its pipe."""
        self._closed = True
        process = self._process
        if process is None:
            return
        if self.lock.acquire(blocking=False):
            try:
                if self._pipe is not None:
                    self._pipe.close()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_CLOSE_LIMIT_S)
                self._end()
            finally:
                self.lock.release()
        else:
            process.kill()  # whoever holds the lock sees the end of the pipe and clears up

    def _end(self) -> int | None:
        """Kill the process if it still runs; its exit code."""
        process, self._process = self._process, None
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            pipe.close()
        if process is None:
            return None
        with suppress(subprocess.TimeoutExpired):  # one that is ending tells its own exit code
            process.wait(0.2)
        process.kill()
        return process.wait()


def _said(reply: object) -> object:
    """The observation of a reply. What else it may be is for those to judge who are given it."""
    return reply[0] if isinstance(reply, tuple) and reply else reply


def _digest(text: object) -> str:
    return hashlib.sha256(repr(text).encode("utf-8", "backslashreplace")).hexdigest()
