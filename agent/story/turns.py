"""From a step's events and raw texts to what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from agent.errors import NoteSyntaxError
from agent.lm.vocabulary import Vocabulary
from agent.note_ops import END, parse
from agent.story.changes import change
from agent.story.parts import (
    Acted,
    Began,
    Burst,
    Change,
    Clipped,
    Ended,
    Entered,
    Generated,
    Noted,
    Part,
    Person,
    Pruned,
    Refused,
    Shown,
    Thought,
    Token,
    Turn,
    Unused,
)
from agent.story.pieces import known, pieces
from agent.story.recording import Event, Recording
from agent.tally import Spent
from agent.turn import action_of, thought_of
from memory import Span, storable


def turns(
    recording: Recording,
    vocabulary: Vocabulary | None,
    first: int = 0,
    last: int | None = None,
) -> Iterator[Turn]:
    """The steps from `first` to `last` (or the end), and what lies behind the last committed one.

    Without a vocabulary tokens are shown as their ids. Raises RunDirectoryError where the trace is
    damaged.
    """
    end = len(recording.steps)
    shown: Sequence[Shown] | None = None
    for number in range(first, min(end, end if last is None else last) + 1):
        made = _Making(recording, vocabulary, number, shown)
        turn = made.turn()
        shown = made.shown
        if turn.record is not None or turn.parts:
            yield turn


@dataclass(slots=True)
class _Making:
    """Folds one step's events, in order, into parts."""

    recording: Recording
    vocabulary: Vocabulary | None
    number: int
    shown: Sequence[Shown] | None
    """The notes in the window, for the numbers in note operations; None: not looked up yet."""
    parts: list[Part] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    spent: Spent = field(default_factory=Spent)
    pending: Event | None = None
    """A generation of which it is not known yet what became of it."""
    recalled: int = 0
    committed: str | None = None
    """The key of the summary whose prune is about to come."""
    stepped: Event | None = None

    def turn(self) -> Turn:
        """The step."""
        recording, number = self.recording, self.number
        self.spans = recording.spans(number)
        for event in recording.events(number):
            self._take(event)
        self._settle(None)
        record = recording.steps[number] if number < len(recording.steps) else None
        observation = self._span("observation")
        stepped = self.stepped or {}
        return Turn(
            number=number,
            parts=tuple(self.parts),
            record=record,
            observation=observation.text if observation else None,
            erased=observation is not None and observation.text is None,
            listed=stepped.get("listed"),
            at=observation.created if observation else None,
            window=stepped.get("window", 0),
            wall_ms=stepped.get("wall_ms"),
            spent=self.spent,
        )

    def _take(self, event: Event) -> None:
        kind = event["e"]
        if kind == "generate":
            self._settle(event)
            self.spent.count(event)
            self.pending = event
        elif kind == "segment":
            self._segment(event)
        elif kind == "summary":
            self._summary(event)
        elif kind == "notes":
            self.shown = [self.recording.run.note(uid, version) for uid, version in event["shown"]]
            if self.number == 0:
                self.parts.append(Began(tuple(self.shown)))
        elif kind == "prune":
            self._prune(event)
        elif kind == "person":
            self._person(event)
        elif kind == "step":
            self._settle(event)
            self.stepped = event
            # A player without a model leaves no segments: what it did stands here alone.
            if event["action"] is not None and not any(isinstance(p, Acted) for p in self.parts):
                self.parts.append(Acted(_text(event["action"]), None))
        elif kind == "end":
            self._settle(event)
            error = event["error"]
            self.parts.append(Ended(event["outcome"], _text(error) if error else None))

    def _segment(self, event: Event) -> None:
        kind = event["kind"]
        if kind == "action":
            self._settle(event)
        elif kind == "observation":
            if event.get("clipped"):
                self.parts.append(Clipped(self._decoded(event["ids"])))
        elif kind == "summary_prompt":
            self._settle(event)
        elif kind not in {"head", "thought"}:
            self._settle(event)
            self.parts.append(Entered(kind, self._entered(event)))

    def _settle(self, next_event: Event | None) -> None:
        """Say what a thought or an action was, now that it is known what followed it."""
        event, self.pending = self.pending, None
        if event is None:
            return
        purpose = event["purpose"]
        if event["stop"] == "cancelled":
            self.parts.append(Unused("cancelled", self._generated(event)))
        elif purpose == "think":
            span = self._span("thought")
            stored = span.text if span else None
            written = self._written(event)
            if stored is not None and written is not None and written != stored:
                self.vocabulary = None  # it is another model's
            text = stored if stored is not None else written
            self.parts.append(Thought(text or "", self._generated(event)))
        elif purpose == "act":
            if why := _unused(next_event):
                self.parts.append(Unused(why, self._generated(event)))
                return
            span = self._span("action")
            action = span.text if span else self._written(event)
            self.parts.append(Acted(action or "", self._generated(event)))
        else:
            # A summary whose event is missing: the episode was cut off before it.
            self.parts.append(Refused("", "cut off", self._generated(event)))

    def _person(self, event: Event) -> None:
        what = event["what"]
        waits = self.pending is not None and self.pending["purpose"] == "act"
        if not (waits and what in ("edit", "burst")):  # those say nothing of an action that waits
            self._settle(event)
        if what == "edit":
            notes = (self.recording.run.note(uid, version) for uid, version in event["versions"])
            words = "; ".join(f"{note.title or note.uid}: {note.body or ''}" for note in notes)
            self.parts.append(Person(f"{event['op']} {words}"))
        elif what != "hint":  # its words are about to enter the window, and are told there
            self.parts.append(Person(_text(_DONE[what](event)) if what in _DONE else str(what)))

    def _summary(self, event: Event) -> None:
        pending, self.pending = self.pending, None
        generated = None
        if pending is not None and pending["purpose"] == "summarise":
            generated = self._generated(pending)
        why = str(event["why"])
        if event["refused"] is not None:
            self.parts.append(Refused(why, _text(event["refused"]), generated))
            return
        self.committed = f"{self.number}/{why}"
        operations = tuple(map(_text, event["operations"]))
        self.parts.append(Noted(why, self._changes(operations), operations, generated))

    def _changes(self, operations: Sequence[str]) -> tuple[Change, ...]:
        if self.shown is None:
            self.shown = self.recording.notes_before(self.number)
        try:
            parsed = parse("\n".join([*operations, END]), len(self.shown))
        except NoteSyntaxError:  # of another version of Steno: its words are shown as they are
            return ()
        return tuple(change(each, self.shown) for each in parsed)

    def _prune(self, event: Event) -> None:
        kind = event["kind"]
        key = f"{self.number}/evicted" if kind == "evicted" else self.committed
        record = self.recording.prune(key) if key and kind != "rebuilt" else None
        self.committed = None
        left = record.prune.spans if record else ()
        covering = record.notes if record else ()
        head = tuple(self.shown or ())
        known = {note.uid: note for note in head}
        self.parts.append(
            Pruned(
                kind=kind,
                before=event["before"],
                after=event["after"],
                left=tuple(map(_place, left)),
                covered_by=tuple(known.get(uid) or self._unseen(uid) for uid in covering),
                head=head,
            )
        )

    def _unseen(self, uid: str) -> Shown:
        """A note that covers what left, and that the new window has no room for: as it began."""
        return self.recording.run.note(uid, 1)

    def _span(self, kind: str, ordinal: int = 0) -> Span | None:
        return next((s for s in self.spans if (s.kind, s.ordinal) == (kind, ordinal)), None)

    def _entered(self, event: Event) -> str:
        """The raw text of what entered, as it is stored, or else as the window has it."""
        ordinal = sum(isinstance(p, Entered) and p.kind == event["kind"] for p in self.parts)
        span = self._span(event["kind"], ordinal)
        if span is not None and span.text is not None:
            return span.text
        return self._decoded(event["ids"])

    def _written(self, event: Event) -> str | None:
        """The text of a thought or an action, from its tokens."""
        if self.vocabulary is None:
            return None
        ids = [token for each in event["passes"] for token in each[0]]
        of = thought_of if event["purpose"] == "think" else action_of
        with known(ids):
            return storable(of(self.vocabulary, ids).text)

    def _decoded(self, ids: Sequence[int]) -> str:
        """The text of a turn of the environment's side, without the words of its marks."""
        said = list(ids)
        if self.vocabulary is not None:
            marks = self.vocabulary.turns
            for mark in (marks.assistant_end, marks.open_user):
                if said[: len(mark)] == list(mark):
                    said = said[len(mark) :]
            closing = list(marks.user_to_assistant)
            if closing and said[-len(closing) :] == closing:
                said = said[: -len(closing)]
        return "".join(pieces(self.vocabulary, said))

    def _generated(self, event: Event) -> Generated:
        texts = iter(pieces(self.vocabulary, [t for each in event["passes"] for t in each[0]]))
        return Generated(
            purpose=event["purpose"],
            mode=event["mode"],
            stop=event["stop"],
            window=event["window"],
            bursts=tuple(_burst(each, texts) for each in event["passes"]),
            wall_s=event["wall_ms"] / 1000,
        )


_DONE: dict[str, Callable[[Event], str]] = {
    "burst": lambda event: f"bursts of up to {event['k']}, confidence {event['confidence']}",
    "refuse": lambda event: f"refused {event['proposed']!r}" + _because(event["why"]),
    "replace": lambda event: f"played {event['text']!r} instead of {event['proposed']!r}",
    "give": lambda event: f"played {event['text']!r}",
}
"""What a person did (agent/trace.py), in words."""


def _because(why: str) -> str:
    return f": {why}" if why else ""


def _unused(next_event: Event | None) -> Literal["asked", "refused", "replaced"] | None:
    """Why an action was not played, by what followed it; None where it was."""
    if next_event is None:
        return None
    if next_event.get("kind") == "summary_prompt":
        return "asked"
    if next_event.get("what") == "refuse":
        return "refused"
    return "replaced" if next_event.get("what") == "replace" else None


def _burst(recorded: list[Any], texts: Iterator[str]) -> Burst:
    ids, logprobs, prefill, *judged = recorded
    agreed = judged[0] if judged else [None] * len(ids)
    tokens = (
        Token(token, next(texts), logprob, None if each is None else bool(each))
        for token, logprob, each in zip(ids, logprobs, agreed, strict=True)
    )
    return Burst(tuple(tokens), prefill)


def _place(uid: str) -> tuple[int, str]:
    """The step and the kind that a span's uid names."""
    _, step, kind, _ = uid.rsplit("/", 3)
    return int(step), kind


def _text(value: object) -> str:
    """Text of a trace, which may hold what UTF-8 cannot."""
    return storable(cast("str", value))
