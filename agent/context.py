"""The window: which tokens the model sees. Immutable and pure; a session only mirrors it.

A window is a head (system prompt, recalled notes) and then the transcript since the last prune, each
piece a segment with its exact token ids. Between prunes it grows only at its end, so that a KV cache is
only appended to. Pruning cuts whole turns from the front of the transcript.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agent.errors import ConfigError, WindowOverflow

Kind = Literal["head", "observation", "thought", "action", "summary_prompt", "recalled", "hint"]
TRANSCRIPT: frozenset[Kind] = frozenset({"observation", "thought", "action", "recalled", "hint"})


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the window.

    `turn` is the step whose turn it belongs to: turn n holds the observation that step n answers, the
    thought, the action. `span` names the raw span in the memory file whose text this is. `sampled` is
    the half-open range of `ids` that the model itself produced: the mask for training.
    """

    id: int
    kind: Kind
    turn: int
    ids: tuple[int, ...]
    span: str | None = None
    sampled: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Window:
    """Segments in order, head first, and the budget in tokens that they never exceed."""

    budget: int
    segments: tuple[Segment, ...] = ()

    def __len__(self) -> int:
        """Tokens in the window."""
        return sum(len(segment.ids) for segment in self.segments)

    @property
    def ids(self) -> list[int]:
        """The token ids, whole and in order."""
        return [token for segment in self.segments for token in segment.ids]

    @property
    def transcript(self) -> tuple[Segment, ...]:
        """The segments that a prune may cut, oldest first."""
        return tuple(segment for segment in self.segments if segment.kind in TRANSCRIPT)

    def append(self, segment: Segment) -> Window:
        """A window with one more segment at its end. Raises WindowOverflow past the budget."""
        grown = Window(self.budget, (*self.segments, segment))
        grown.require(0)
        return grown

    def of(self, kind: Kind, turn: int | None = None) -> tuple[Segment, ...]:
        """The segments of a kind, of one turn or of all."""
        return tuple(s for s in self.segments if s.kind == kind and turn in (None, s.turn))

    def without(self, kind: Kind, turn: int | None = None) -> Window:
        """A window without the segments of a kind (a summary exchange whose work is done)."""
        gone = self.of(kind, turn)
        return Window(self.budget, tuple(s for s in self.segments if s not in gone))

    def require(self, more: int) -> None:
        """Raise WindowOverflow unless `more` tokens fit: the check before each pass (invariant 5)."""
        if len(self) + more > self.budget:
            raise WindowOverflow(
                f"{len(self)} tokens in the window and {more} to come exceed its budget of "
                f"{self.budget}"
            )

    def recipe(self) -> str:
        """The segment ids in order, runs folded: '57,40-56'. With the trace it rebuilds the window."""
        runs: list[list[int]] = []
        for segment in self.segments:
            if runs and segment.id == runs[-1][1] + 1:
                runs[-1][1] = segment.id
            else:
                runs.append([segment.id, segment.id])
        return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def parse_recipe(recipe: str) -> list[int]:
    """The segment ids of a recipe: the inverse of Window.recipe."""
    ids: list[int] = []
    for run in filter(None, recipe.split(",")):
        first, _, last = run.partition("-")
        ids.extend(range(int(first), int(last or first) + 1))
    return ids


@dataclass(frozen=True, slots=True)
class Cut:
    """What a prune would keep and cut, decided before anything is committed."""

    kept: tuple[Segment, ...]
    cut: tuple[Segment, ...]

    @property
    def spans(self) -> tuple[str, ...]:
        """The raw spans that leave the window."""
        return tuple(segment.span for segment in self.cut if segment.span is not None)

    @property
    def tokens_before(self) -> int:
        """Tokens of transcript before the prune. Heads are not counted: they change size themselves."""
        return self.tokens_after + sum(len(segment.ids) for segment in self.cut)

    @property
    def tokens_after(self) -> int:
        """Tokens of transcript after it."""
        return sum(len(segment.ids) for segment in self.kept)


def plan_cut(transcript: Sequence[Segment], allowance: int) -> Cut:
    """Keep the newest whole turns whose tokens fit into `allowance`; always the newest turn.

    The newest turn is the one being made: its observation has not been answered yet, so it stays
    whatever it costs (the config guarantees that it fits). Turns are never split, and none is kept
    that is older than one that is cut: what stays is one unbroken stretch.
    """
    if not transcript:
        return Cut((), ())
    first_kept = transcript[-1].turn
    used = sum(len(segment.ids) for segment in transcript if segment.turn == first_kept)
    for turn in sorted({segment.turn for segment in transcript}, reverse=True)[1:]:
        used += sum(len(segment.ids) for segment in transcript if segment.turn == turn)
        if used > allowance:
            break
        first_kept = turn
    kept = tuple(segment for segment in transcript if segment.turn >= first_kept)
    return Cut(kept, tuple(segment for segment in transcript if segment.turn < first_kept))


@dataclass(frozen=True, slots=True)
class Caps:
    """The most tokens that each piece of a window may have, marks included."""

    head: int
    observation: int
    thought: int
    action: int
    summary_prompt: int
    summary: int
    recalled: int

    @property
    def reserve(self) -> int:
        """What may come on top of the high-water mark before a prune has to have happened.

        The mark is looked at once a step, after the thought. A window just under it there can still
        grow by the action, the next observation and thought, and then holds the summary exchange.
        """
        return self.action + self.observation + self.thought + self.summary_prompt + self.summary

    @property
    def pruned(self) -> int:
        """The most that a prune leaves where nothing but the newest turn stays."""
        return self.head + self.observation + self.thought + self.recalled


@dataclass(frozen=True, slots=True)
class Marks:
    """In tokens. Above the high-water mark a summary is due; a prune cuts down to the low one."""

    high: int
    low: int


def room_for_recalled(window: Window, turn: int, caps: Caps, marks: Marks) -> int:
    """Tokens of looked-up notes that may still enter in this turn, however often it looks things up.

    All of a turn's together stay under their cap, since its turn is kept when it is pruned again, and
    none lifts the window over the high-water mark, from where only the reserve is left.
    """
    here = [s for s in window.segments if s.kind == "recalled" and s.turn == turn]
    used = sum(len(segment.ids) for segment in here)
    return max(min(caps.recalled - used, marks.high - len(window)), 0)


LOW_SHARE = 0.7  # of the high mark


def fit_marks(budget: int, caps: Caps, high: int, low: int) -> Marks:
    """Check (or choose) the marks so that no pass can ever exceed the budget.

    A high mark of 0 becomes as high as the budget allows, a low mark of 0 its usual share.
    Raises ConfigError with the arithmetic where something does not fit.
    """
    ceiling = budget - caps.reserve
    parts = (
        f"action {caps.action} + observation {caps.observation} + thought {caps.thought} + request "
        f"for notes {caps.summary_prompt} + notes {caps.summary}"
    )
    high = high or ceiling
    if high > ceiling:
        raise ConfigError(
            f"window.high_water {high} leaves {budget - high} of {budget} tokens, and a step may need "
            f"{caps.reserve} ({parts}); use at most {max(ceiling, 0)}, or a larger window.budget"
        )
    if caps.pruned > high:
        raise ConfigError(
            f"window.budget {budget} is too small: a pruned window may hold {caps.pruned} tokens (head "
            f"{caps.head} + observation {caps.observation} + thought {caps.thought} + looked-up notes "
            f"{caps.recalled}), and a step needs {caps.reserve} more ({parts}); use at least "
            f"{caps.pruned + caps.reserve}, or window.describe=goal"
        )
    low = low or int(LOW_SHARE * high)
    if low > high:
        raise ConfigError(
            f"window.low_water {low} is above window.high_water {high}; use a smaller one"
        )
    return Marks(high, low)
