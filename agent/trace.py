"""The trace: an append-only record of every pass of an episode, one JSON object a line.

Events (`e`):
- `episode`: what is played, and in which vocabulary the ids are, once, first.
- `segment`: a segment entered the window: its id, kind, turn, token ids, span, sampled range.
- `generate`: one generation: purpose, mode, the passes (kept ids, log-probabilities, prefill positions),
  the stop, and the window's length when it began. Where a person changed how it thinks in its middle,
  `turns`: after how many passes, to which k and confidence.
- `person`: what a person did: `hint`, `burst`, `edit` of a note, or of an action `refuse`, `replace`,
  `give`. Each stands where it took effect, a `burst` that changed a generation right behind it; a
  generation that they cancelled has the stop `cancelled`.
- `summary`: note operations as they were committed, or why they were refused.
- `notes`: the notes (uid, version) that the next head shows, in the order of their numbers.
- `drop`: segments left the window without a prune (a summary exchange whose work is done, or failed).
- `prune`: the window was rebuilt: its recipe, tokens before and after.
- `step`: the environment answered: action, score, observation hash, the window's length, milliseconds
  since the episode began, and whether the game had `listed` the action as possible, if it lists any.
  Its line ends at the offset that the memory file's `steps` row holds, so a trace can be cut back to
  any committed step.
- `end`: how it ended.

Token ids are exact, so training and replay never tokenise again.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple
from pathlib import Path
from typing import IO, Any

from agent.context import Segment, Window, parse_recipe
from agent.errors import RunDirectoryError, StorageFailed
from agent.files import advice
from agent.lm.types import Generation, Pass, Request
from agent.trace_events import event_of

UNBOUNDED = 2**31
"""More tokens than any window has: the budget where a trace is read for what it holds, not checked."""


def any_judged(each: Pass) -> bool:
    """Whether anything is known of a pass's agreement: most passes keep one token and have none."""
    return any(agreed is not None for agreed in each.agreed)


OnEvent = Callable[[dict[str, Any]], None]


def nothing(_event: Mapping[str, Any]) -> None:
    """What a trace tells of its events where nobody counts them."""


class Trace:
    """Writes one episode's trace. Raises StorageFailed where the disk refuses."""

    def __init__(
        self,
        path: Path,
        *,
        cut_at: int | None = None,
        on_event: OnEvent = nothing,
    ) -> None:
        """A new trace, or one that is cut back to its first `cut_at` bytes and goes on from there.

        `on_event` is told each event that is written. Raises RunDirectoryError where there is less to
        cut back.
        """
        self.path = path
        self._on_event = on_event
        try:
            if cut_at is not None:
                _require_whole_lines(path, cut_at)
            if cut_at is None or not path.exists():
                self._file: IO[bytes] = path.open("xb")  # a trace is never overwritten
                return
            # Not "ab": the file's position is what a step's row is told.
            self._file = path.open("r+b")
            self._file.truncate(cut_at)
            self._file.seek(cut_at)
        except OSError as error:
            raise _cannot_write(path, error) from error

    def _write(self, event: str, **fields: Any) -> None:
        told = {"e": event, **fields}
        line = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
        self._on_event(told)
        try:
            self._file.write(line.encode("utf-8", "surrogatepass") + b"\n")
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def episode(self, **fields: Any) -> None:
        """The first line."""
        self._write("episode", **fields)

    def segment(self, segment: Segment, *, clipped: bool = False) -> None:
        """A segment that was appended to the window; `clipped` if its text was cut to fit."""
        self._write(
            "segment",
            i=segment.id,
            kind=segment.kind,
            turn=segment.turn,
            ids=list(segment.ids),
            span=segment.span,
            sampled=list(segment.sampled),
            **({"clipped": True} if clipped else {}),
        )

    def generate(
        self, step: int, request: Request, generation: Generation, window_tokens: int
    ) -> None:
        """One generation, pass by pass."""
        dialled = [] if request.dial is None else request.dial.turns
        # A pass that was cancelled on its way is not on record, so neither is how it thought.
        turns = [[made, *astuple(mode)] for made, mode in dialled if made < len(generation.passes)]
        self._write(
            "generate",
            step=step,
            purpose=request.purpose,
            mode=str(request.mode),
            **({"turns": turns} if turns else {}),
            seed=request.sampling.seed,
            window=window_tokens,
            stop=generation.stop,
            passes=[
                [
                    list(p.token_ids),
                    [None if x is None else round(x, 5) for x in p.logprobs],
                    p.prefill,
                    # 1 agreed, 0 not, None ordinary decoding's own or not known
                    *([[None if a is None else int(a) for a in p.agreed]] if any_judged(p) else []),
                ]
                for p in generation.passes
            ],
            wall_ms=round(1000 * generation.wall_s, 1),
        )

    def summary(
        self, step: int, why: str | None, operations: list[str], notes: int, refused: str | None
    ) -> None:
        """What became of a request for notes: operations, `notes` of them changes, or the refusal."""
        self._write(
            "summary", step=step, why=why, operations=operations, notes=notes, refused=refused
        )

    def notes(self, step: int, shown: list[tuple[str, int]]) -> None:
        """Which notes the head of the window is about to show."""
        self._write("notes", step=step, shown=shown)

    def drop(self, ids: list[int]) -> None:
        """Segments that left the window without a prune."""
        self._write("drop", ids=ids)

    def prune(self, step: int, kind: str, window: Window, before: int) -> None:
        """The window was rebuilt; `before` and after count its tokens, head included."""
        self._write(
            "prune", step=step, kind=kind, recipe=window.recipe(), before=before, after=len(window)
        )

    def person(self, step: int, what: str, **fields: Any) -> None:
        """A person's order that was carried out, or what they decided of an action."""
        self._write("person", step=step, what=what, **fields)

    def step(self, **fields: Any) -> int:
        """The environment answered. Returns the offset in bytes at which this line ends, on disk."""
        self._write("step", **fields)
        self.flush()
        return self._file.tell()

    def end(self, **fields: Any) -> None:
        """The last line."""
        self._write("end", **fields)
        self.flush()

    def flush(self) -> None:
        """Hand what was written to the disk: a committed step never points past its trace."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def close(self) -> None:
        """Flush and close; closing twice is fine."""
        if not self._file.closed:
            try:
                self._file.close()
            except OSError as error:
                raise _cannot_write(self.path, error) from error


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The events of a trace, in order. Raises RunDirectoryError for a file that is no trace."""
    return (event for event, _ in read_from(path, 0))


def read_from(path: Path, start: int) -> Iterator[tuple[dict[str, Any], int]]:
    """The events that begin at byte `start` or later, each with the byte at which its line ends.

    Raises RunDirectoryError for a file that is no trace, and for half a line at its end.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            for line in file:
                begun, start = start, start + len(line)
                try:
                    event = event_of(line)
                except ValueError as error:
                    raise RunDirectoryError(
                        f"{path}: the trace is damaged at byte {begun}, where a line begins: {error}; "
                        "restore it from a copy"
                    ) from error
                yield event, start
    except OSError as error:
        raise RunDirectoryError(
            f"cannot read the trace {path}: {error.strerror}; give a file of a run's traces/"
        ) from error


def windows(path: Path, budget: int = UNBOUNDED) -> Iterator[tuple[dict[str, Any], Window]]:
    """Each event with the window as it is after it: the window is rebuilt from the record alone.

    Raises WindowOverflow where a recorded window is longer than `budget`, RunDirectoryError for a file
    that is no trace.
    """
    segments: dict[int, Segment] = {}
    window = Window(budget)
    for event in read(path):
        if event["e"] == "segment":
            first, last = event["sampled"]
            segment = Segment(
                event["i"],
                event["kind"],
                event["turn"],
                tuple(event["ids"]),
                event["span"],
                (first, last),
            )
            segments[segment.id] = segment
            # A head enters by the prune (or, the first time, by opening the window).
            if segment.kind != "head" or not window.segments:
                window = window.append(segment)
        elif event["e"] == "drop":
            gone = set(event["ids"])
            window = Window(budget, tuple(s for s in window.segments if s.id not in gone))
        elif event["e"] == "prune":
            try:
                window = Window(budget, _named(event["recipe"], segments))
            except (KeyError, ValueError) as error:
                raise RunDirectoryError(
                    f"{path}: a prune of step {event['step']} has the recipe {event['recipe'][:80]!r}, "
                    "and the trace does not have those segments: it is damaged; restore it from a copy"
                ) from error
        yield event, window


def _named(recipe: str, segments: Mapping[int, Segment]) -> tuple[Segment, ...]:
    """The segments that a recipe names. Raises ValueError, and KeyError for unknown ones."""
    for first, last in re.findall(r"(\d+)-(\d+)", recipe):
        if int(last) - int(first) >= len(segments):  # before it is counted out
            raise KeyError(last)
    return tuple(segments[i] for i in parse_recipe(recipe))


def _require_whole_lines(path: Path, cut_at: int) -> None:
    """Raise RunDirectoryError unless a trace can be cut back to its first `cut_at` bytes."""
    if not cut_at:
        return
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(min(size, cut_at - 1))
            last = file.read(1)
    except FileNotFoundError as error:
        raise RunDirectoryError(
            f"{path} is missing, and the memory file points to byte {cut_at} of it; restore it "
            "from a copy"
        ) from error
    if size < cut_at:
        raise RunDirectoryError(
            f"{path} has {size} bytes and the memory file points to byte {cut_at}: "
            "the trace was cut short; restore it from a copy"
        )
    if last != b"\n":
        raise RunDirectoryError(
            f"{path} has no line that ends at byte {cut_at}, to which the memory file points: "
            "the trace was changed; restore it from a copy"
        )


def _cannot_write(path: Path, error: OSError) -> StorageFailed:
    reason = error.strerror or type(error).__name__
    return StorageFailed(f"cannot write the trace {path}: {reason}; {advice(error)}")
