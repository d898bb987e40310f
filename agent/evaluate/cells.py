"""One game of one arm on disk: a run directory of its own, and beside the run's files `game.json`.

    OUT/<arm>/<family>/<seed>/   what `steno run` would have left, and game.json

`game.json` is written last, by an atomic rename: a game that has it is finished and not played again.
"""

from __future__ import annotations

import shutil
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, ValidationError, model_validator

from agent.config import RunConfig, describe, differing
from agent.errors import ConfigError, RunDirectoryError
from agent.evaluate.arms import Arm
from agent.evaluate.families import Game
from agent.files import write_atomically
from agent.lm.types import BURST_SIZE, LanguageModel
from agent.report.episode import Episode
from agent.report.runs import RECORD
from agent.rundir import RunDirectory, as_toml
from agent.runner import is_exact


class Played(Episode):
    """What became of one game: the run's row, and what only the evaluation knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: int
    replaced: int
    """Tokens of transcript that notes took the place of."""
    donor: int | None = None
    """The seed of the game whose notes were shown, in an arm that swaps them."""

    @model_validator(mode="before")
    @classmethod
    def _listed_is_the_rows(cls, values: Any) -> Any:
        # Records of grids that were played before runs counted this themselves.
        if isinstance(values, dict) and "listed" in values and isinstance(values["row"], dict):
            listed = values["listed"]
            values = {k: v for k, v in values.items() if k != "listed"}
            values["row"] = {**values["row"], "listed": listed}
        return values


@dataclass(frozen=True, slots=True)
class Cell:
    """A game that an arm is to play, and how."""

    arm: Arm
    game: Game
    config: RunConfig

    @property
    def directory(self) -> Path:
        """Where it lies."""
        assert self.config.out is not None
        return self.config.out

    def __str__(self) -> str:
        return f"{self.arm.name} {self.game}"


def place(out: Path, arm: Arm, game: Game) -> Path:
    """The directory of a cell."""
    return out / arm.folder / game.family / f"{game.seed:05}"


def finished(cell: Cell, model: LanguageModel | None) -> Played | None:
    """The record of a cell that was played before, None where it was not, or not to its end.

    `model` would play it; where none is loaded, weights are not compared, and None is told of a record
    that only they can decide on. Raises ConfigError where it was played with other settings or weights,
    RunDirectoryError for a damaged record.
    """
    record = cell.directory / RECORD
    if not record.is_file():
        return None
    differs = _differences(cell, model)
    # How large bursts are, where it was left open, is the adapter's to say.
    left_open = model is None and cell.config.agent == "model" and cell.config.think.k is None
    unsure = differs.pop("think.k", None) if left_open else None
    if differs:
        how = "; with ".join(f"{key} {a}, and now it is {b}" for key, (a, b) in differs.items())
        raise ConfigError(
            f"{cell.directory} was played with {how}; use another --out, or remove what is to be "
            "played again"
        )
    if unsure:
        return None
    played = read_record(record)
    told = RunDirectory(cell.directory).recorded_versions()
    if told is None:
        raise RunDirectoryError(
            f"{cell.directory} has a record and no versions.json: restore it from a copy, or remove "
            "the directory to have the game played again"
        )
    if not _same_weights(told, model):
        raise ConfigError(
            f"{cell.directory} was played by a model with other weights; use another --out, or "
            "remove what is to be played again"
        )
    return played


def begun(cell: Cell, model: LanguageModel | None) -> bool:
    """Whether a run of this cell lies there that `model` can go on with, at the precision that it had.

    What is shown another game's notes is played anew: which came last is on no record.
    """
    told = RunDirectory(cell.directory).recorded_versions()
    if cell.arm.notes_from is not None or told is None:
        return False
    if model is not None and is_exact(told) != is_exact({"numerics": model.numerics}):
        return False
    return not _differences(cell, model) and _same_weights(told, model)


def _differences(cell: Cell, model: LanguageModel | None) -> dict[str, tuple[str, str]]:
    """What lies there and the cell as `model` would play it: the settings that are not the same."""
    config = cell.config.filled()
    if cell.config.agent == "model":
        config = config.within(model.burst_limit if model else BURST_SIZE)
    return differing(recorded_settings(cell.directory), as_toml(config), {"out"})


def _same_weights(told: Mapping[str, Any], model: LanguageModel | None) -> bool:
    """Whether `model` played what has these versions; None: whichever did."""
    return model is None or told["fingerprint"] in {None, model.fingerprint}


def clear(directory: Path) -> None:
    """Remove what a game that never ended has left. Raises RunDirectoryError for a stranger's files."""
    if not directory.exists():
        return
    if not (RunDirectory(directory).vacant or (directory / "config.toml").is_file()):
        raise RunDirectoryError(
            f"{str(directory)!r} holds files that are no run's; use another --out"
        )
    shutil.rmtree(directory)


def write_record(directory: Path, played: Played) -> None:
    """Write the record, whole or not at all. Raises StorageFailed."""
    write_atomically(directory / RECORD, played.model_dump_json(indent=1).encode() + b"\n")


def read_record(path: Path) -> Played:
    """Read a record. Raises RunDirectoryError for what is none."""
    try:
        return Played.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        what = describe(error) if isinstance(error, ValidationError) else error
        raise RunDirectoryError(f"{path} is no record of a game: {what}") from error


def found_below(out: Path) -> list[tuple[Path, Played]]:
    """Every finished game below a directory, by arm, family and seed. Raises RunDirectoryError."""
    records = sorted(out.glob(f"*/*/*/{RECORD}"))
    if not records:
        raise RunDirectoryError(f"no games in {str(out)!r}: give the --out of a `steno eval`")
    return [(record.parent, read_record(record)) for record in records]


def unfinished_below(
    out: Path, finished: Sequence[tuple[Path, Played]]
) -> Counter[tuple[str, str]]:
    """How many games below a directory have begun and not ended, by arm and family.

    `finished` are those that have; an arm of which none has is called by its directory.
    """
    begun = [path.parent for path in sorted(out.glob("*/*/*/config.toml"))]
    names = {path.parent.parent: played.arm for path, played in finished}
    return Counter(
        (names.get(path.parent.parent, path.parent.parent.name), path.parent.name)
        for path in begun
        if not (path / RECORD).is_file()
    )


def recorded_settings(directory: Path) -> dict[str, Any]:
    """What a game is or was played with. Raises RunDirectoryError."""
    path = directory / "config.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunDirectoryError(f"{path} does not read: {error}") from error
