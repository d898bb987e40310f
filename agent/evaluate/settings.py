"""How evaluated games are played: as `steno run` would, but for what an arm changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.config import RunConfig, game_by_game, load_config, merge, read_toml
from agent.errors import ConfigError
from agent.evaluate.arms import Arm
from agent.evaluate.cells import Cell, place
from agent.evaluate.families import Game
from agent.runner import anywhere


def base_settings(file: Path | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Values for every game: what was given, over a TOML file. Raises ConfigError."""
    return game_by_game(merge(read_toml(file) if file else {}, dict(given)))


def config_of(base: Mapping[str, Any], arm: Arm, game: Game, out: Path) -> RunConfig:
    """The config of one game. Raises ConfigError, naming the arm."""
    values = merge(dict(base), dict(arm.settings))
    if values.get("agent", "model") != "model":
        # No model plays: other weights would change nothing, and must not have it played again.
        values.pop("model", None)
    mine = {"env": game.spec, "seed": game.seed, "out": place(out, arm, game)}
    try:
        # As a run records it: a grid that is gone on with is compared with its runs' records.
        return anywhere(load_config(None, **merge(values, mine)))
    except ConfigError as error:
        raise ConfigError(f"arm {arm.name!r}: {error}") from error


def cells_of(
    base: Mapping[str, Any], arms: Sequence[Arm], games: Sequence[Game], out: Path
) -> list[Cell]:
    """Every arm's games, game by game, so that what is done at any moment can be compared."""
    return [Cell(arm, game, config_of(base, arm, game, out)) for game in games for arm in arms]
