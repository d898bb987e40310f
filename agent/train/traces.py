"""Traces of a run become sequences to learn from: one for each life of a window.

A window lives from its head to the next prune, and only grows. What leaves it without a prune (the
exchange about notes, once it is done with) is a branch: it ends the sequence that it hangs on, and the
window goes on in the next one. What an earlier sequence has taught is context in a later one, so each
token that the model wrote is in `written` exactly once.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.context import Window
from agent.errors import TrainingFailed
from agent.lm.types import Purpose
from agent.trace import UNBOUNDED, windows
from agent.train.sequences import TokenSequence, Written

_PURPOSES: dict[str, Purpose] = {"thought": "think", "action": "act"}


@dataclass(slots=True)
class _Life:
    """The sequence that is being put together."""

    ids: list[int] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    branched: bool = False
    """Whether its last ids have left the window: nothing can follow them."""

    def add(self, ids: list[int], first: int, last: int, purpose: Purpose | None) -> None:
        """Append ids; those from `first` up to `last` were written by the model."""
        at = len(self.ids)
        self.ids += ids
        if purpose is not None and last > first:
            self.written.append(Written(start=at + first, stop=at + last, purpose=purpose))


def sequences(path: Path, *, source: str | None = None) -> Iterator[TokenSequence]:
    """The sequences of one episode's trace, in the order in which they were lived.

    `source` and the seed are those of the trace's first line, unless `source` is given. Sequences in
    which the model wrote nothing are left out. Raises RunDirectoryError for a file that is no trace, and
    TrainingFailed where the trace contradicts itself.
    """
    cues = _cues(path)
    told: dict[str, Any] = {}
    life, window = _Life(), Window(UNBOUNDED)
    pending: dict[str, Any] | None = None
    for event, after in windows(path):
        kind = event["e"]
        if kind == "episode":
            told = event
        elif kind == "generate":
            if pending is not None:
                _branch(life, pending, cues)
            life = yield from _resumed(life, window, told, source)
            _check(path, event, life, cues)
            pending = event
        elif kind == "segment" and event["kind"] != "head":
            purpose = _PURPOSES.get(event["kind"])
            if pending is not None and pending["purpose"] != purpose:
                _branch(life, pending, cues)  # what it wrote never entered the window
            pending = None
            life = yield from _resumed(life, window, told, source)
            first, last = event["sampled"]
            life.add(event["ids"], first, last, purpose)
        elif kind == "drop" and event["ids"]:
            if pending is not None:
                _branch(life, pending, cues)
                pending = None
            life.branched = True
        elif kind == "prune":
            yield from _closed(life, told, source)
            life = _Life(after.ids)
        elif kind == "segment":
            life.ids = life.ids or list(event["ids"])
        window = after
    if pending is not None:
        _branch(life, pending, cues)
    yield from _closed(life, told, source)


def _resumed(
    life: _Life, window: Window, told: dict[str, Any], source: str | None
) -> Generator[TokenSequence, None, _Life]:
    """The sequence to go on with: the same one, or after a branch a new one of the window alone."""
    if not life.branched:
        return life
    yield from _closed(life, told, source)
    return _Life(window.ids)


def _branch(life: _Life, event: dict[str, Any], cues: dict[str, list[int]]) -> None:
    """Hang what a generation wrote on the end of the sequence, where it never entered the window."""
    written = [token for each in event["passes"] for token in each[0]]
    purpose: Purpose = event["purpose"]
    cue = cues.get(purpose, [])  # where no segment shows the cue, the branch cannot be told
    if event["window"] == len(life.ids) + len(cue) and written:
        life.add([*cue, *written], len(cue), len(cue) + len(written), purpose)
    life.branched = True


def _closed(life: _Life, told: dict[str, Any], source: str | None) -> Iterator[TokenSequence]:
    if life.written:
        yield TokenSequence(
            ids=tuple(life.ids),
            written=tuple(life.written),
            source=source or str(told["env"]),
            seed=int(told["seed"]),
            vocabulary=told.get("vocabulary"),
        )


def _check(path: Path, event: dict[str, Any], life: _Life, cues: dict[str, list[int]]) -> None:
    cue = len(cues.get(event["purpose"], []))
    more = event["window"] - len(life.ids)
    if more not in {0, cue} and (cue or more < 0):
        raise TrainingFailed(
            f"{path}: at step {event['step']} the model saw {event['window']} tokens and the trace "
            f"tells of {len(life.ids)} and a cue of {cue}; use a trace that was not changed"
        )


def _cues(path: Path) -> dict[str, list[int]]:
    """The ids that stood before what the model wrote, for each purpose, as its segments show them."""
    cues: dict[str, list[int]] = {}
    for event, _ in windows(path):
        if event["e"] == "segment" and event["kind"] in _PURPOSES and event["sampled"][1]:
            cues.setdefault(_PURPOSES[event["kind"]], event["ids"][: event["sampled"][0]])
    return cues


def of_run(run: Path) -> Iterator[TokenSequence]:
    """The sequences of all traces of a run directory, episode by episode.

    Raises TrainingFailed where the directory has no traces.
    """
    for trace in files_of(run):
        yield from sequences(trace)


def files_of(run: Path) -> list[Path]:
    """The traces of a run directory. Raises TrainingFailed where there are none."""
    traces = sorted((run / "traces").glob("*.jsonl"))
    if not traces:
        raise TrainingFailed(
            f"no traces in {str(run)!r}; give the directory that `steno run` wrote (--out)"
        )
    return traces
