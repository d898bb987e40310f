"""The options of a task: those of its own configuration in reasoning-gym that a spec can write."""

import dataclasses
import types
import typing
from typing import Any

from pydantic import Field, create_model, model_validator

from envs.options import Options

_SCALARS = (int, float, bool, str)
# Which game is played is what the seed says, and each has one question.
_OURS = frozenset({"seed", "size"})


class Attempts(Options):
    """What every task has."""

    attempts: int = Field(1, ge=1, le=10, description="answers that may be given")

    def for_library(self) -> dict[str, Any]:
        """The options that were given for the library's own configuration."""
        return {key: getattr(self, key) for key in self.model_fields_set - {"attempts"}}


def options_of(config: type) -> type[Attempts]:
    """A model with the library's own names, types and defaults, and its own rules on top.

    Fields that are no number, text or choice (lists, dates) keep their defaults.
    """
    hints = typing.get_type_hints(config)
    validators: dict[str, Any] = {"library_rules": model_validator(mode="after")(_rules(config))}
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(config):
        kind = hints[field.name]
        if field.name in _OURS or not _writable(kind):
            continue
        if field.default is None:
            kind = kind | None
        if kind is int and isinstance(field.default, float):
            kind = float  # the library's annotations are not held to its defaults
        if field.default is not dataclasses.MISSING:
            fields[field.name] = (kind, Field(field.default))
    return create_model(
        f"{config.__name__}Options",
        __base__=Attempts,
        __validators__=validators,
        **fields,
    )


def _rules(config: type) -> Any:
    def library_rules(self: Attempts) -> Attempts:
        try:
            made = config(**self.for_library())
            if hasattr(made, "validate"):
                made.validate()
        except (AssertionError, ValueError, TypeError) as error:
            raise ValueError(str(error) or f"{self.for_library()!r} is not allowed") from None
        return self

    return library_rules


def _writable(kind: Any) -> bool:
    origin = typing.get_origin(kind)
    if origin is typing.Literal:
        return True
    if origin in (typing.Union, types.UnionType):
        return all(arg in (*_SCALARS, type(None)) for arg in typing.get_args(kind))
    return kind in _SCALARS
