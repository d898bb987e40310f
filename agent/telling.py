"""A run that is on record, told again as the events that its watcher was told.

It reads what a run directory holds, without its lock: a run that is finished, cut off, or being played
by another process, which is then told as far as its last committed step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.config import RunConfig, recorded_config
from agent.errors import RunDirectoryError
from agent.events import (
    Began,
    BurstSet,
    Cancelled,
    Edited,
    Event,
    Generated,
    Hinted,
    NotesWritten,
    Opened,
    Passed,
    Phase,
    PhaseWord,
    Pruned,
    Stepped,
    SummaryFailed,
    Thought,
    Windowed,
)
from agent.kept import Kept
from agent.lm.spelling import Spelling
from agent.lm.types import Burst, Generation, Mode, Purpose, Slow
from agent.lm.vocabulary import Vocabulary
from agent.recorded import pass_of
from agent.results import read_results
from agent.rundir import RunDirectory
from agent.trace import read_from
from memory import MemoryFile, Note

WORDS: dict[Purpose, PhaseWord] = {
    "think": "THINKING",
    "summarise": "WRITING NOTES",
    "act": "ACTING",
}


class RecordedRun:
    """A run directory that is only read. Raises RunDirectoryError and ConfigError."""

    def __init__(self, path: Path, vocabulary: Vocabulary | None = None) -> None:
        """`vocabulary` spells the tokens of each pass; without it only whole texts are told."""
        place = path / "config.toml"
        if not place.is_file():
            raise RunDirectoryError(
                f"{str(path)!r} is no run: it has no config.toml; give the directory that `steno run` "
                "or `steno play` made"
            )
        self.path, self.vocabulary = path, vocabulary
        self.config: RunConfig = recorded_config(place).filled()
        self._directory = RunDirectory(path)
        self.memory = self._directory.memory(self.config)

    def episodes(self) -> list[int]:
        """The episodes that were begun."""
        return sorted(
            int(place.stem)
            for place in self._directory.traces.glob("*.jsonl")
            if place.stem.isdigit()
        )

    def uid(self, episode: int) -> str:
        """The episode's name in the memory file. Raises RunDirectoryError before it has one."""
        return f"{self._versions()['run']}/{episode}"

    def episode(self, uid: str) -> int | None:
        """The episode that the memory file calls so; None where it is of another run.

        Raises RunDirectoryError before the run has a name.
        """
        run, _, number = uid.rpartition("/")
        known = (each for each in self.episodes() if str(each) == number)
        return next(known, None) if run == self._versions()["run"] else None

    def model(self) -> str | None:
        """What the model called itself that played. Raises RunDirectoryError."""
        found: str | None = self._versions()["model"]
        return found

    def _versions(self) -> dict[str, Any]:
        told = self._directory.recorded_versions()
        if told is None:
            raise RunDirectoryError(f"the run {str(self.path)!r} was never begun")
        return told

    def outcomes(self) -> dict[int, str]:
        """How the episodes ended that have."""
        with suppress(RunDirectoryError):
            return {row.episode: row.outcome for row in read_results(self.path)}
        return {}

    def tell(self, episode: int) -> Telling:
        """What is on record of an episode, to be told as far as it goes, and on from there."""
        kept = Kept(self.uid(episode))
        teller = _Teller(episode, self.config, kept, self.vocabulary)
        return Telling(self.memory, self._directory.trace(episode), kept, teller)

    def events(self, episode: int) -> Iterator[Event]:
        """Everything that is committed of an episode. Raises MemoryFileError."""
        return self.tell(episode).more()


class Telling:
    """One episode as it grows: each step is read once, when it has been committed."""

    def __init__(self, memory: Path, trace: Path, kept: Kept, teller: _Teller) -> None:
        self._memory, self._trace, self._kept, self._teller = memory, trace, kept, teller
        self._told = 0
        """Bytes of the trace."""

    @property
    def grown(self) -> bool:
        """Whether the trace is longer than what was told of it."""
        try:
            return self._trace.stat().st_size > self._told
        except OSError:
            return False

    def more(self) -> Iterator[Event]:
        """The events of what was committed since the last time. Raises MemoryFileError."""
        with MemoryFile.open(self._memory, read_only=True) as memory:
            for step, end in self._steps():
                last = step[-1]
                # The trace is written before the memory file, which alone says what is committed.
                if last["e"] == "step" and not self._kept.turn_to(memory, last["n"]):
                    return
                for each in step:
                    yield from self._teller.tell(memory, each)
                self._told = end

    def _steps(self) -> Iterator[tuple[list[dict[str, Any]], int]]:
        """The events that belong together, up to a step's or the episode's last, and where they end."""
        found: list[dict[str, Any]] = []
        with suppress(RunDirectoryError):  # a line is being written, or was cut off
            for event, end in read_from(self._trace, self._told):
                found.append(event)
                if event["e"] in ("step", "end"):
                    yield found, end
                    found = []


@dataclass(slots=True)
class _Teller:
    """Turns the events of a trace into those of a watcher, in order."""

    episode: int
    config: RunConfig
    kept: Kept
    vocabulary: Vocabulary | None
    step: int = 1
    tokens: int = 0
    """In the window, as far as told."""
    shown: tuple[Note, ...] = ()
    seed: int = 0

    def tell(self, memory: MemoryFile, event: Mapping[str, Any]) -> Iterator[Event]:
        """The events that a watcher was told when this one was written."""
        kind = event["e"]
        if kind == "episode":
            self.seed = event["seed"]
        elif kind == "notes":
            found = [self.kept.note(memory, uid, version) for uid, version in event["shown"]]
            self.shown = tuple(note for note in found if note is not None)
        elif kind == "segment":
            yield from self._segment(event)
        elif kind == "generate":
            yield from self._generate(event)
        elif kind == "summary":
            yield self._summary(memory, event)
        elif kind == "prune":
            self.tokens = event["after"]
            yield Phase(self.episode, "PRUNING")
            yield self._windowed(event["step"])
            if event["kind"] != "rebuilt":
                sizes = event["before"], event["after"]
                yield Pruned(self.episode, event["step"], event["kind"], *sizes)
        elif kind == "person" and event["what"] == "edit":
            named = [self.kept.version(memory, uid, n) for uid, n in event["versions"]]
            written = tuple(version for version in named if version is not None)
            yield Edited(self.episode, event["step"], written)
        elif kind == "person" and event["what"] == "burst":
            mode = Burst(event["k"], event["confidence"])
            yield BurstSet(self.episode, event["step"], mode)
        elif kind == "step":
            yield self._step(event)
        elif kind == "end":
            yield Phase(self.episode, "ERROR" if event["outcome"] == "error" else "DONE")

    def _text(self, step: int, kind: str, ordinal: int = 0) -> str:
        return self.kept.text(f"{self.kept.uid}/{step}/{kind}/{ordinal}")

    def _windowed(self, step: int) -> Windowed:
        marks = self.config.marks(bare_head=0)
        budget = self.config.window.budget
        return Windowed(self.episode, step, self.tokens, marks.high, budget, self.shown)

    def _segment(self, event: Mapping[str, Any]) -> Iterator[Event]:
        if event["kind"] == "head" and not self.tokens:
            self.tokens = len(event["ids"])
            yield self._windowed(event["turn"])
        text = self.kept.text(event["span"])
        if event["kind"] == "thought":
            yield Thought(self.episode, event["turn"], text)
        elif event["kind"] == "hint":
            yield Hinted(self.episode, event["turn"], text)

    def _generate(self, event: Mapping[str, Any]) -> Iterator[Event]:
        purpose: Purpose = event["purpose"]
        step, window = event["step"], event["window"]
        yield Phase(self.episode, WORDS[purpose])
        yield Began(self.episode, step, purpose, mode_of(event["mode"]), window)
        passes = tuple(map(pass_of, event["passes"]))
        spelling = Spelling(self.vocabulary) if self.vocabulary else None
        for each in passes:
            text = spelling.more(each.token_ids) if spelling else ""
            yield Passed(self.episode, purpose, each, text)
        if event["stop"] == "cancelled":
            yield Cancelled(self.episode, step, purpose)
        else:
            done = Generation(passes, event["stop"], event["wall_ms"] / 1000)
            yield Generated(self.episode, step, purpose, done)

    def _summary(self, memory: MemoryFile, event: Mapping[str, Any]) -> Event:
        step = event["step"]
        if event["refused"] is not None:
            return SummaryFailed(self.episode, step, event["refused"])
        written = self.kept.written(memory, step, event["why"])
        return NotesWritten(self.episode, step, tuple(event["operations"]), written)

    def _step(self, event: Mapping[str, Any]) -> Event:
        number, score = event["n"], event["score"]
        observation = self._text(number, "observation")
        self.step = number + 1
        if number == 0:
            return Opened(self.episode, self.seed, observation, 0, score)
        return Stepped(
            self.episode,
            number,
            event["action"],
            observation,
            score,
            event["window"],
            event["done"],
        )


def mode_of(text: str) -> Mode:
    """A mode as a trace names it: the inverse of str."""
    burst = re.fullmatch(r"burst\((\d+), ([\d.e-]+)\)", text)
    if burst:
        return Burst(int(burst[1]), float(burst[2]))
    return Slow(verified="verified" in text)
