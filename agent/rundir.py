"""The run directory: what a run was told, what it ran on, and what came of it.

config.toml     the resolved config, enough to repeat the run
versions.json   this package, Python, the libraries and the machine; the model's fingerprint; what a
                resume ran on
results.jsonl   a row an episode, in the order in which they ended
traces/         one trace an episode
snapshots/      where the environments of unfinished episodes were, if they can say
memory.sqlite   the memory file, unless the config names another
"""

from __future__ import annotations

import fcntl
import importlib.metadata
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import tomli_w

from agent.config import RunConfig, recorded_config
from agent.errors import RunDirectoryError
from agent.files import cannot_write, write_atomically
from agent.machine import processor
from agent.results import EpisodeResult, read_results

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

MEMORY = "memory.sqlite"


class RunDirectory:
    """Paths and writers of one run. Writers raise StorageFailed where the disk refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.traces = path / "traces"
        self.results = path / "results.jsonl"
        self._lock: IO[bytes] | None = None

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
            (run.path / "snapshots").mkdir()
        except OSError as error:
            raise RunDirectoryError(
                f"cannot make the run directory {str(run.path)!r}: {error.strerror}; use another --out"
            ) from error
        write_atomically(run._config, tomli_w.dumps(as_toml(config)).encode())
        run._take_lock()
        return run

    @classmethod
    def reopen(cls, path: Path) -> tuple[RunDirectory, RunConfig]:
        """The directory of a run to be resumed, and its config, whatever the environment says now.

        Raises RunDirectoryError where there is no run, or it is being played, and ConfigError.
        """
        run = cls(path)
        if not run._config.is_file():
            raise RunDirectoryError(
                f"{str(path)!r} is no run to resume: it has no config.toml; give the directory that "
                "`steno run` made"
            )
        config = recorded_config(run._config)
        run._take_lock()
        return run, config

    def close(self) -> None:
        """Let others resume the run. Closing twice is fine."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _take_lock(self) -> None:
        """Be the only process that plays this run. The system frees the lock of one that is killed."""
        self._lock = self._config.open("rb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise RunDirectoryError(
                f"the run {str(self.path)!r} is being played by another process; wait for its end"
            ) from error
        except OSError:
            pass  # a file system without locks: nobody can be kept out there

    @property
    def _config(self) -> Path:
        return self.path / "config.toml"

    @property
    def _versions(self) -> Path:
        return self.path / "versions.json"

    def trace(self, index: int) -> Path:
        """Where the trace of an episode lies."""
        return self.traces / f"{index:06}.jsonl"

    def snapshot(self, index: int) -> Path:
        """Where a snapshot of an episode's environment lies."""
        return self.path / "snapshots" / f"{index:06}"

    def memory(self, config: RunConfig) -> Path:
        """Where the memory file of this run lies."""
        return config.memory or self.path / MEMORY

    @property
    def begun(self) -> bool:
        """Whether any episode was begun: its trace is made before it writes to the memory file."""
        return any(self.traces.iterdir())

    def clear_memory(self) -> None:
        """Take away the run's own memory file, for one that was killed while it made it."""
        for end in ("", "-wal", "-shm", "-journal"):
            (self.path / f"{MEMORY}{end}").unlink(missing_ok=True)

    def record_versions(self, run: str, **known: Any) -> None:
        """Write versions.json: what is `known` of this run, and what it runs on."""
        told = {"run": run, **known, **versions()}
        write_atomically(self._versions, _as_json(told))

    def recorded_versions(self) -> dict[str, Any] | None:
        """What `record_versions` wrote, None where the run was killed before."""
        try:
            told: dict[str, Any] = json.loads(self._versions.read_bytes())
            return told
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise RunDirectoryError(f"cannot read {str(self._versions)!r}: {error}") from error

    def record_resume(self, **known: Any) -> None:
        """Add to versions.json that the run is resumed, and on what."""
        told = self.recorded_versions() or {}
        now = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **known, **versions()}
        told.setdefault("resumed", []).append(now)
        write_atomically(self._versions, _as_json(told))

    def rows(self) -> list[EpisodeResult]:
        """The rows of the episodes that have ended; half a row, cut off by a crash, is taken away."""
        if not self.results.exists():
            return []
        try:
            with self.results.open("r+b") as file:
                content = file.read()
                whole = content.rfind(b"\n") + 1
                if whole < len(content):
                    file.truncate(whole)
        except OSError as error:
            raise cannot_write(self.results, error) from error
        return read_results(self.path)

    def append(self, row: EpisodeResult) -> None:
        """Add a results row; it is on the disk when this returns."""
        try:
            with self.results.open("a", encoding="utf-8") as file:
                file.write(row.model_dump_json() + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise cannot_write(self.results, error) from error


def default_name(config: RunConfig) -> str:
    """A name that sorts by time and says what was played."""
    kept = "".join(c if c.isalnum() else "-" for c in config.env.partition("?")[0])
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{kept}-{config.seed}"


def as_toml(config: RunConfig) -> dict[str, Any]:
    """The config as TOML values: paths as text, unset keys left out (TOML has no null)."""
    return config.model_dump(mode="json", exclude_none=True)


def _as_json(told: dict[str, Any]) -> bytes:
    return json.dumps(told, indent=1).encode() + b"\n"


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
        "processor": processor(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
    }
