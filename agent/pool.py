"""Environments for games of any spec: beside the loop, or in worker processes where they block."""

from __future__ import annotations

import os
from contextlib import closing

from agent.config import DeadlinesConfig
from agent.runner import MakeEnv
from envs.base import TextEnv
from envs.workers import Limits, Workers


class Pool:
    """Makes environments for `jobs` games at once; those that block share worker processes.

    TextWorld keeps state of its own in its modules, so two of its games in one process disturb each
    other unless they take turns. `make` must be a function of a module where environments block.
    """

    def __init__(self, make: MakeEnv, jobs: int, deadlines: DeadlinesConfig) -> None:
        self._make, self._jobs = make, jobs
        self._limits = Limits(deadlines.step_s, deadlines.reset_s)
        self._workers: Workers | None = None

    def make(self, spec: str) -> TextEnv:
        """An environment of a spec. Raises what making it raises."""
        env = self._make(spec)
        if not env.blocks or self._jobs == 1:
            return env
        with closing(env):
            description = env.describe()
        if self._workers is None:
            count = min(self._jobs, os.cpu_count() or 1)
            self._workers = Workers(spec, description, count, self._limits, self._make)
        return self._workers.env(spec, description)

    def close(self) -> None:
        """End the worker processes, whatever they are doing."""
        if self._workers:
            self._workers.close()
