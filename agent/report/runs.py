"""Run directories as they lie on the disk: of runs that have ended, and of those still played.

Nothing is written or locked, so a run that is being played is not disturbed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from agent.config import describe, read_toml
from agent.errors import ConfigError, RunDirectoryError
from agent.results import EpisodeResult, read_results
from agent.rundir import RunDirectory

RECORD = "game.json"
"""What `steno eval` puts beside a run's files, once its game is finished: whose it was, and more."""
_DEEPEST = 4
"""Folders below the one that was named: a `steno eval` keeps its runs in arm/family/seed."""


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """One run: what it was told, and the rows of the episodes that have ended."""

    path: Path
    named: Path
    """The directory that a person named: this one, or one above it."""
    env: str
    episodes: int
    """How many it was to have."""
    settings: dict[str, Any]
    """The recorded config as TOML gives it: one of an earlier version reads, too."""
    fingerprint: str | None
    """Of the model's weights and adapters; None where no model plays, or nothing was begun yet."""
    rows: list[EpisodeResult]
    arm: str | None = None
    """What `steno eval` called its arm and family; None for a run of its own."""
    family: str | None = None


class _Whose(BaseModel):
    """The part of an evaluation's record that says whose game it is."""

    arm: str
    family: str


def read_runs(paths: Sequence[Path]) -> list[RecordedRun]:
    """The runs in these directories, each of which is a run's or holds runs.

    Raises RunDirectoryError for a path without runs, a damaged run and a run that is named twice.
    """
    runs = [_read(found, path) for path in paths for found in _found(path)]
    times = Counter(run.path.resolve() for run in runs)
    twice = [run.path for run in runs if times[run.path.resolve()] > 1]
    if twice:
        raise RunDirectoryError(f"the run {str(twice[0])!r} is named twice: name each once")
    return runs


def _found(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        what = "is no directory" if path.exists() else "does not exist"
        raise RunDirectoryError(
            f"{str(path)!r} {what}; give the directory of a run, or one that holds runs"
        )
    if _is_run(path):
        yield path
        return
    runs = list(_below(path))
    if not runs:
        raise RunDirectoryError(
            f"no run in {str(path)!r}: neither it nor a folder in it has a config.toml and traces/, as "
            "`steno run` leaves them"
        )
    yield from runs


def _is_run(path: Path) -> bool:
    # Training leaves a config, too; only runs have traces.
    return (path / "config.toml").is_file() and (path / "traces").is_dir()


def _below(path: Path) -> Iterator[Path]:
    for folder, inside, _ in os.walk(path):
        here = Path(folder)
        inside.sort()
        if _is_run(here):
            yield here
            inside.clear()
        elif len(here.relative_to(path).parts) == _DEEPEST:
            inside.clear()


def _read(path: Path, named: Path) -> RecordedRun:
    try:
        settings = read_toml(path / "config.toml")
    except ConfigError as error:
        raise RunDirectoryError(str(error)) from error
    env, episodes = settings.get("env"), settings.get("episodes")
    if not isinstance(env, str) or not isinstance(episodes, int):
        raise RunDirectoryError(
            f"{path / 'config.toml'} lacks env or episodes: it is no run's config, or damaged"
        )
    # Made with the first row.
    rows = read_results(path) if (path / "results.jsonl").exists() else []
    times = Counter(row.episode for row in rows)
    twice = [episode for episode, count in times.items() if count > 1]
    if twice:
        raise RunDirectoryError(
            f"{path / 'results.jsonl'} holds episode {twice[0]} twice: restore the file from a copy"
        )
    whose = _whose(path / RECORD)
    return RecordedRun(
        path,
        named,
        env,
        episodes,
        settings,
        (RunDirectory(path).recorded_versions() or {}).get("fingerprint"),
        rows,
        arm=whose.arm if whose else None,
        family=whose.family if whose else None,
    )


def _whose(record: Path) -> _Whose | None:
    try:
        return _Whose.model_validate_json(record.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunDirectoryError(f"cannot read {str(record)!r}: {error.strerror}") from error
    except ValidationError as error:
        raise RunDirectoryError(
            f"{record} is no record of a game ({describe(error)[:200]}); remove it, and the same "
            "`steno eval` plays the game again"
        ) from error
