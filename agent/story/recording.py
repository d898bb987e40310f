"""One recorded episode, finished or not, read a step at a time: nothing of it is loaded whole.

Each committed step's row in the memory file says where its events end in the trace, so any step is one
seek away. What lies behind the last of them belongs to a step that is being made or was cut off, or to
the end of the game. Nothing is locked and nothing is written: the run may be going on meanwhile.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

from agent.config import RunConfig, recorded_config
from agent.errors import ModelUnavailable, RunDirectoryError
from agent.lm import load_vocabulary
from agent.lm.vocabulary import Vocabulary
from agent.results import EpisodeResult, read_results
from agent.rundir import RunDirectory
from agent.story.parts import Shown
from agent.trace_events import event_of
from memory import Bank, MemoryFile, PruneRecord, Scope, Span, StepRecord, UnknownEpisode

Event = dict[str, Any]


class StoredRun:
    """A run directory to be read: its config, what it ran on, its memory file and its vocabulary."""

    def __init__(self, path: Path) -> None:
        """Raises RunDirectoryError where `path` holds no run, ConfigError, and what the file raises."""
        self.path = path
        self.directory = RunDirectory(path)
        if not (path / "config.toml").is_file():
            raise RunDirectoryError(
                f"{str(path)!r} is no run: it has no config.toml; give the directory that `steno run` "
                "made"
            )
        self.config: RunConfig = recorded_config(path / "config.toml")
        self.versions: dict[str, Any] = self.directory.recorded_versions() or {}
        finished = read_results(path) if self.directory.results.exists() else []
        self._rows = {row.episode: row for row in finished}
        self.memory = MemoryFile.open(self.directory.memory(self.config), read_only=True)
        self._banks: dict[str, Bank] = {}
        self._notes: dict[tuple[str, int], Shown] = {}

    def close(self) -> None:
        """Close the memory file."""
        self.memory.close()

    @property
    def begun(self) -> list[int]:
        """The episodes of which anything is on record, in order."""
        traces = sorted(self.directory.traces.glob("*.jsonl"))
        return [int(path.stem) for path in traces if path.stat().st_size]

    def not_begun(self, index: int) -> RunDirectoryError:
        """What is wrong where an episode is asked for that has left no record."""
        many = self.config.episodes
        return RunDirectoryError(
            f"episode {index} of {str(self.path)!r} is not on record: the run has {many} "
            f"(0 to {many - 1}), of which {len(self.begun)} have begun"
        )

    def row(self, index: int) -> EpisodeResult | None:
        """The results row of an episode; None while it has none."""
        return self._rows.get(index)

    def vocabulary(self) -> Vocabulary | None:
        """What turns the run's token ids into text; None where no model played.

        Raises ModelUnavailable where the model's tokenizer is not on this machine.
        """
        if self.config.agent != "model":
            return None
        title = self.versions.get("model")
        if title is None:
            raise ModelUnavailable(f"{str(self.path)!r} does not say which model played")
        name = title if title == "scripted" else self.config.model.name
        return load_vocabulary(name, title)

    def note(self, uid: str, version: int) -> Shown:
        """A version of a note; without words where it is gone from the memory file or was purged."""
        if (uid, version) not in self._notes:
            bank = self.memory.banks_of([uid]).get(uid)
            history = self.memory.versions(Scope(bank), uid) if bank else []
            for each in history:
                shown = Shown(uid, each.version, each.title or None, each.body or None)
                self._notes[uid, each.version] = shown
        return self._notes.get((uid, version)) or Shown(uid, version, None, None)


class Recording:
    """One episode of a run. Its first `len(steps)` steps are committed; see the module for the rest."""

    def __init__(self, run: StoredRun, index: int) -> None:
        """Raises RunDirectoryError where the episode has not begun or its trace is damaged."""
        self.run, self.index = run, index
        path = run.directory.trace(index)
        try:
            self._file: IO[bytes] = path.open("rb")
        except FileNotFoundError as error:
            raise run.not_begun(index) from error
        except OSError as error:
            raise RunDirectoryError(f"cannot read the trace {path}: {error.strerror}") from error
        try:
            first = _parsed(self._file.readline(), path, "at its beginning")
            if first is None:
                raise run.not_begun(index)
            if first["e"] != "episode":
                raise _damaged(path, "at its beginning", "it does not say what is played")
            self.uid: str = first["uid"]
            self.seed: int = first["seed"]
            self.budget: int = first["budget"]
            self.steps: list[StepRecord] = self._committed()
        except BaseException:
            self.close()
            raise
        self._prunes: dict[str, PruneRecord] | None = None

    def close(self) -> None:
        """Close the trace."""
        self._file.close()

    @property
    def row(self) -> EpisodeResult | None:
        """The results row; None while the episode has not ended."""
        return self.run.row(self.index)

    def events(self, number: int) -> list[Event]:
        """The events of a step; for `len(steps)`, those behind the last committed one.

        Raises RunDirectoryError where the trace is damaged there.
        """
        start = self.steps[number - 1].trace_offset if number else 0
        self._file.seek(start)
        path, where = self.run.directory.trace(self.index), f"in step {number}"
        if number < len(self.steps):
            size = self.steps[number].trace_offset - start
            content = self._file.read(size)
            if len(content) < size:
                raise RunDirectoryError(
                    f"{path} ends {where}, and the memory file knows {len(self.steps) - 1} steps: it "
                    "was cut short; restore it from a copy"
                )
            parsed = (_parsed(line, path, where) for line in content.splitlines(keepends=True))
            return [event for event in parsed if event is not None]
        found = []
        for line in self._file:
            event = _parsed(line, path, where)
            # A step that was committed since this recording was opened is not of its steps.
            if event is None or event["e"] == "step":
                break
            found.append(event)
        return found

    def spans(self, number: int) -> list[Span]:
        """The raw texts of a step."""
        return self.run.memory.spans(self.uid, step=number) if self.steps else []

    def prune(self, key: str) -> PruneRecord | None:
        """The prune that was committed under this key (agent/nodes.py); None where there is none."""
        if self._prunes is None:
            records = self.run.memory.prunes(self.uid) if self.steps else []
            self._prunes = {record.key: record for record in records}
        return self._prunes.get(key)

    def notes_before(self, number: int) -> list[Shown]:
        """The notes that the window showed when a step began."""
        for before in range(number - 1, -1, -1):
            for event in reversed(self.events(before)):
                if event["e"] == "notes":
                    return [self.run.note(uid, version) for uid, version in event["shown"]]
        return []

    def _committed(self) -> list[StepRecord]:
        try:
            return self.run.memory.steps(self.uid)
        except UnknownEpisode:  # it was cut off before its first step
            return []


def _parsed(line: bytes, path: Path, where: str) -> Event | None:
    """A line of a trace; None for half a line, which is still being written."""
    if not line.endswith(b"\n"):
        return None
    try:
        return event_of(line)
    except ValueError as error:
        raise _damaged(path, where, str(error)) from error


def _damaged(path: Path, where: str, why: str) -> RunDirectoryError:
    return RunDirectoryError(
        f"{path} is damaged {where}: a line there is no event ({why}); restore it from a copy"
    )
