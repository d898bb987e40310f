"""Baseline players, so that every result has a floor and a ceiling. They see what no agent is shown."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol

from agent.seeds import derive
from envs.base import Info
from envs.errors import EnvUnavailable


class Player(Protocol):
    """Chooses actions for one episode."""

    def choose(self, step: int, info: Info) -> str:
        """The action of a step (from 1), whatever was asked before."""
        ...


class RandomPlayer:
    """The floor: any admissible command, each as likely, seeded; `examples` where none are listed.

    Raises EnvUnavailable where there are neither.
    """

    def __init__(self, run_seed: int, index: int, examples: Sequence[str] = ()) -> None:
        self._seed, self._index = run_seed, index
        self._examples = examples

    def choose(self, step: int, info: Info) -> str:
        """One of the admissible commands, or of the examples."""
        commands = info["admissible_commands"]
        if commands is None:
            commands = list(self._examples)
            if not commands:
                raise EnvUnavailable(
                    "the random player needs admissible commands, and this environment lists none and "
                    "gives no examples; use --agent model"
                )
        drawn = random.Random(derive(self._seed, self._index, step, "player"))
        return drawn.choice(sorted(commands)) if commands else "look"


class WalkthroughPlayer:
    """The ceiling: the environment's own solution, command by command.

    Raises EnvUnavailable where the environment has none.
    """

    def __init__(self, spec: str, commands: Sequence[str] | None) -> None:
        if commands is None:
            raise EnvUnavailable(
                f"{spec} has no walkthrough to follow; use --agent random or --agent model"
            )
        self._commands = commands

    def choose(self, step: int, info: Info) -> str:
        """The next command of the solution; after its end, a look around."""
        return self._commands[step - 1] if step <= len(self._commands) else "look"
