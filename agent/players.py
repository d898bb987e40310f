"""Baseline players, so that every result has a floor and a ceiling. They see what no agent is shown."""

from __future__ import annotations

import random
from typing import Protocol

from agent.seeds import derive
from envs.base import Info, TextEnv
from envs.errors import EnvUnavailable


class Player(Protocol):
    """Chooses actions for one episode."""

    def choose(self, info: Info) -> str:
        """The next action."""
        ...


class RandomPlayer:
    """The floor: any admissible command, each as likely, seeded.

    Raises EnvUnavailable where the environment lists no commands.
    """

    def __init__(self, run_seed: int, index: int) -> None:
        self._random = random.Random(derive(run_seed, index, "player"))

    def choose(self, info: Info) -> str:
        """One of the admissible commands."""
        commands = info["admissible_commands"]
        if commands is None:
            raise EnvUnavailable(
                "the random player needs admissible commands, and this environment lists none; "
                "use --agent model"
            )
        return self._random.choice(sorted(commands)) if commands else "look"


class WalkthroughPlayer:
    """The ceiling: the environment's own solution, command by command.

    Raises EnvUnavailable where the environment has none.
    """

    def __init__(self, env: TextEnv) -> None:
        commands = env.walkthrough()
        if commands is None:
            raise EnvUnavailable(
                f"{env.spec} has no walkthrough to follow; use --agent random or --agent model"
            )
        self._commands = iter(commands)

    def choose(self, info: Info) -> str:
        """The next command of the solution; after its end, a look around."""
        return next(self._commands, "look")
