"""Where a note came from and where it went: versions, spans, thoughts, recalls. Read only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memory import notes
from memory.errors import UnknownNote
from memory.store import Row, rows
from memory.types import NoteVersion, Recall, Scope, Span

if TYPE_CHECKING:
    from sqlite_utils import Database


@dataclass(frozen=True, slots=True)
class Origin:
    """A version, the spans that it summarises, what was thought and written when it was made, and
    the windows that it entered."""

    version: NoteVersion
    sources: tuple[Span, ...]
    written_in: tuple[Span, ...]
    recalls: tuple[Recall, ...]


def why(db: Database, scope: Scope, uid: str, version: int | None) -> Origin:
    """Walk back from a version (the newest, where None), and forward to its recalls."""
    history = notes.versions(db, scope, uid)
    chosen = [one for one in history if version in (None, one.version)]
    if not chosen:
        raise UnknownNote(f"note {uid} has no version {version}: it has 1 to {len(history)}")
    of = chosen[-1]
    written_in = rows(
        db,
        "SELECT uid, episode, step, kind, ordinal, text, sha256, created, erased FROM spans"
        " WHERE episode = ? AND step = ? AND kind IN ('thought', 'summary') ORDER BY id",
        (of.episode, of.step),
    )
    found = rows(
        db,
        "SELECT r.episode, r.step, v.note, v.version FROM recalls r JOIN note_versions v"
        " ON v.id = r.version WHERE v.note = ? AND v.version = ? ORDER BY r.rowid",
        (uid, of.version),
    )
    return Origin(
        of,
        tuple(notes.sources(db, scope, uid, of.version)),
        tuple(Span(**row) for row in written_in),
        tuple(Recall(**row) for row in found),
    )


def timeline(db: Database, after: str, limit: int | None) -> list[Row]:
    """The events after a time, oldest first; at most the newest ``limit``."""
    found = rows(
        db,
        "SELECT * FROM timeline WHERE at > ? ORDER BY at DESC LIMIT ?",
        (after, -1 if limit is None else max(limit, 0)),
    )
    return found[::-1]
