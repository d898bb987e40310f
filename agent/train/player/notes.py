"""The note operations of a careful player: what changed since the notes in the window were written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent.note_ops import (
    MOST_OPERATIONS,
    AddNote,
    DeleteNote,
    NoteOperation,
    RewriteNote,
    render,
)
from agent.train.player.belief import Belief
from agent.train.player.remember import NOW, desired
from agent.train.player.window import ShownNote


def operations(
    belief: Belief, shown: Sequence[ShownNote], fits: Callable[[str], bool]
) -> list[NoteOperation]:
    """What to write: the most important first, as many as are allowed and as `fits` says fit.

    There is always an ADD or a REWRITE among them, as the language of notes asks.
    """
    wanted = desired(belief)
    by_title = {note.title.lower(): note for note in shown}
    writes: list[NoteOperation] = []
    for title, body in wanted.items():
        note = by_title.get(title)
        if note is None:
            writes.append(AddNote(title, body))
        elif note.body != body:
            writes.append(RewriteNote(note.n, body))
    if belief.over:
        return writes[:1] or [RewriteNote(by_title[NOW].n, wanted[NOW])]
    # A title that stands twice is as wrong as one that nothing is left to say about.
    gone = [
        DeleteNote(note.n)
        for note in shown
        if note.title.lower() not in wanted or by_title[note.title.lower()] is not note
    ]
    if not writes:
        # Nothing has changed; the language asks for one write all the same.
        note = by_title.get(NOW)
        writes = [RewriteNote(note.n, wanted[NOW]) if note else AddNote(NOW, wanted[NOW])]
    # Of a map that was given up nothing must stay; else what is new comes first.
    first = 2 if belief.afresh is not None else len(writes)
    chosen: list[NoteOperation] = []
    for operation in [*writes[:first], *gone, *writes[first:]]:
        if len(chosen) < MOST_OPERATIONS and fits(render([*chosen, operation])):
            chosen.append(operation)
    return chosen or [AddNote(NOW, wanted[NOW][:40])]
