"""Where a note came from and where it went: versions, spans, thoughts, recalls. Read only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memory import notes
from memory.errors import UnknownNote
from memory.store import Row, rows
from memory.types import Bank, NoteVersion, Recall, Scope, Span

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


def why(db: Database, scope: Scope, uid: str, version: int | None, upto: str | None) -> Origin:
    """Walk back from a version (the newest, where None), and forward to its recalls ``upto`` a time."""
    history = notes.versions(db, scope, uid)
    chosen = [one for one in history if version in (None, one.version)]
    if not chosen:
        raise UnknownNote(f"note {uid} has no version {version}: it has 1 to {len(history)}")
    of = chosen[-1]
    written_in = rows(
        db,
        "SELECT uid, episode, step, kind, ordinal, text, sha256, created, erased FROM spans"
        " WHERE episode = ? AND step = ? AND (kind = 'thought' OR id IN"
        "   (SELECT value FROM json_each(?))) ORDER BY id",
        (of.episode, of.step, json.dumps(summaries(db, uid, of.version))),
    )
    found = rows(
        db,
        "SELECT r.episode, r.step, v.note, v.version FROM recalls r JOIN note_versions v"
        " ON v.id = r.version WHERE v.note = ? AND v.version = ? AND (? IS NULL OR r.at <= ?)"
        " ORDER BY r.rowid",
        (uid, of.version, upto, upto),
    )
    return Origin(
        of,
        tuple(notes.sources(db, scope, uid, of.version)),
        tuple(Span(**row) for row in written_in),
        tuple(Recall(**row) for row in found),
    )


def summaries(db: Database, uid: str, version: int | None = None) -> list[int]:
    """The row ids of the raw summaries that wrote a version (any, where None) of a note.

    A step may hold several: one for a full window, one at the end. The one that wrote a version was
    stored by the same transaction and bears its time. Where none does (a caller may have stored it
    with the step), every summary of the step may be the one.
    """
    found = rows(
        db,
        "SELECT v.id AS version, s.id, s.created = c.at AS exact FROM note_versions v"
        ' JOIN commits c ON c.id = v."commit" JOIN spans s ON s.episode = v.episode'
        "  AND s.step = v.step AND s.kind = 'summary'"
        " WHERE v.note = ? AND (? IS NULL OR v.version = ?) ORDER BY s.id",
        (uid, version, version),
    )
    known = {row["version"] for row in found if row["exact"]}
    return [row["id"] for row in found if row["exact"] or row["version"] not in known]


# Words that were purged leave a title and a body of nothing behind, which no note may have.
_TIMELINE = """
SELECT at, episode, step, what, CASE detail WHEN ': ' THEN '(purged)' ELSE detail END AS detail, note
FROM timeline t WHERE at > ?1 AND (?2 IS NULL OR at <= ?2) AND (?3 IS NULL OR ?3 =
  CASE WHEN note IS NULL THEN (SELECT bank FROM episodes WHERE uid = t.episode)
  ELSE (SELECT bank FROM notes WHERE uid = t.note) END)
ORDER BY at DESC LIMIT ?4
"""


def timeline(
    db: Database, after: str, upto: str | None, limit: int | None, bank: Bank | None
) -> list[Row]:
    """The events after a time and ``upto`` another, oldest first; at most the newest ``limit``.

    With a bank: what became of its notes, and the steps and prunes of episodes whose own it is.
    """
    most = -1 if limit is None else max(limit, 0)
    found = rows(db, _TIMELINE, (after, upto, None if bank is None else bank.id, most))
    return found[::-1]
