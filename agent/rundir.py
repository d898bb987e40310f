"""The run directory: what a run was told, what it ran on, and what came of it.

config.toml     the resolved config, enough to repeat the run
versions.json   this package, Python, the libraries and the machine; the model's fingerprint; the hash
                of config.toml; what a resume ran on
results.jsonl   a row an episode, in the order in which they ended
traces/         one trace an episode
snapshots/      where the environments of unfinished episodes were, if they can say
memory.sqlite   the memory file, unless the config names another
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tomli_w

from agent import versions
from agent.config import RunConfig, recorded_config
from agent.errors import RunDirectoryError
from agent.files import cannot_write, scratch_of, write_atomically
from agent.results import EpisodeResult, read_results
from memory import MemoryFile, MemoryFileDamaged, MemoryFileMissing, NotAMemoryFile

MEMORY = "memory.sqlite"
_HALF_MADE_BYTES = 4096  # a page: a file whose schema was not committed has no more


class RunDirectory:
    """Paths and writers of one run. Writers raise StorageFailed where the disk refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.traces = path / "traces"
        self.snapshots = path / "snapshots"
        self.results = path / "results.jsonl"
        self._lock: int | None = None

    @classmethod
    def create(cls, config: RunConfig) -> RunDirectory:
        """Make the directory of a new run; one that already holds files is refused."""
        run = cls(config.out or Path("runs") / default_name(config))
        with run._closed_on_error():
            try:
                run.path.mkdir(parents=True, exist_ok=True)
                run._take_lock()
                if not run.vacant:
                    raise RunDirectoryError(
                        f"the run directory {str(run.path)!r} is not empty; use another --out"
                    )
                run.traces.mkdir(exist_ok=True)
                run.snapshots.mkdir(exist_ok=True)
            except OSError as error:
                raise RunDirectoryError(
                    f"cannot make the run directory {str(run.path)!r}: {error.strerror}; use another "
                    "--out"
                ) from error
            write_atomically(run._config, tomli_w.dumps(as_toml(config)).encode())
        return run

    @classmethod
    def open(cls, path: Path) -> tuple[RunDirectory, RunConfig]:
        """The directory of a run, and its config, whatever the environment says now. Changes nothing.

        Raises RunDirectoryError where there is no run, or it is being played, or its config is not the
        one that it began with, and ConfigError.
        """
        run = cls(path)
        if not run._config.is_file():
            raise RunDirectoryError(
                f"{str(path)!r} is no run: it has no config.toml; give the directory that "
                "`steno run` made"
            )
        config = recorded_config(run._config)
        run._take_lock()
        with run._closed_on_error():
            then = (run.recorded_versions() or {}).get("config_sha256")
            if then is not None and then != run._config_sha256():
                raise RunDirectoryError(
                    f"{str(run._config)!r} was changed after the run began: restore it from a copy"
                )
        return run, config

    @classmethod
    def reopen(cls, path: Path) -> tuple[RunDirectory, RunConfig]:
        """The same for a run to be resumed. Half a row, cut off by a crash, is taken away.

        Raises what `open` raises, and RunDirectoryError where a row cannot be one of this run.
        """
        run, config = cls.open(path)
        with run._closed_on_error():
            run._cut_half_a_row()
            for why in filter(None, run.contradicted(config, run.rows())):
                raise RunDirectoryError(f"{run.results}: {why}; restore the file from a copy")
        return run, config

    def close(self) -> None:
        """Let others resume the run. Closing twice is fine."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _take_lock(self) -> None:
        """Be the only process that plays this run. The system frees the lock of one that is killed."""
        self._lock = os.open(self.path, os.O_RDONLY)
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
    def vacant(self) -> bool:
        """Whether the directory is empty, or was left by a kill before there was a config."""
        made = (self.traces, self.snapshots)
        return all(
            each == scratch_of(self._config) or (each in made and not any(each.iterdir()))
            for each in self.path.iterdir()
        )

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
        return self.snapshots / f"{index:06}"

    def memory(self, config: RunConfig) -> Path:
        """Where the memory file of this run lies."""
        return config.memory or self.path / MEMORY

    @property
    def begun(self) -> bool:
        """Whether any episode was begun: its trace is made before it writes to the memory file."""
        return any(self.traces.glob("*"))

    def clear_memory(self) -> None:
        """Take away the run's own memory file, for one that was killed while it made it.

        Raises RunDirectoryError where steps are in it: then it is the traces that are missing.
        """
        file = self.path / MEMORY
        try:
            with MemoryFile.open(file, read_only=True) as memory:
                steps = any(memory.steps(episode.uid) for episode in memory.episodes())
        except MemoryFileMissing:
            steps = False
        except (NotAMemoryFile, MemoryFileDamaged) as error:
            # Half made, most likely. It is small then: what is larger may hold somebody's notes.
            if file.stat().st_size > _HALF_MADE_BYTES:
                raise RunDirectoryError(
                    f"{str(self.traces)!r} has no trace, and {str(file)!r} cannot be read ({error}): "
                    "restore both from a copy, or move the file away to begin anew"
                ) from error
            steps = False
        if steps:
            raise RunDirectoryError(
                f"{str(self.traces)!r} has no trace, and the memory file has steps of the run: "
                "restore the traces from a copy"
            )
        for end in ("", "-wal", "-shm", "-journal"):
            (self.path / f"{MEMORY}{end}").unlink(missing_ok=True)

    def record_versions(self, run: str, **known: Any) -> None:
        """Write versions.json: what is `known` of this run, and what it runs on."""
        versions.write(
            self._versions,
            {"run": run, **known, "config_sha256": self._config_sha256(), **versions.here()},
        )

    def recorded_versions(self) -> dict[str, Any] | None:
        """What `record_versions` wrote, None where the run was killed before.

        Raises RunDirectoryError where it is something else.
        """
        return versions.read(self._versions)

    def record_resume(self, **known: Any) -> None:
        """Add to versions.json that the run is resumed, and on what."""
        told = self.recorded_versions() or {}
        now = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **known, **versions.here()}
        told.setdefault("resumed", []).append(now)
        versions.write(self._versions, told)

    def _config_sha256(self) -> str:
        return hashlib.sha256(self._config.read_bytes()).hexdigest()

    def rows(self) -> list[EpisodeResult]:
        """The rows of the episodes that have ended. Raises RunDirectoryError."""
        return read_results(self.path) if self.results.exists() else []

    def contradicted(self, config: RunConfig, rows: Sequence[EpisodeResult]) -> list[str]:
        """Of each row why it cannot be one of this run; "" of one that can."""
        told = self.recorded_versions()
        found: list[str] = []
        seen: set[int] = set()
        for row in rows:
            why, seed = "", config.seed + row.episode
            if not 0 <= row.episode < config.episodes:
                why = f"the run has {config.episodes} (0 to {config.episodes - 1})"
            elif row.episode in seen:
                why = "it has another before"
            elif row.seed != seed:
                why = f"it says seed {row.seed}, and the config gives {seed}"
            elif told is not None and row.uid != f"{told['run']}/{row.episode}":
                why = f"it is called {row.uid!r}, and the run {told['run']!r}"
            seen.add(row.episode)
            found.append(why and f"a row of episode {row.episode} cannot be: {why}")
        return found

    def _cut_half_a_row(self) -> None:
        try:
            content = self.results.read_bytes()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                os.truncate(self.results, whole)
        except FileNotFoundError:
            return
        except OSError as error:
            raise cannot_write(self.results, error) from error

    def append(self, row: EpisodeResult) -> None:
        """Add a results row; it is on the disk when this returns, and not there where it raises."""
        before = self.results.stat().st_size if self.results.exists() else 0
        try:
            with self.results.open("a", encoding="utf-8") as file:
                file.write(row.model_dump_json() + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with suppress(OSError):
                os.truncate(self.results, before)
            raise cannot_write(self.results, error) from error


def default_name(config: RunConfig) -> str:
    """A name that sorts by time and says what was played."""
    kept = "".join(c if c.isalnum() else "-" for c in config.env.partition("?")[0])
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{kept}-{config.seed}"


def as_toml(config: RunConfig) -> dict[str, Any]:
    """The config as TOML values: paths as text, unset keys left out (TOML has no null)."""
    return config.model_dump(mode="json", exclude_none=True)
