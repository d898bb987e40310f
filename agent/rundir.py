"""The run directory: what a run was told, what it ran on, and what came of it.

config.toml     the resolved config, enough to repeat the run
versions.json   this package, Python, the libraries and the machine; the model's fingerprint
results.jsonl   a row an episode, in the order in which they ended
traces/         one trace an episode
memory.sqlite   the memory file, unless the config names another
checkpoints.sqlite  where in a step each unfinished episode is
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tomli_w

from agent.config import RunConfig
from agent.errors import RunDirectoryError, StorageFailed
from agent.results import EpisodeResult

_LIBRARIES = (
    "steno-agent",
    "torch",
    "transformers",
    "langgraph",
    "sqlite-utils",
    "textworld",
    "llguidance",
    "numpy",
)


class RunDirectory:
    """Paths and writers of one run. Writers raise StorageFailed where the disk refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.traces = path / "traces"
        self.results = path / "results.jsonl"
        self.checkpoints = path / "checkpoints.sqlite"

    @classmethod
    def create(cls, config: RunConfig) -> RunDirectory:
        """Make the directory of a new run; one that already holds files is refused."""
        run = cls(config.out or Path("runs") / default_name(config))
        try:
            if run.path.exists() and any(run.path.iterdir()):
                raise RunDirectoryError(
                    f"the run directory {str(run.path)!r} is not empty; use another --out"
                )
            run.traces.mkdir(parents=True)
        except OSError as error:
            raise RunDirectoryError(
                f"cannot make the run directory {str(run.path)!r}: {error.strerror}; use another --out"
            ) from error
        run._write("config.toml", tomli_w.dumps(as_toml(config)))
        return run

    def memory(self, config: RunConfig) -> Path:
        """Where the memory file of this run lies."""
        return config.memory or self.path / "memory.sqlite"

    def record_versions(self, run: str, **known: Any) -> None:
        """Write versions.json: what is `known` of this run, and what it runs on."""
        self._write(
            "versions.json", json.dumps({"run": run, **known, **versions()}, indent=1) + "\n"
        )

    def append(self, row: EpisodeResult) -> None:
        """Add a results row; it is on the disk when this returns."""
        try:
            with self.results.open("a", encoding="utf-8") as file:
                file.write(row.model_dump_json() + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise _cannot_write(self.results, error) from error

    def _write(self, name: str, text: str) -> None:
        try:
            (self.path / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise _cannot_write(self.path / name, error) from error


def default_name(config: RunConfig) -> str:
    """A name that sorts by time and says what was played."""
    kept = "".join(c if c.isalnum() else "-" for c in config.env.partition("?")[0])
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{kept}-{config.seed}"


def as_toml(config: RunConfig) -> dict[str, Any]:
    """The config as TOML values: paths as text, unset keys left out (TOML has no null)."""
    return config.model_dump(mode="json", exclude_none=True)


def versions() -> dict[str, Any]:
    """What this process runs on."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return {
        "packages": found,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
    }


def _cannot_write(path: Path, error: OSError) -> StorageFailed:
    reason = error.strerror or type(error).__name__
    return StorageFailed(f"cannot write {str(path)!r}: {reason}; free space or use another --out")
