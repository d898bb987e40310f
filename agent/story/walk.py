"""A recorded episode as plain text, in the marks of `steno run --show`, for a terminal or a pager."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import singledispatch

from agent.live import number
from agent.story.overview import Overview, ratio, stretches
from agent.story.parts import (
    Acted,
    Began,
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
    Turn,
    Unused,
)
from memory import printable


def opening(told: Overview) -> Iterator[str]:
    """The lines at the top: what the episode was, and how to read what follows."""
    yield printable(told.title)
    for label, value in told.facts:
        yield f"  {label}: {printable(value)}"
    if told.error:
        yield f"  error: {printable(told.error)}"
    yield "  [in brackets]: tokens that one forward pass kept together"


def lines(turns: Iterable[Turn], budget: int) -> Iterator[str]:
    """The steps, line by line. Nothing in them is obeyed by a terminal."""
    for turn in turns:
        yield ""
        yield f"--- {heading(turn, budget)} ---"
        for part in turn.parts:
            yield from _told(part)
        if turn.erased:
            yield "  | (its text was erased from the memory file)"
        elif turn.observation is not None:
            yield from _marked("  | ", turn.observation)


def heading(turn: Turn, budget: int) -> str:
    """The step and its figures, in a line."""
    record = turn.record
    if record is None:
        return f"after step {turn.number - 1}" if turn.number else "before step 0"
    told = [f"step {turn.number}", f"score {number(record.score)}"]
    if turn.window:
        told.append(f"window {turn.window} of {budget}")
    if turn.spent.passes:
        each = ratio(turn.spent.tokens, turn.spent.passes)
        told.append(f"{turn.spent.tokens} tokens in {turn.spent.passes} passes, {each} a pass")
    if turn.listed is False:
        told.append("an action that the game does not list")
    return ", ".join(told)


@singledispatch
def _told(part: Part) -> Iterator[str]:
    """The lines of a part."""
    raise TypeError(f"{type(part).__name__} is no part of a step")


@_told.register
def _(part: Thought) -> Iterator[str]:
    yield from _marked("  ~ ", bracketed(part.generated).strip() or "(nothing)")


@_told.register
def _(part: Acted) -> Iterator[str]:
    yield from _marked("  > ", part.action or "(nothing)")


@_told.register
def _(part: Unused) -> Iterator[str]:
    yield from _marked("  - ", f"({part.why}) {bracketed(part.generated).strip()}")


@_told.register
def _(part: Person) -> Iterator[str]:
    yield from _marked("  @ ", f"a person: {part.text}")


@_told.register
def _(part: Noted) -> Iterator[str]:
    told = map(in_words, part.changes) if part.changes else part.operations
    yield from _marked("  + ", "\n".join(told))


@_told.register
def _(part: Refused) -> Iterator[str]:
    yield from _marked("  ! ", f"notes not usable: {part.reason}")


@_told.register
def _(part: Pruned) -> Iterator[str]:
    yield f"  x window {part.kind}: {part.before} -> {part.after} tokens"
    if part.left:
        gone = stretches(sorted({step for step, _ in part.left}))
        by = f", covered by {_titles(part.covered_by)}" if part.covered_by else ", without notes"
        yield from _marked("  x ", f"left: {len(part.left)} texts of steps {gone}{by}")
    yield from _marked("  * ", f"the window begins with {_titles(part.head)}")


@_told.register
def _(part: Began) -> Iterator[str]:
    yield from _marked("  * ", f"the window begins with {_titles(part.head)}")


@_told.register
def _(part: Clipped) -> Iterator[str]:
    yield from _marked("  x ", f"clipped; the window shows: {part.text}")


@_told.register
def _(part: Entered) -> Iterator[str]:
    yield from _marked("  * ", f"{part.kind}: {part.text}")


@_told.register
def _(part: Ended) -> Iterator[str]:
    yield f"  = {printable(part.outcome)}"
    if part.error:
        yield from _marked("  ! ", part.error)


def _titles(notes: tuple[Shown, ...]) -> str:
    if not notes:
        return "no notes"
    return ", ".join(note.title or f"{note.uid} (its words are gone)" for note in notes)


def bracketed(generated: Generated) -> str:
    """The text of a generation on one line, each burst of several tokens in brackets."""
    return "".join(
        f"[{burst.text}]" if len(burst.tokens) > 1 else burst.text for burst in generated.bursts
    ).replace("\n", "↵")


_OPS = {"add": "ADD", "rewrite": "REWRITE", "delete": "DELETE", "find": "FIND"}
_MARKS = {"same": ("", ""), "out": ("[-", "-]"), "in": ("{+", "+}")}


def in_words(change: Change) -> str:
    """A change in a line: what went out in [-...-], what came in in {+...+}."""
    which = "" if change.n is None else f" {change.n}"
    told = f"{_OPS[change.op]}{which} {change.title or '(its words are gone)'}"
    if not change.text:
        return told
    if change.op == "add":
        return f"{told}: {change.text[0][1]}"
    parts = (f"{_MARKS[mark][0]}{text}{_MARKS[mark][1]}" for mark, text in change.text)
    return f"{told}: {''.join(parts)}"


def _marked(mark: str, text: str) -> Iterator[str]:
    for line in printable(text).splitlines():
        if line.strip():
            yield mark + line
