"""What the loop knows: the small state that the graph passes on, and the live rest beside it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Literal, TypedDict

from agent.context import Caps, Cut, Kind, Marks, Segment, Window
from agent.errors import ModelFailed
from agent.events import Began, Cancelled, Generated, Passed, Windowed, nobody
from agent.lm.dial import Dial
from agent.lm.spelling import Spelling
from agent.lm.types import Burst, Generation, LanguageModel, Pass, Purpose, Request, Sampling
from agent.note_ops import NoteOperation
from agent.obeying import obey, tell_of_edits
from agent.record import EpisodeRecord
from agent.seeds import derive
from agent.steering import UNSTEERED, GenerationCancelled, Obey, Steering
from agent.window_text import head_ids, system_ids
from memory import Note

Reason = Literal["high_water", "asked", "end"]


class State(TypedDict):
    """The graph's own state: counters and words, never a transcript."""

    step: int
    """The step being made, from 1."""
    reason: Reason | None
    """Why a summary is due, if one is."""
    failures: int
    """Summaries that failed in a row."""
    asked: bool
    """Whether notes were due in this step already, by a full window or by the reserved action.

    Once a step is enough; and were there two, a step made again after a crash would recall the notes of
    the second before it writes the first.
    """
    action: str
    done: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """Note operations that parsed and wait for their commit, with their exact text."""

    operations: tuple[NoteOperation, ...]
    text: str


@dataclass(slots=True, kw_only=True)
class EpisodeContext(EpisodeRecord):
    """The live side of the loop: the model, its window, and what passes between nodes."""

    model: LanguageModel
    steering: Steering = UNSTEERED
    burst: Burst | None = None
    """How a person wants the model to think; None: as the config says."""
    dial: Dial | None = None
    """That of the thought that is being made, where a person may turn it."""
    generating: bool = False
    """Whether the model is at work on an answer."""
    to_tell: list[str] = field(default_factory=list)
    """What the model has not been told yet of notes in its window that a person changed."""
    window: Window = field(init=False)
    system: tuple[int, ...] = field(init=False)
    """The system prompt's token ids, marks excluded."""
    caps: Caps = field(init=False)
    marks: Marks = field(init=False)
    notes_shown: tuple[Note, ...] = ()
    """The notes in the window; note n of a note operation is notes_shown[n-1]."""
    draft: Draft | None = None
    refused: str = ""
    """Why the last summary could not be used."""
    cut: Cut = field(default_factory=lambda: Cut((), ()))
    prune_kind: str = ""
    finds: tuple[str, ...] = ()
    """Queries of the last summary, to be answered after its prune."""
    next_segment: int = 0
    redone: int = 0
    """The step that is made again because a crash cut it off: what it committed then stands."""

    def __post_init__(self) -> None:
        self.window = Window(self.config.window.budget)
        self.system = system_ids(self.model, self.config, self.env.describe())
        bare_head = len(head_ids(self.model.vocabulary, self.system, []))
        self.caps = self.config.caps(bare_head)
        self.marks = self.config.marks(bare_head)

    def recipe(self) -> str:
        """The window's recipe."""
        return self.window.recipe()

    def window_tokens(self) -> int:
        """Tokens in the window."""
        return len(self.window)

    @property
    def changeable(self) -> int:
        """How many of the notes shown may be changed: they come first, and their numbers are free."""
        return sum(note.bank in self.changeable_banks for note in self.notes_shown)

    @property
    def changeable_titles(self) -> list[str]:
        """The titles of those notes, in their order."""
        return [note.title for note in self.notes_shown[: self.changeable]]

    @property
    def transcript_allowance(self) -> int:
        """Tokens of transcript that a prune may leave: the low mark, less the largest head."""
        return self.marks.low - self.caps.head

    def make_segment(
        self,
        kind: Kind,
        turn: int,
        ids: Sequence[int],
        *,
        span: str | None = None,
        sampled: tuple[int, int] = (0, 0),
        clipped: bool = False,
    ) -> Segment:
        """A new segment with the next id, written to the trace."""
        segment = Segment(self.next_segment, kind, turn, tuple(ids), span, sampled)
        self.next_segment += 1
        self.trace.segment(segment, clipped=clipped)
        return segment

    def append(self, segment: Segment) -> None:
        """Put a segment at the window's end."""
        self.window = self.window.append(segment)

    def drop(self, kind: Kind, turn: int | None = None) -> None:
        """Take the segments of a kind (of one turn) out again: they have done their work."""
        gone = [segment.id for segment in self.window.of(kind, turn)]
        self.window = self.window.without(kind, turn)
        self.trace.drop(gone)

    def sampling(self, step: int, purpose: Purpose, ordinal: int) -> Sampling:
        """A sampling stream of its own for each generation."""
        asked = self.config.sampling
        stream = derive(self.config.seed, self.index, step, purpose, ordinal)
        drawn = asked.drawn == "all" or purpose == "think"
        temperature = asked.temperature if drawn else 0.0
        if purpose == "think" and self.circles.closed:
            temperature = max(temperature, asked.circling)
        return Sampling(temperature, asked.top_p, asked.min_p, stream)

    def tell_window(self, step: int) -> None:
        """Tell watchers how the window stands."""
        high, budget = self.marks.high, self.window.budget
        self.watch(Windowed(self.index, step, self.window_tokens(), high, budget, self.notes_shown))

    def obeying(self, step: int, purpose: Purpose) -> Obey:
        """What carries out a person's orders before a generation."""
        return partial(obey, self, step, purpose)

    async def generate(self, step: int, request: Request, cue: Sequence[int] = ()) -> Generation:
        """One generation on top of the window, checked against its budget, traced and counted.

        One that a person cancels is made again, with a sampling stream of its own.
        """
        for attempt in itertools.count():
            await self.steering.ready(request.purpose, self.obeying(step, request.purpose))
            tell_of_edits(self, step, request.purpose)
            try:
                return await self._generate(step, self._asked(request, attempt), cue, attempt)
            except GenerationCancelled:
                self.watch(Cancelled(self.index, step, request.purpose))
        raise AssertionError("a count has no end")

    def _asked(self, request: Request, attempt: int) -> Request:
        """The request as a person wants it by now."""
        mode = self.burst if self.burst and request.purpose == "think" else request.mode
        sampling = request.sampling
        if attempt:
            sampling = replace(sampling, seed=derive(sampling.seed, attempt))
        gate = self.steering.gate
        dial = Dial(mode) if gate is not None and request.purpose == "think" else None
        return replace(request, mode=mode, sampling=sampling, gate=gate, dial=dial)

    async def _generate(
        self, step: int, request: Request, cue: Sequence[int], attempt: int
    ) -> Generation:
        self.window.require(len(cue) + request.max_tokens)
        spelling, passes, gate = Spelling(self.model.vocabulary), list[Pass](), self.steering.gate
        over = False

        def on_pass(each: Pass) -> None:
            if over:  # cancelled: this pass was on its way
                return
            passes.append(each)
            if self.watch is nobody:
                return
            text = spelling.more(each.token_ids)
            self.watch(Passed(self.index, request.purpose, each, text))

        ids = [*self.window.ids, *cue]
        self.watch(Began(self.index, step, request.purpose, request.mode, len(ids), attempt))
        self.dial = request.dial
        started, held_s = time.perf_counter(), gate.held_s if gate else 0.0
        # A person who holds the model back needs no deadline: they can cancel.
        limit_s = None if gate else self.config.deadlines.generate_s
        self.generating = True
        try:
            async with asyncio.timeout(limit_s):
                generation = await self.steering.during(
                    self.model.generate(self.uid, ids, request, on_pass),
                    self.obeying(step, "summarise"),  # nothing enters the window meanwhile
                )
        except TimeoutError as error:
            raise ModelFailed(
                f"{self.model.name} did not {request.purpose} within {limit_s:g} s"
            ) from error
        except GenerationCancelled:
            wall_s = time.perf_counter() - started - (gate.held_s - held_s if gate else 0.0)
            cut_off = Generation(tuple(passes), "cancelled", wall_s)
            self._record(step, request, cut_off, len(ids))
            raise
        finally:
            over, self.dial, self.generating = True, None, False
        if gate:
            worked_s = max(generation.wall_s - (gate.held_s - held_s), 0.0)
            generation = replace(generation, wall_s=worked_s)
        self._record(step, request, generation, len(ids))
        self.watch(Generated(self.index, step, request.purpose, generation))
        return generation

    def _record(self, step: int, request: Request, generation: Generation, window: int) -> None:
        self.trace.generate(step, request, generation, window)
        if request.dial is not None and request.dial.last is not None:
            self.trace.person(step, "burst", **asdict(request.dial.last))
