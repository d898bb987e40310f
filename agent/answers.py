"""What an environment answers, held to its contract and in Python's own types.

Environments are strangers' code: a score may be one of numpy's numbers, which JSON cannot write, a key
may be missing, a command may be no text. What does not keep the contract (envs/base.py) is an EnvFailed
of its episode, named here, before anything of it is recorded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

import numpy as np

from envs.base import Description, Info
from envs.errors import EnvFailed
from memory import storable

T = TypeVar("T")
P = ParamSpec("P")

_MOST = 1e15  # what a float counts to one by one, and what can be multiplied and added up


class Beginning(NamedTuple):
    """The answer to a reset, or to a snapshot that is restored."""

    observation: str
    info: Info


class Turn(NamedTuple):
    """The answer to an action."""

    observation: str
    reward: float
    terminated: bool
    truncated: bool
    info: Info


def _held(read: Callable[P, T]) -> Callable[P, T]:
    """`read`, out of which nothing comes but EnvFailed: what a stranger hands over may raise itself."""

    @wraps(read)
    def reading(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except EnvFailed:
            raise
        except Exception as error:
            raise EnvFailed(
                f"{args[0]} answered with what raises {type(error).__name__} when it is read: {error}"
            ) from error

    return reading


@_held
def beginning(spec: str, said: Any) -> Beginning:
    """What `spec` answered to a reset. Raises EnvFailed where it is no observation and info."""
    observation, info = _parts(spec, said, ("observation", "info"))
    return Beginning(_text(spec, "an observation", observation), _info(spec, info))


@_held
def turn(spec: str, said: Any) -> Turn:
    """What `spec` answered to an action. Raises EnvFailed where it is not the five parts of a step."""
    parts = _parts(spec, said, ("observation", "reward", "terminated", "truncated", "info"))
    observation, reward, terminated, truncated, info = parts
    return Turn(
        _text(spec, "an observation", observation),
        _number(spec, "a reward", reward),
        _flag(spec, "'terminated'", terminated),
        _flag(spec, "'truncated'", truncated),
        _info(spec, info),
    )


@_held
def commands(spec: str, what: str, said: Any) -> list[str] | None:
    """A list of commands, or None. Raises EnvFailed for anything else."""
    if said is None:
        return None
    if not isinstance(said, list | tuple):
        raise _wrong(spec, what, said, "a list of texts or None")
    return [_text(spec, f"{what} with a command", each) for each in said]


@_held
def snapshot(spec: str, said: Any) -> bytes | None:
    """A snapshot's content, or None. Raises EnvFailed for anything else."""
    if said is None or isinstance(said, bytes):
        return said
    raise _wrong(spec, "a snapshot", said, "bytes or None")


@_held
def description(spec: str, said: Any) -> Description:
    """What an environment tells of itself. Raises EnvFailed for anything else."""
    if not isinstance(said, Description):
        raise _wrong(spec, "a description", said, "an envs.base.Description")
    return Description(
        _text(spec, "a description with a goal", said.goal),
        _text(spec, "a description with a how_to_act", said.how_to_act),
        tuple(commands(spec, "a description with examples", said.examples) or ()),
    )


def _parts(spec: str, said: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    if isinstance(said, tuple) and len(said) == len(names):
        return said
    shape = (
        f"{len(said)} values" if isinstance(said, tuple) else f"a value of {type(said).__name__}"
    )
    raise EnvFailed(f"{spec} answered with {shape}; it must be a tuple of {', '.join(names)}")


def _info(spec: str, said: Any) -> Info:
    if not isinstance(said, Mapping):
        raise _wrong(spec, "an info", said, "a dict")
    missing = Info.__required_keys__ - said.keys()
    if missing:
        raise EnvFailed(
            f"{spec} gave an info without {', '.join(map(repr, sorted(missing)))}: it must have "
            "each key, with None where the environment cannot say"
        )
    return Info(
        score=_optional(_number, spec, "a score", said["score"]),
        max_score=_optional(_number, spec, "a max_score", said["max_score"]),
        won=_optional(_flag, spec, "'won'", said["won"]),
        lost=_optional(_flag, spec, "'lost'", said["lost"]),
        moves=said["moves"],  # nobody asks
        admissible_commands=commands(spec, "admissible_commands", said["admissible_commands"]),
        feedback=said["feedback"],  # nobody asks
    )


def _optional(check: Callable[[str, str, Any], T], spec: str, what: str, said: Any) -> T | None:
    return None if said is None else check(spec, what, said)


def _text(spec: str, what: str, said: Any) -> str:
    if not isinstance(said, str):
        raise _wrong(spec, what, said, "text")
    return storable(said)


def _number(spec: str, what: str, said: Any) -> float:
    if isinstance(said, str | bytes):  # float() would read them
        raise _wrong(spec, what, said, "a number")
    try:
        number = float(said)
    except OverflowError:
        number = math.inf
    except (TypeError, ValueError):
        raise _wrong(spec, what, said, "a number") from None
    if not abs(number) <= _MOST:
        raise EnvFailed(
            f"{spec} gave {what} of {number:g}; it must be from {-_MOST:g} to {_MOST:g}"
        )
    return number


def _flag(spec: str, what: str, said: Any) -> bool:
    if not isinstance(said, bool | np.bool_):
        raise _wrong(spec, what, said, "True or False")
    return bool(said)


def _wrong(spec: str, what: str, said: Any, right: str) -> EnvFailed:
    return EnvFailed(f"{spec} gave {what} of type {type(said).__name__}; it must be {right}")
