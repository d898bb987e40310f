"""What is to be seen of an episode: a frozen value, and how each event of a run changes it. Pure.

A step in the past is an earlier value, so nothing here knows of screens, clocks or files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from agent.events import (
    Began,
    BurstSet,
    Cancelled,
    Edited,
    Event,
    Generated,
    Held,
    Hinted,
    NotesWritten,
    Opened,
    Passed,
    Phase,
    Proposed,
    Pruned,
    Settled,
    Stepped,
    SummaryFailed,
    Thought,
    Windowed,
    YourMove,
)
from agent.lm.types import Burst, Purpose
from memory import NoteVersion
from tui.text import shown

MOST_TURNS = 120
"""Turns of the game that stay on the screen; older ones are an earlier view's."""
MOST_ENTRIES = 120
MOST_CHANGES = 40
MOST_RECENT = 60
"""Thoughts whose tokens a pass the sparkline shows."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one forward pass wrote."""

    text: str
    tokens: int
    """0: the text of many passes together."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that the model wrote or was told, in the order of its mind."""

    step: int
    kind: Purpose | Literal["hint", "failed", "pruned"]
    pieces: tuple[Piece, ...] = ()
    live: bool = False
    cancelled: bool = False

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Turn:
    """An action and what the game answered; step 0 has no action."""

    step: int
    action: str
    observation: str
    score: float | None


@dataclass(frozen=True, slots=True)
class Change:
    """A note's words before and after a version was written."""

    version: NoteVersion
    before: str | None
    """None: there was no such note."""

    @property
    def after(self) -> str | None:
        """None: it was deleted."""
        return None if self.version.op == "delete" else self.version.body


@dataclass(frozen=True, slots=True)
class Figures:
    """What an episode's generations came to, counted as they came."""

    passes: int = 0
    tokens: int = 0
    thinking_passes: int = 0
    thinking_tokens: int = 0
    lengths: tuple[tuple[int, int], ...] = ()
    """Passes of thinking by how many tokens they kept, shortest first."""
    judged: int = 0
    agreed: int = 0
    recent_tpf: tuple[float, ...] = ()
    """Of each thought, the newest last."""
    recent_tokens: int = 0
    recent_s: float = 0.0
    """What the last few generations took, and came to."""

    @property
    def tpf(self) -> float | None:
        """Tokens a pass of thinking, over the episode."""
        return self.thinking_tokens / self.thinking_passes if self.thinking_passes else None

    @property
    def agreement(self) -> float | None:
        """Share of burst positions 2..k at which one-token decoding would have written the same."""
        return self.agreed / self.judged if self.judged else None

    @property
    def tokens_per_second(self) -> float | None:
        """While decoding."""
        return self.recent_tokens / self.recent_s if self.recent_s > 0 else None


@dataclass(frozen=True, slots=True)
class View:
    """An episode as it is to be seen after some event."""

    episode: int = 0
    seed: int | None = None
    step: int = 0
    """The last step that the game answered."""
    phase: str = "LOADING"
    held: bool = False
    proposed: str | None = None
    your_move: bool = False
    score: float | None = None
    max_score: float | None = None
    turns: tuple[Turn, ...] = ()
    entries: tuple[Entry, ...] = ()
    notes: tuple[NoteVersion, ...] = ()
    """The newest version of each note that is known of, the oldest note first."""
    in_window: tuple[tuple[str, int], ...] = ()
    """Uid and version of the notes in the window, in the order of their numbers."""
    changes: tuple[Change, ...] = ()
    figures: Figures = field(default_factory=Figures)
    window: int = 0
    window_most: int = 0
    high: int = 0
    budget: int = 0
    mode: str = ""
    """How it thinks, as the trace spells it."""
    burst: Burst | None = None
    """The same, where it thinks in bursts."""

    @property
    def word(self) -> str:
        """What it is doing, in a word."""
        if self.phase in ("DONE", "ERROR"):
            return self.phase
        if self.proposed is not None:
            return "CONFIRM"
        if self.your_move:
            return "YOUR MOVE"
        return "PAUSED" if self.held else self.phase


def reduce(view: View, event: Event) -> View:
    """The view after an event."""
    if event.episode != view.episode and not _of_the_run(event):
        view = View(event.episode, held=view.held, phase=view.phase)
    return _REDUCERS[type(event)](view, event)


def _of_the_run(event: Event) -> bool:
    """Whether an event is of no episode in particular."""
    return isinstance(event, Held) or (
        isinstance(event, Phase) and event.word in ("LOADING", "STOPPING")
    )


def _phase(view: View, event: Phase) -> View:
    return replace(view, phase=event.word)


def _opened(view: View, event: Opened) -> View:
    turn = Turn(event.step, "", shown(event.observation), event.score)
    known = view.turns[-1:] and view.turns[-1].step == event.step  # a resume, told already
    return replace(
        view,
        seed=event.seed,
        step=event.step,
        score=event.score,
        max_score=view.max_score if event.max_score is None else event.max_score,
        turns=view.turns if known else _kept((*view.turns, turn), MOST_TURNS),
    )


def _windowed(view: View, event: Windowed) -> View:
    notes = {note.note: note for note in view.notes}
    for note in event.notes:
        if note.uid not in notes or notes[note.uid].version < note.version:
            notes[note.uid] = NoteVersion(
                note.uid,
                note.version,
                "shown",
                note.title,
                note.body,
                note.state,
                note.tokens,
                note.pinned,
                "agent",
                None,
                None,
                "",
                note.updated,
            )
    return replace(
        view,
        notes=tuple(notes.values()),
        in_window=tuple((note.uid, note.version) for note in event.notes),
        window=event.tokens,
        window_most=max(view.window_most, event.tokens),
        high=event.high,
        budget=event.budget,
    )


def _began(view: View, event: Began) -> View:
    if event.purpose == "think":
        burst = event.mode if isinstance(event.mode, Burst) else None
        view = replace(view, mode=str(event.mode), burst=burst)
    return replace(
        _written(view, Entry(event.step, event.purpose, live=True)),
        window=event.window_tokens,
        window_most=max(view.window_most, event.window_tokens),
    )


def _burst_set(view: View, event: BurstSet) -> View:
    return replace(view, mode=str(event.mode), burst=event.mode)


def _passed(view: View, event: Passed) -> View:
    kept = len(event.each.token_ids)
    piece = Piece(shown(event.text), kept)
    entries = view.entries
    if entries and entries[-1].live:
        grown = replace(entries[-1], pieces=(*entries[-1].pieces, piece))
        entries = (*entries[:-1], grown)
    figures = view.figures
    thinking = event.purpose == "think"
    lengths = dict(figures.lengths)
    if thinking:
        lengths[kept] = lengths.get(kept, 0) + 1
    figures = replace(
        figures,
        passes=figures.passes + 1,
        tokens=figures.tokens + kept,
        thinking_passes=figures.thinking_passes + thinking,
        thinking_tokens=figures.thinking_tokens + (kept if thinking else 0),
        lengths=tuple(sorted(lengths.items())),
    )
    window = view.window + kept
    most = max(view.window_most, window)
    return replace(view, entries=entries, figures=figures, window=window, window_most=most)


def _generated(view: View, event: Generated) -> View:
    done, figures = event.generation, view.figures
    tokens = len(done.token_ids)
    judged = [each for one in done.passes for each in one.agreed if each is not None]
    recent = figures.recent_tpf
    if event.purpose == "think" and done.passes:
        recent = (*recent, tokens / len(done.passes))[-MOST_RECENT:]
    # Half of what was before counts still: the pace of the last few generations.
    figures = replace(
        figures,
        judged=figures.judged + len(judged),
        agreed=figures.agreed + sum(judged),
        recent_tpf=recent,
        recent_tokens=figures.recent_tokens // 2 + tokens,
        recent_s=figures.recent_s / 2 + done.wall_s,
    )
    return replace(view, entries=_ended(view), figures=figures)


def _cancelled(view: View, _event: Cancelled) -> View:
    entries = view.entries
    if entries and entries[-1].live:
        entries = (*entries[:-1], replace(entries[-1], live=False, cancelled=True))
    return replace(view, entries=entries)


def _thought(view: View, event: Thought) -> View:
    return replace(view, entries=_told(_ended(view), "think", event.text))


def _noted(view: View, event: NotesWritten) -> View:
    entries = _told(_ended(view), "summarise", "\n".join(event.operations))
    return _changed(replace(view, entries=entries), event.written)


def _told(entries: tuple[Entry, ...], kind: Purpose, text: str) -> tuple[Entry, ...]:
    """Whole texts come later: a record that nobody can spell has no text of single passes."""
    last = entries[-1] if entries else None
    if last is None or last.kind != kind or last.text or not text:
        return entries
    return (*entries[:-1], replace(last, pieces=(Piece(shown(text), 0), *last.pieces)))


def _edited(view: View, event: Edited) -> View:
    return _changed(view, event.written)


def _changed(view: View, written: tuple[NoteVersion, ...]) -> View:
    notes = {note.note: note for note in view.notes}
    changes = list(view.changes)
    for version in written:
        before = notes.get(version.note)
        if before is not None and before.version >= version.version:
            continue  # told already, before the run was taken up
        changes.append(Change(version, before.body if before else None))
        notes[version.note] = version
    return replace(view, notes=tuple(notes.values()), changes=_kept(tuple(changes), MOST_CHANGES))


def _failed(view: View, event: SummaryFailed) -> View:
    told = Entry(event.step, "failed", (Piece(shown(event.reason), 0),))
    return _written(replace(view, entries=_ended(view)), told)


def _pruned(view: View, event: Pruned) -> View:
    told = f"window {event.kind}: {event.before} -> {event.after} tokens"
    return _written(view, Entry(event.step, "pruned", (Piece(told, 0),)))


def _stepped(view: View, event: Stepped) -> View:
    turn = Turn(event.step, shown(event.action), shown(event.observation), event.score)
    return replace(
        view,
        step=event.step,
        score=event.score,
        turns=_kept((*view.turns, turn), MOST_TURNS),
        entries=_told(view.entries, "act", event.action),
        window=event.window_tokens or view.window,
    )


def _held(view: View, event: Held) -> View:
    return replace(view, held=event.held)


def _proposed(view: View, event: Proposed) -> View:
    return replace(view, proposed=shown(event.action))


def _your_move(view: View, _event: YourMove) -> View:
    return replace(view, your_move=True)


def _settled(view: View, _event: Settled) -> View:
    return replace(view, proposed=None, your_move=False)


def _hinted(view: View, event: Hinted) -> View:
    return _written(view, Entry(event.step, "hint", (Piece(shown(event.text), 0),)))


def _written(view: View, entry: Entry) -> View:
    return replace(view, entries=_kept((*view.entries, entry), MOST_ENTRIES))


def _ended(view: View) -> tuple[Entry, ...]:
    if view.entries and view.entries[-1].live:
        return (*view.entries[:-1], replace(view.entries[-1], live=False))
    return view.entries


def _kept(items: tuple[Any, ...], most: int) -> tuple[Any, ...]:
    return items[-most:] if len(items) > most else items


_REDUCERS: dict[type[Any], Callable[[View, Any], View]] = {
    Began: _began,
    BurstSet: _burst_set,
    Cancelled: _cancelled,
    Edited: _edited,
    Generated: _generated,
    Held: _held,
    Hinted: _hinted,
    NotesWritten: _noted,
    Opened: _opened,
    Passed: _passed,
    Phase: _phase,
    Proposed: _proposed,
    Pruned: _pruned,
    Settled: _settled,
    Stepped: _stepped,
    SummaryFailed: _failed,
    Thought: _thought,
    Windowed: _windowed,
    YourMove: _your_move,
}
