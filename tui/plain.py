"""The same session line by line: for screen readers, logs, dumb terminals, and copying.

What happens is told as it happens; a line typed is a command. Nothing is drawn over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from agent.controller import Controller
from agent.events import (
    BurstSet,
    Cancelled,
    Edited,
    Event,
    Generated,
    Held,
    Hinted,
    NotesWritten,
    Opened,
    Phase,
    Proposed,
    Pruned,
    Stepped,
    SummaryFailed,
    YourMove,
)
from agent.live import number
from memory import NoteVersion
from tui import blocks, figures
from tui.state import Change, Entry, View
from tui.text import shown

LABELS = {"think": "thought", "act": "action", "summarise": "notes"}


class Teller:
    """Tells events as lines. A thought is one line, its bursts in brackets, when it is complete."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Print a text, line by line."""
        with self._lock:
            for line in text.splitlines() or [""]:
                self._out.write(line + "\n")
            self._out.flush()

    def tell(self, event: Event, before: View, after: View) -> None:
        """Tell an event, given the view before and after it."""
        for line in lines_of(event, before, after):
            self.say(line)


def lines_of(event: Event, before: View, after: View) -> Iterator[str]:
    """What is told of an event; passes and what else goes by too fast to be read are not told."""
    if isinstance(event, Generated | Cancelled):
        entry = next((each for each in reversed(after.entries) if each.kind == event.purpose), None)
        if entry is not None:
            yield from written(entry)
    elif isinstance(event, NotesWritten | Edited):
        for change in _new_changes(before, after):
            yield f"+ {_change(change)}"
    elif isinstance(event, Opened | Stepped):
        yield from _of_the_game(event)
    elif isinstance(event, Phase):
        if after.word != before.word or event.word in ("LOADING", "STOPPING"):
            yield f"[{event.word}]"
        if event.word == "DONE":
            yield summary(after)
    else:
        yield from _of_steering(event, after)


def _of_the_game(event: Opened | Stepped) -> Iterator[str]:
    if isinstance(event, Opened):
        again = f", again from step {event.step}" if event.step else ""
        yield f"--- episode {event.episode}, seed {event.seed}{again} ---"
    else:
        yield f"> {shown(event.action)}   [step {event.step}, score {number(event.score)}]"
    yield from _marked("| ", shown(event.observation))


def _of_steering(event: Event, after: View) -> Iterator[str]:
    if isinstance(event, Hinted):
        yield from _marked('" told the model: ', shown(event.text))
    elif isinstance(event, BurstSet):
        yield f"[BURSTS] up to {event.mode.k}, confidence {event.mode.confidence}, from the next pass"
    elif isinstance(event, SummaryFailed):
        yield f"! notes not usable: {shown(event.reason)}"
    elif isinstance(event, Pruned):
        yield f"x window {event.kind}: {event.before} -> {event.after} tokens"
    elif isinstance(event, Held):
        yield "[PAUSED]" if event.held else f"[{after.word}]"
    elif isinstance(event, Proposed):
        yield f"[CONFIRM] play {shown(event.action)!r}? yes, no WHY, or do ACTION"
    elif isinstance(event, YourMove):
        yield "[YOUR MOVE] do ACTION"


def written(entry: Entry) -> Iterator[str]:
    """One text of the model, with its bursts in brackets."""
    label = LABELS.get(entry.kind, entry.kind)
    passes, tokens = len(entry.pieces), sum(piece.tokens for piece in entry.pieces)
    cost = f"({tokens} tokens, {passes} passes)"
    gone = "cancelled " if entry.cancelled else ""
    yield from _marked(f"~ {gone}{label}: ", f"{blocks.pieces(entry).plain.strip()} {cost}")


def _new_changes(before: View, after: View) -> list[Change]:
    known = {(each.version.note, each.version.version) for each in before.changes}
    return [
        each for each in after.changes if (each.version.note, each.version.version) not in known
    ]


def _change(change: Change) -> str:
    version = change.version
    words = blocks.diff(change.before, change.after).plain
    by = "" if version.actor == "agent" else f" by a {version.actor}"
    return f"{version.op}{by} {shown(version.title)}: {words}"


def summary(view: View) -> str:
    """The figures in a line."""
    return "; ".join(filter(None, figures.parts(view, "", 100)))


def notes(view: View) -> Iterator[str]:
    """The notes, numbered as commands name them."""
    numbers = {uid: place for place, (uid, _) in enumerate(view.in_window, 1)}
    known = listed(view)
    if not known:
        yield "no notes"
    for place, note in enumerate(known, 1):
        where = f"in the window as {numbers[note.note]}" if note.note in numbers else "not shown"
        pinned = ", pinned" if note.pinned else ""
        state = "" if note.state == "live" else f", {note.state}"
        yield f"{place}. {shown(note.title)}: {shown(note.body)} ({where}{pinned}{state})"


def listed(view: View) -> list[NoteVersion]:
    """The notes that commands may name, in their order."""
    return [each for each in view.notes if each.state != "deleted"]


def _marked(mark: str, text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.strip():
            yield mark + line


def wait_for_end(controller: Controller, over: Callable[[], bool]) -> None:
    """Wait for the end of a run that nobody types at any more: nothing may be waited for then."""
    controller.mode = "auto"
    controller.go_on()
    while not over():
        time.sleep(0.05)
