"""A sound little game, and the same game with one flaw each: what the checker must tell apart."""

from __future__ import annotations

import copyreg
import os
import random
import time
from pathlib import Path
from typing import Any

from envs.base import Description, Info, TextEnv
from envs.errors import EnvFailed, SpecError
from envs.guarded import GuardedEnv, Turn
from envs.spec import Spec

Answer = tuple[str, float, bool, bool, Info]
OTHERS: list[int] = []  # what games of `Mixing` share


class Sound(GuardedEnv):
    """Count to four with 'up'; 'down' counts back. Knows its walkthrough, has snapshots."""

    score_never_falls = True

    def __init__(self, spec: str) -> None:
        self.spec = spec
        self.at, self.best = 0, 0

    def describe(self) -> Description:
        return Description("Count to four.", "Say 'up' or 'down'.")

    def begin(self, seed: int) -> Turn:
        self.at, self.best = 0, 0
        return self.turn()

    def act(self, action: str) -> Turn:
        self.at += {"up": 1, "down": -1}.get(action, 0)
        self.best = max(self.best, self.at)
        return self.turn()

    def turn(self) -> Turn:
        over = self.at == 4
        return Turn(
            text=f"game {self._seed}: {self.at}",
            score=float(self.best),
            max_score=4.0,
            won=over,
            lost=False,
            moves=None,
            commands=["up", "down"],
            over=over,
        )

    def solution(self) -> list[str] | None:
        return ["up"] * 4

    def state(self) -> Any:
        return [self.at, self.best]

    def go_on(self, seed: int, state: Any) -> Turn:
        self.at, self.best = state
        return self.turn()


class Nameless(Sound):
    def __init__(self, spec: str) -> None:
        super().__init__(spec + "?")


class Mute(Sound):
    def describe(self) -> Description:
        return Description("Count to four.", " ")


class Early(Sound):
    def step(self, action: str) -> Answer:  # type: ignore[override]
        if self._seed is None:
            self.reset(seed=0)
        return super().step(action)


class AnySeed(Sound):
    def reset(self, *, seed: Any = None, options: Any = None) -> tuple[str, Info]:  # type: ignore[override]
        return super().reset(seed=abs(int(seed or 0)), options=options)


class Changed(Sound):
    """Has its answers changed by a subclass."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[str, Info]:  # type: ignore[override]
        observation, info = super().reset(seed=seed, options=options)
        return self.said(observation), self.told(info)

    def step(self, action: str) -> Answer:  # type: ignore[override]
        observation, reward, terminated, truncated, info = super().step(action)
        return (
            self.said(observation),
            self.paid(reward),
            terminated,
            self.cut(truncated),
            self.told(info),
        )

    def said(self, observation: str) -> str:
        return observation

    def paid(self, reward: float) -> float:
        return reward

    def cut(self, truncated: bool) -> Any:
        return truncated

    def told(self, info: Any) -> Any:
        return info


class Colourful(Changed):
    def said(self, observation: str) -> str:
        return f"\x1b[31m{observation}"


class Unsorted(Changed):
    def told(self, info: Any) -> Any:
        return {**info, "admissible_commands": ["up", "down"]}


class Incomplete(Changed):
    def told(self, info: Any) -> Any:
        return {"score": info["score"]}


class Unsure(Changed):
    def cut(self, truncated: bool) -> Any:
        return None


class Unplain(Changed):
    def told(self, info: Any) -> Any:
        return {**info, "moves": object()}


class Unpayable(Changed):
    def paid(self, reward: float) -> float:
        return float("nan")


class Immeasurable(Changed):
    def told(self, info: Any) -> Any:
        return {**info, "score": float("nan")}


class Truthy(Changed):
    def told(self, info: Any) -> Any:
        return {**info, "score": True}


class Fickle(Changed):
    dice = random.Random()

    def said(self, observation: str) -> str:
        return f"{observation} {self.dice.random()}"


class Local(Changed):
    def said(self, observation: str) -> str:
        return f"{observation} in {os.getpid()}"


class Hashing(Changed):
    def said(self, observation: str) -> str:
        return f"{observation} {hash(observation)}"


class Lingering(Sound):
    def begin(self, seed: int) -> Turn:
        self.best = 0
        return self.turn()


class Restless(Sound):
    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[str, Info]:  # type: ignore[override]
        return super().reset(seed=seed or 0, options=options)


class Mixing(Sound):
    def begin(self, seed: int) -> Turn:
        OTHERS.clear()
        return super().begin(seed)

    def act(self, action: str) -> Turn:
        OTHERS.append(1)
        self.at = min(len(OTHERS), 3)
        self.best = max(self.best, self.at)
        return self.turn()

    def solution(self) -> list[str] | None:
        return None


class Noisy(Sound):
    def act(self, action: str) -> Turn:
        print("somebody acts")
        return super().act(action)


class Drawing(Sound):
    def act(self, action: str) -> Turn:
        random.random()
        return super().act(action)


class Littering(Sound):
    def begin(self, seed: int) -> Turn:
        Path(f"game-{time.monotonic_ns()}").touch()
        return super().begin(seed)


class Generous(Changed):
    def paid(self, reward: float) -> float:
        return reward + 1


class Over(Sound):
    def turn(self) -> Turn:
        turn = super().turn()
        turn.max_score = 3.0
        return turn


class Falling(Sound):
    def turn(self) -> Turn:
        turn = super().turn()
        turn.score = float(self.at)
        return turn

    def solution(self) -> list[str] | None:
        return ["up", "down", *super().solution()]  # type: ignore[misc]


class Astray(Sound):
    def solution(self) -> list[str] | None:
        return ["up"] * 3


class Short(Sound):
    def turn(self) -> Turn:
        turn = super().turn()
        turn.max_score = 5.0
        return turn


class Lost(Sound):
    def turn(self) -> Turn:
        turn = super().turn()
        turn.won, turn.lost = False, turn.over
        return turn


class Endless(Sound):
    def step(self, action: str) -> Answer:  # type: ignore[override]
        if self.at == 4:
            self.reset()
        return super().step(action)


class Forgetful(Sound):
    def go_on(self, seed: int, state: Any) -> Turn:
        turn = super().go_on(seed, state)
        turn.text = "Where was I?"
        return turn


class Credulous(Sound):
    def restore(self, snapshot: bytes) -> tuple[str, Info]:
        try:
            return super().restore(snapshot)
        except EnvFailed:
            return self.reset()


class Fragile(Sound):
    def act(self, action: str) -> Turn:
        action.encode("ascii")
        return super().act(action)


class Silent(Sound):
    def act(self, action: str) -> Turn:
        turn = super().act(action)
        if action not in ("up", "down"):
            turn.text = ""
        return turn


class Unpicklable(Sound):
    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("cannot pickle 'generator' object")


class Picklable(Sound):
    """Sound, too: pickling may work."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return (copyreg.__newobj__, (type(self),), self.__dict__)  # type: ignore[attr-defined]


class Undead(Sound):
    def close(self) -> None:
        pass


class Hanging(Sound):
    def act(self, action: str) -> Turn:
        time.sleep(60)
        return super().act(action)


KINDS = {
    kind.__name__.lower(): kind
    for kind in (*Sound.__subclasses__(), *Changed.__subclasses__(), Sound)
}


def make(spec: str) -> TextEnv:
    """The flawed game of a spec such as flawed/noisy."""
    parsed = Spec.parse(spec)
    if parsed.options:
        raise SpecError(f"{spec} has no options")
    made: TextEnv = KINDS[parsed.name](str(parsed))
    return made


def lax(spec: str) -> TextEnv:
    """Makes whatever it is asked for."""
    return Sound(str(Spec.parse(spec)))
