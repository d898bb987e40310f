"""Where the episodes of a run get their environments: beside the loop, or in worker processes."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from contextlib import closing

from agent.config import RunConfig
from envs.base import TextEnv
from envs.workers import Limits, Workers

MakeEnv = Callable[[str], TextEnv]


class Environments:
    """Makes environments for a run of `jobs` episodes at once.

    Those that block are played in worker processes, if there are several at once and if `make_env` can
    be sent there (a function of a module). One episode alone has nobody to hold up: there a process
    would only cost its start. Raises what `make_env` raises for a wrong spec, before anything is played.
    """

    def __init__(self, config: RunConfig, make_env: MakeEnv) -> None:
        self._spec, self._make = config.env, make_env
        self._workers: Workers | None = None
        with closing(make_env(config.env)) as env:
            self.description = env.describe()
            blocks = env.blocks
        at_once = min(config.jobs, config.episodes)
        if blocks and at_once > 1 and _can_be_sent(make_env):
            count = min(at_once, os.cpu_count() or 1)
            limits = Limits(config.deadlines.step_s, config.deadlines.reset_s)
            self._workers = Workers(config.env, self.description, count, limits, make_env)

    def make(self) -> TextEnv:
        """An environment for one episode."""
        return self._workers.env() if self._workers else self._make(self._spec)

    def close(self) -> None:
        """End the worker processes, whatever they are doing."""
        if self._workers:
            self._workers.close()


def _can_be_sent(make: MakeEnv) -> bool:
    try:
        pickle.dumps(make)
    except Exception:  # noqa: BLE001 -- pickle raises whatever it likes for what it cannot name
        return False
    return True
