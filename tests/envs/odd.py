"""An environment that does what its actions say, and makers that another process can import."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from envs.base import Description, Info, TextEnv
from envs.errors import EnvUnavailable, MachineFault

TOLD = Description("Count.", "Say anything.")


class Odd(TextEnv):
    """Counts actions. `hang`, `crash`, `raise` and `odd` do so; `drift FILE` depends on a file."""

    blocks = True

    def __init__(self, spec: str) -> None:
        self.spec = spec

    def describe(self) -> Description:
        return TOLD

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, Info]:
        if seed == 13:
            raise EnvUnavailable("there is no game 13")
        self.at, self.seed = 0, seed
        print("a game may print")
        return f"game {seed}", self._info()

    def step(self, action: str) -> tuple[str, float, bool, bool, Info]:  # type: ignore[override]
        if action == "hang":
            time.sleep(1000)
        if action == "crash":
            os._exit(3)
        if action == "raise":
            raise ValueError("what?")
        self.at += 1
        said = f"{action} is action {self.at} of game {self.seed}"
        if action.startswith("drift "):
            said += Path(action.partition(" ")[2]).read_text()
        info: Any = self._info()
        if action == "odd":
            info["feedback"] = lambda: None
        return said, 1.0, self.at >= 8, False, info

    def walkthrough(self) -> list[str] | None:
        return ["go"] * 8

    def _info(self) -> Info:
        return {
            "score": float(self.at),
            "max_score": 8.0,
            "won": self.at >= 8,
            "lost": False,
            "moves": self.at,
            "admissible_commands": ["go", "wait"],
            "feedback": str(os.getpid()),
        }


class OwnFault(MachineFault):
    """An environment's own kind of an error that the runtime knows."""


class Terse(Odd):
    """Calls its action a command, and answers with nothing, or with an error of its own."""

    def step(self, command: str) -> tuple[str, float, bool, bool, Info]:  # type: ignore[override]
        if command == "nothing":
            return None  # type: ignore[return-value]
        if command == "fault":
            raise OwnFault("the disk is on fire")
        return super().step(command)


def terse(spec: str) -> TextEnv:
    return Terse(spec)


def make(spec: str) -> TextEnv:
    return Odd(spec)


def unmade(_spec: str) -> TextEnv:
    raise EnvUnavailable("an extra is missing")
