"""The environment under examination: how to open one, what to say to it, what it said."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from envs.base import Info, TextEnv
from envs.check.report import Broken
from envs.workers import Workers

T = TypeVar("T")
Make = Callable[[str], TextEnv]
# Longer walkthroughs are played so far, and not to their end.
MAX_WALKTHROUGH = 500
NOISE = ("look", "north", "yes", "7", "take all", "xyzzy")


@dataclass(frozen=True, slots=True)
class Play:
    """A game from its reset on: the actions, and all that was said, with the reset first.

    `lines` are the answers as JSON, one a reset or step, so that two plays can be compared.
    """

    actions: list[str]
    lines: list[str]
    infos: list[Info]
    rewards: list[float]
    ended: bool
    """Whether the last answer said terminated or truncated."""


@dataclass
class Subject:
    """One spec and seed, and the plays that the rules are held against."""

    spec: str
    make: Make
    seed: int
    steps: int
    workers: Workers | None
    """Where to play again in another process; None where `make` cannot be sent to one."""
    # Not functools.cached_property: Python 3.11 has one lock for all subjects, and games may hang.
    _kept: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def env(self) -> Iterator[TextEnv]:
        """A fresh environment."""
        env = self.make(self.spec)
        try:
            yield env
        finally:
            env.close()

    @property
    def wandering(self) -> Play:
        """A play at random, seeded: listed commands, else examples, else words."""
        return self._once("wandering", self._wander)

    @property
    def walkthrough(self) -> Play | None:
        """A play of the walkthrough, as far as it is played, or None where there is none."""
        return self._once("walkthrough", self._walk)

    @property
    def commands(self) -> list[str] | None:
        """The walkthrough, whole."""
        return self._once("commands", self._ask_for_commands)

    @property
    def plays(self) -> list[Play]:
        """The play at random, then the walkthrough's if there is one."""
        return [self.wandering] + ([self.walkthrough] if self.walkthrough else [])

    def _once(self, name: str, make: Callable[[], T]) -> T:
        if name not in self._kept:
            self._kept[name] = make()
        found: T = self._kept[name]
        return found

    def _wander(self) -> Play:
        dice = random.Random(f"{self.spec}/{self.seed}")
        with self.env() as env:
            examples = env.describe().examples or NOISE

            def choose(number: int, info: Info) -> str | None:
                if number >= self.steps:
                    return None
                # An info that lacks it is for the rule of types to tell.
                return dice.choice(sorted(info.get("admissible_commands") or examples))

            return play(env, self.seed, choose)

    def _walk(self) -> Play | None:
        if self.commands is None:
            return None
        with self.env() as env:
            return play(env, self.seed, script(self.commands[:MAX_WALKTHROUGH]))

    def _ask_for_commands(self) -> list[str] | None:
        with self.env() as env:
            env.reset(seed=self.seed)
            return env.walkthrough()


def script(actions: Sequence[str]) -> Callable[[int, Info], str | None]:
    """A chooser that says what is written, up to its end."""
    return lambda number, _: actions[number] if number < len(actions) else None


def play(env: TextEnv, seed: int | None, choose: Callable[[int, Info], str | None]) -> Play:
    """Play from a reset until the game or the chooser ends."""
    observation, info = env.reset(seed=seed)
    done = Play([], [as_line((observation, info))], [info], [], ended=False)
    return go_on(env, done, choose)


def go_on(env: TextEnv, so_far: Play, choose: Callable[[int, Info], str | None]) -> Play:
    """Play on from where `so_far` is, which is left as it was."""
    actions, lines = list(so_far.actions), list(so_far.lines)
    infos, rewards = list(so_far.infos), list(so_far.rewards)
    ended = so_far.ended
    while not ended and (action := choose(len(actions), infos[-1])) is not None:
        answer = env.step(action)
        actions.append(action)
        lines.append(as_line(answer))
        rewards.append(float(answer[1]))
        infos.append(answer[4])
        ended = bool(answer[2] or answer[3])
    return Play(actions, lines, infos, rewards, ended)


def as_line(answer: Any) -> str:
    """An answer as JSON. Raises `Broken` for what JSON cannot hold."""
    try:
        return json.dumps(answer, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise Broken(
            f"an answer holds what is no text, number, list or dict: {error}; give plain Python "
            "values, and no NaN"
        ) from error


def same(now: Play, then: Play, where: str) -> None:
    """Raise `Broken` at the first answer that differs between two plays of the same actions."""
    for number, (one, other) in enumerate(zip(now.lines, then.lines, strict=False)):
        if one != other:
            at = (
                f"after action {number} ({then.actions[number - 1]!r})"
                if number
                else "at the reset"
            )
            raise Broken(f"{where}, it answered otherwise {at}: {_difference(one, other)}")
    if len(now.lines) != len(then.lines):
        raise Broken(
            f"{where}, the game ended after {len(now.lines) - 1} actions instead of "
            f"{len(then.lines) - 1}"
        )


def _difference(one: str, other: str) -> str:
    """Two texts from shortly before where they part."""
    part = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    start = max(part - 30, 0)
    return f"...{one[start : part + 50]!r} instead of ...{other[start : part + 50]!r}"
