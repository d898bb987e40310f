"""Where the episodes of a run get their environments: beside the loop, or in worker processes."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from contextlib import closing
from typing import Any, NoReturn

from agent import answers
from agent.config import RunConfig
from envs.base import Description, TextEnv
from envs.errors import EnvError, failure
from envs.workers import Limits, Workers

MakeEnv = Callable[[str], TextEnv]


class Environments:
    """Makes environments for a run of `jobs` episodes at once.

    Those that block are played in worker processes, if there are several at once and if `make_env` can
    be sent there (a function of a module). One episode alone has nobody to hold up: there a process
    would only cost its start. Raises what `make_env` raises for a wrong spec, before anything is played;
    what is no EnvError is an EnvFailed.
    """

    def __init__(self, config: RunConfig, make_env: MakeEnv) -> None:
        self._spec, self._make = config.env, make_env
        self._workers: Workers | None = None
        try:
            with closing(make_env(config.env)) as env:
                self.description = answers.description(config.env, env.describe())
                blocks = env.blocks
        except Exception as error:
            raise failure(config.env, error) from error
        at_once = min(config.jobs, config.episodes)
        if blocks and at_once > 1 and _can_be_sent(make_env):
            count = min(at_once, os.cpu_count() or 1)
            limits = Limits(config.deadlines.step_s, config.deadlines.reset_s)
            self._workers = Workers(config.env, self.description, count, limits, make_env)

    def make(self) -> TextEnv:
        """An environment for one episode; one that cannot be made says so when it is asked."""
        if self._workers:
            return self._workers.env()
        try:
            return self._make(self._spec)
        except Exception as error:  # noqa: BLE001 -- a stranger's code: this episode's error
            return _Unmade(self._spec, self.description, failure(self._spec, error))

    def close(self) -> None:
        """End the worker processes, whatever they are doing."""
        if self._workers:
            self._workers.close()


class _Unmade(TextEnv):
    """An environment that could not be made: one episode's error, like those of its steps."""

    def __init__(self, spec: str, description: Description, error: EnvError) -> None:
        self.spec = spec
        self._description, self._error = description, error

    def describe(self) -> Description:
        """That of its family."""
        return self._description

    def reset(self, **_: Any) -> NoReturn:
        """Raise what its making raised."""
        raise self._error

    def step(self, action: str) -> NoReturn:
        """Raise what its making raised."""
        raise self._error

    def restore(self, snapshot: bytes) -> NoReturn:
        """Raise what its making raised."""
        raise self._error


def _can_be_sent(make: MakeEnv) -> bool:
    try:
        pickle.dumps(make)
    except Exception:  # noqa: BLE001 -- pickle raises whatever it likes for what it cannot name
        return False
    return True
