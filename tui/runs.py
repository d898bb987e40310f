"""The runs in a folder: which can be walked through, and which can be gone on with."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from agent.errors import EXPECTED, ConfigError
from agent.telling import RecordedRun

FOLDER = Path("runs")
MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A run directory, what it plays, and how many of its episodes have ended."""

    path: Path
    env: str
    seed: int
    ended: int
    episodes: int

    @property
    def finished(self) -> bool:
        """Whether nothing is left to play."""
        return self.ended >= self.episodes

    def __str__(self) -> str:
        state = "finished" if self.finished else "unfinished"
        return f"{self.path}: {self.env} seed {self.seed}, {self.ended}/{self.episodes}, {state}"


def recent(folder: Path = FOLDER) -> list[Found]:
    """The newest runs of a folder, the newest first."""
    if not folder.is_dir():
        return []
    places = [each for each in folder.iterdir() if (each / "config.toml").is_file()]
    places.sort(key=lambda each: (each / "config.toml").stat().st_mtime, reverse=True)
    listed = []
    for place in places[:MOST_LISTED]:
        with suppress(*EXPECTED):  # of another version, or damaged: it is not for this list
            listed.append(found(place))
    return listed


def found(place: Path) -> Found:
    """The run in a directory. Raises RunDirectoryError and ConfigError."""
    run = RecordedRun(place)
    config = run.config
    return Found(place, config.env, config.seed, len(run.outcomes()), config.episodes)


def newest_unfinished(folder: Path = FOLDER) -> Path:
    """The run that `--resume` means where none is named. Raises ConfigError."""
    for each in recent(folder):
        if not each.finished:
            return each.path
    raise ConfigError(f"there is no unfinished run in {str(folder)!r}: name one, or begin one")
