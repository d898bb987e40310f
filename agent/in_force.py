"""What a list of note operations comes to, where several of them are about one note. Pure.

A grammar can hold a model to the form of an operation, not to what it wrote two lines ago or to which
notes stand already. A title names one note, so no answer has to be refused for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.note_ops import AddNote, DeleteNote, FindNotes, NoteOperation, RewriteNote


def in_force(operations: Iterable[NoteOperation], titles: Sequence[str]) -> list[NoteOperation]:
    """The operations that hold, at most one a note; `titles` are those of the notes shown, in order.

    An ADD under a title that stands already rewrites that note (the last one, where several have it); of
    two writes of one note the later holds; a DELETE gives way to a write of the same note, so that what
    was meant to be kept is kept, and something is always written where something was.
    """
    numbers = {_key(title): n for n, title in enumerate(titles, 1)}
    held: dict[tuple[str, int | str], NoteOperation] = {}
    for operation in operations:
        if isinstance(operation, AddNote) and (n := numbers.get(_key(operation.title))) is not None:
            operation = RewriteNote(n, operation.body)
        about = _about(operation)
        if isinstance(operation, DeleteNote | FindNotes):
            held.setdefault(about, operation)
        else:
            held.pop(about, None)  # so that it stands where it was last written
            held[about] = operation
    return list(held.values())


def _about(operation: NoteOperation) -> tuple[str, int | str]:
    """What two operations have in common of which only one can hold."""
    match operation:
        case AddNote(title=title):
            return "new", _key(title)
        case FindNotes(query=query):
            return "find", query
        case RewriteNote(n=n) | DeleteNote(n=n):
            return "note", n


def _key(title: str) -> str:
    return " ".join(title.casefold().split())
