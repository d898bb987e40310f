"""A grid file: a person's own arms and families, in TOML.

[arms.short-thoughts]
think = { mode = "burst", max_tokens = 16 }

[arms.without]                  # another policy, trained without notes
model = { policy = "out/policy-without-notes" }
notes = { enabled = false }

[families]
small = ["textworld/treasure-hunter?level=1", "textworld/treasure-hunter?level=2"]
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import pydantic
from pydantic import BaseModel, ConfigDict, Field

from agent.config import NOT_TO_BE_SET, describe, load_config, merge, read_toml
from agent.errors import ConfigError
from agent.evaluate.arms import ARMS, NOTES_FROM
from agent.evaluate.families import FAMILIES

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    arms: dict[str, dict[str, Any]] = {}
    families: dict[str, Annotated[list[str], Field(min_length=1)]] = {}


@dataclass(frozen=True, slots=True)
class GridFile:
    """Arms and families beside those built in."""

    arms: dict[str, dict[str, Any]] = field(default_factory=dict)
    families: dict[str, tuple[str, ...]] = field(default_factory=dict)


def read_grid(file: Path) -> GridFile:
    """The arms and families of a TOML file.

    Raises ConfigError, naming the file and the arm, family or key that is wrong.
    """
    try:
        read = _File.model_validate(read_toml(file))
    except pydantic.ValidationError as error:
        raise ConfigError(f"{file}: {describe(error)}") from error
    for what, names, built_in in (
        ("arm", read.arms, ARMS),
        ("family", read.families, FAMILIES),
    ):
        for name in names:
            if name in built_in:
                raise ConfigError(f"{file}: the {what} {name!r} is built in; use another name")
            if not _NAME.fullmatch(name):
                raise ConfigError(
                    f"{file}: the {what} {name!r} gives its name to a directory; use letters, "
                    "digits, '.', '_' and '-'"
                )
    for name, settings in read.arms.items():
        _check_settings(file, name, settings)
    return GridFile(read.arms, {name: tuple(specs) for name, specs in read.families.items()})


def _check_settings(file: Path, name: str, settings: dict[str, Any]) -> None:
    values = {key: value for key, value in settings.items() if key != NOTES_FROM}
    reserved = (NOT_TO_BE_SET - {"agent"}) & values.keys()
    if reserved:
        raise ConfigError(f"{file}: arm {name!r} sets {min(reserved)}, which the grid itself sets")
    try:
        load_config(None, **merge(values, {"env": "any/game"}))
    except ConfigError as error:
        raise ConfigError(f"{file}: arm {name!r}: {error}") from error
