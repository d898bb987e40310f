"""Note operations as differences that a person can read. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from agent.note_ops import AddNote, DeleteNote, NoteOperation, RewriteNote
from agent.story.parts import Change, Mark, Shown

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


def change(operation: NoteOperation, shown: Sequence[Shown]) -> Change:
    """What an operation does to the notes that the window showed."""
    if isinstance(operation, AddNote):
        return Change("add", None, operation.title, (("in", operation.body),))
    if isinstance(operation, RewriteNote | DeleteNote):
        note = shown[operation.n - 1] if operation.n <= len(shown) else None
        title, body = (note.title, note.body) if note else (None, None)
        if isinstance(operation, DeleteNote):
            return Change("delete", operation.n, title, (("out", body),) if body else ())
        return Change("rewrite", operation.n, title, difference(body or "", operation.body))
    return Change("find", None, operation.query, ())


def difference(old: str, new: str) -> tuple[tuple[Mark, str], ...]:
    """Word by word: what stays, what goes out, what comes in. Without "in" it is `old`, without "out"
    `new`."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    found: list[tuple[Mark, str]] = []
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(("same", "".join(before[a:b])))
            continue
        if b > a:
            found.append(("out", "".join(before[a:b])))
        if d > c:
            found.append(("in", "".join(after[c:d])))
    return tuple(found)
