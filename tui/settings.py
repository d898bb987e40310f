"""What a person likes: a theme and keys of their own, in tui.toml in the config folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from agent.config import describe, read_toml
from agent.errors import ConfigError
from tui.keys import keymap
from tui.themes import THEMES


class Settings(BaseModel):
    """The settings of the screen; none of them changes what is played."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    theme: str = Field("dark", description="dark, light or contrast")
    keys: dict[str, str] = Field(default_factory=dict, description="a command's name = a key")

    @field_validator("theme")
    @classmethod
    def _theme_is_known(cls, theme: str) -> str:
        if theme not in THEMES:
            raise ConfigError(f"theme {theme!r}: use one of {', '.join(THEMES)}")
        return theme

    @field_validator("keys")
    @classmethod
    def _keys_are_known(cls, keys: dict[str, str]) -> dict[str, str]:
        keymap(keys)
        return keys


def place() -> Path:
    """Where the settings are looked for."""
    return Path(platformdirs.user_config_dir("steno")) / "tui.toml"


def load(file: Path | None = None) -> Settings:
    """The settings of a file, or the defaults where there is none. Raises ConfigError."""
    where = file or place()
    if file is None and not where.is_file():
        return Settings()
    values: dict[str, Any] = read_toml(where)
    try:
        return Settings(**values)
    except ValidationError as error:
        raise ConfigError(f"{where}: {describe(error)}") from error
