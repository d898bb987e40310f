"""The guards of the contract, kept once: an environment writes its rules, and nothing else.

A game says what happens in `begin` and `act`. When it may be asked, what it is asked with, and what
goes out, is seen to here: seeds are checked, actions arrive as one clean line, observations leave as
plain text, rewards are the change of the score, and a game that has ended, failed or been closed is
not played on.
"""

import json
import operator
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from envs.base import Info, TextEnv
from envs.errors import EnvError, EnvFailed, SpecError
from envs.text import one_line, plain

# What numpy's generators take, which most games are seeded with: 32 bits.
MAX_SEED = 2**32 - 1


@dataclass(slots=True, kw_only=True)
class Turn:
    """What a game says at its start or after an action. The fields are those of `Info`."""

    text: str
    score: float | None = None
    max_score: float | None = None
    won: bool | None = None
    lost: bool | None = None
    moves: int | None = None
    commands: Sequence[str] | None = None
    """Every command that makes sense now, in any order; it is not asked for once the game is over."""
    over: bool = False
    """Whether the game has ended by itself."""
    cut_off: bool = False
    """Whether a limit has ended it."""


class GuardedEnv(TextEnv):
    """A `TextEnv` of which only the rules are left to write: `begin`, `act` and `describe`.

    An implementation sets `spec`. It may raise `EnvError`s of its own; whatever else it raises
    becomes an `EnvFailed` that names the spec, and the next reset begins afresh.
    """

    _seed: int | None = None
    """Of the last game that was asked for; `game_seed` is the same once there is one."""
    # Two underscores, so that no implementation takes these names for its own.
    __turn: Turn | None = None
    __running = False
    __closed = False

    @property
    def game_seed(self) -> int:
        """The seed of the present game. Raises `EnvFailed` where there has been none."""
        if self._seed is None:
            raise EnvFailed(f"{self.spec} has no game yet: reset it")
        return self._seed

    @property
    def np_random(self) -> np.random.Generator:
        """Gymnasium's generator, seeded by the present game's seed; made when it is asked for."""
        if self._np_random is None:
            self._np_random = np.random.default_rng(self._seed)
        return self._np_random

    @np_random.setter
    def np_random(self, value: np.random.Generator) -> None:
        self._np_random = value

    @property
    def last_turn(self) -> Turn:
        """What was said last in the present game. Raises `EnvFailed` where nothing has been."""
        if self.__turn is None:
            raise EnvFailed(f"{self.spec} has no game yet: reset it")
        return self.__turn

    @abstractmethod
    def begin(self, seed: int) -> Turn:
        """Start the game of a seed, from 0 to `MAX_SEED`; the game before may be at any point."""

    @abstractmethod
    def act(self, action: str) -> Turn:
        """Play one action, as `clean` left it, in a game that is running."""

    def end(self) -> None:
        """Let go of what the game holds; called once, at the close, even if nothing was begun."""

    def solution(self) -> list[str] | None:
        """Commands that win the present game from its start, or None; it must not be disturbed."""
        return None

    def state(self) -> Any:
        """Where the present game is, as JSON can hold it; None if it has no such form."""
        return None

    def go_on(self, seed: int, state: Any) -> Turn:
        """Go on from a `state()`; what was said there is not kept and must be said again."""
        raise EnvFailed(f"{self.spec} has no snapshots: play it again from its seed")

    def clean(self, action: str) -> str:
        """The action as `act` takes it: one line of at most 200 characters, unless overridden."""
        return one_line(action)

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, Info]:
        """See `TextEnv.reset`."""
        if options:
            raise SpecError(f"reset takes no options, not {options!r}: put them in {self.spec}")
        if seed is None:
            seed = self._seed if self._seed is not None else 0
        seed = self.__checked_seed(seed)
        return self.__begin(seed, self.begin, seed)

    def restore(self, snapshot: bytes) -> tuple[str, Info]:
        """See `TextEnv.restore`."""
        try:
            kept = json.loads(snapshot)
            of, seed, state = kept["spec"], self.__checked_seed(kept["seed"]), kept["state"]
        except (ValueError, KeyError, TypeError, RecursionError, SpecError) as error:
            raise EnvFailed(f"these bytes are no snapshot of {self.spec}: {error}") from error
        if of != self.spec:
            raise EnvFailed(f"this is a snapshot of {of}, not of {self.spec}")
        return self.__begin(seed, self.go_on, seed, state)

    def snapshot(self) -> bytes | None:
        """See `TextEnv.snapshot`."""
        self.__must_run("a snapshot")
        state = self.state()
        if state is None:
            return None
        return json.dumps({"spec": self.spec, "seed": self._seed, "state": state}).encode()

    def step(  # type: ignore[override]
        self, action: str
    ) -> tuple[str, float, bool, bool, Info]:
        """See `TextEnv.step`."""
        before = self.__must_run("the next step").score
        if not isinstance(action, str):
            raise EnvFailed(f"an action of {self.spec} is a text, not {type(action).__name__}")
        self.__running = (
            False  # until it has answered: a game that failed half-way is not played on
        )
        observation, info = self.__say(self.act, self.clean(action))
        turn = self.__turn
        assert turn is not None
        reward = 0.0 if turn.score is None else turn.score - (before or 0.0)
        return observation, reward, turn.over, turn.cut_off, info

    def walkthrough(self) -> list[str] | None:
        """See `TextEnv.walkthrough`."""
        if self.__turn is None or self.__closed:
            raise EnvFailed(f"{self.spec} has no game yet: reset it before its walkthrough")
        return self.solution()

    def close(self) -> None:
        """See `TextEnv.close`."""
        if not self.__closed:
            self.__closed, self.__running = True, False
            self.end()

    def __begin(self, seed: int, how: Callable[..., Turn], *with_: Any) -> tuple[str, Info]:
        if self.__closed:
            raise EnvFailed(f"{self.spec} is closed: make it anew with envs.make(spec)")
        self._seed, self.__turn, self.__running = seed, None, False
        self._np_random = None
        return self.__say(how, *with_)

    def __say(self, ask: Callable[..., Turn], *with_: Any) -> tuple[str, Info]:
        try:
            turn = ask(*with_)
        except EnvError:
            raise
        except Exception as error:  # whatever a game's own library raises
            raise EnvFailed(
                f"{self.spec} failed: {type(error).__name__}: {error}; reset it to go on"
            ) from error
        self.__turn = turn
        self.__running = not (turn.over or turn.cut_off)
        text = plain(turn.text)
        info = Info(
            score=turn.score,
            max_score=turn.max_score,
            won=turn.won,
            lost=turn.lost,
            moves=turn.moves,
            admissible_commands=self.__commands(turn),
            feedback=text,
        )
        return text, info

    def __commands(self, turn: Turn) -> list[str] | None:
        if turn.commands is None:
            return None
        return list(_in_order(tuple(turn.commands))) if self.__running else []

    def __must_run(self, what: str) -> Turn:
        """What was said last. Raises `EnvFailed` where no game is running."""
        if self.__running and self.__turn is not None:
            return self.__turn
        if self.__closed:
            why = "is closed"
        elif self.__turn is None:
            why = "has not started"
        elif self.__turn.over or self.__turn.cut_off:
            why = "has ended"
        else:
            why = "has failed"
        raise EnvFailed(f"the game of {self.spec} {why}: reset it before {what}")

    def __checked_seed(self, seed: int) -> int:
        try:
            number = operator.index(seed)  # numpy's integers, too
        except TypeError:
            raise SpecError(f"seed {seed!r} of {self.spec} is not a whole number") from None
        if not 0 <= number <= MAX_SEED:
            raise SpecError(
                f"seed {number} of {self.spec} is not allowed: it must be from 0 to {MAX_SEED}"
            )
        return number


# Most games list the same few sets of commands again and again.
@lru_cache(maxsize=256)
def _in_order(commands: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(commands)))
