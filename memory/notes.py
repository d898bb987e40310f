"""Notes, their versions and their sources: the SQL, as functions over a connection.

Writers expect to be called inside ``Store.write``. Every function that touches a note takes the
scope and refuses what lies outside it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memory import episodes, text
from memory.errors import Conflict, OutOfScope, UnknownNote
from memory.store import Row, first, row_id, rows
from memory.types import (
    Add,
    Bank,
    Note,
    NoteChange,
    NoteVersion,
    Rewrite,
    Scope,
    Span,
)

if TYPE_CHECKING:
    from sqlite_utils import Database

_NOTES = """SELECT n.uid, n.bank, b.kind AS bank_kind, b.name AS bank_name, n.title, n.body,
  n.state, n.version, n.tokens, n.pinned, n.created, n.updated
  FROM notes n JOIN banks b ON b.id = n.bank"""

_VERSIONS = """SELECT note, version, op, title, body, state, tokens, pinned, actor, episode, step,
  reason, at FROM note_versions"""


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes versions, where in the episode, why, and under which commit."""

    episode: str
    step: int
    key: str
    reason: str
    commit: int


def bank_ids(db: Database, scope: Scope) -> str:
    """The readable banks' ids as a JSON array, for ``json_each``: no limit on their number."""
    for bank in scope.readable:
        episodes.check_bank(db, bank)
    return json.dumps([bank.id for bank in scope.readable])


def in_scope(db: Database, scope: Scope, *, deleted: bool) -> list[Note]:
    """The live notes of the scope's banks, with deleted ones on request; oldest first."""
    found = rows(
        db,
        f"{_NOTES} WHERE n.bank IN (SELECT value FROM json_each(?))"
        " AND (n.state = 'live' OR ?) ORDER BY n.created, n.uid",
        (bank_ids(db, scope), deleted),
    )
    return [_note(row) for row in found]


def one(db: Database, scope: Scope, uid: str) -> Note:
    """The note, in whatever state. Raises UnknownNote and OutOfScope."""
    bank_ids(db, scope)  # refuses a scope of banks that are not this file's
    row = first(db, f"{_NOTES} WHERE n.uid = ?", (text.checked(uid, "note uid"),))
    if row is None:
        raise UnknownNote(f"note {uid} is not in this file: name one that is")
    note = _note(row)
    if note.bank not in scope.readable:
        raise OutOfScope(
            f"note {uid} is outside the scope: it must be in one of "
            f"{', '.join(f'{bank.kind}/{bank.name}' for bank in scope.readable)}"
        )
    return note


def _note(row: Row) -> Note:
    bank = Bank(row.pop("bank"), row.pop("bank_kind"), row.pop("bank_name"))
    return Note(**{**row, "bank": bank, "pinned": bool(row["pinned"])})


def versions(db: Database, scope: Scope, uid: str) -> list[NoteVersion]:
    """A note's history, oldest first. Raises UnknownNote and OutOfScope."""
    one(db, scope, uid)
    return [_version(row) for row in rows(db, f"{_VERSIONS} WHERE note = ? ORDER BY id", (uid,))]


def versions_of_commit(db: Database, commit: int) -> tuple[NoteVersion, ...]:
    """What a commit wrote, in the order of its changes."""
    found = rows(db, f'{_VERSIONS} WHERE "commit" = ? ORDER BY id', (commit,))
    return tuple(_version(row) for row in found)


def _version(row: Row) -> NoteVersion:
    return NoteVersion(**{**row, "pinned": bool(row["pinned"])})


def sources(db: Database, scope: Scope, uid: str, version: int | None) -> list[Span]:
    """The spans that a version (or any version, where None) of the note summarises."""
    one(db, scope, uid)
    found = rows(
        db,
        "SELECT DISTINCT s.id, s.uid, s.episode, s.step, s.kind, s.ordinal, s.text, s.sha256,"
        " s.created FROM spans s JOIN note_sources ns ON ns.span = s.id"
        " JOIN note_versions v ON v.id = ns.version"
        " WHERE v.note = ? AND (? IS NULL OR v.version = ?) ORDER BY s.id",
        (uid, version, version),
    )
    return [Span(**{key: row[key] for key in row if key != "id"}) for row in found]


def apply_change(
    db: Database,
    scope: Scope,
    change: NoteChange,
    ordinal: int,
    author: Author,
    tokens: int | None,
    at: str,
) -> int:
    """Write one change as a new version and into its note. Returns the version's row id.

    Raises Conflict, OutOfScope, UnknownNote and BadText.
    """
    if isinstance(change, Add):
        title, body = note_title(change.title), note_body(change.body)
        uid = note_uid(author.episode, author.key, ordinal)
        if first(db, "SELECT 1 FROM notes WHERE uid = ?", (uid,)) is not None:
            raise Conflict(f"note uid {uid} is taken: use another idempotency key")
        db.execute(
            "INSERT INTO notes (uid, bank, title, body, state, version, tokens, created, updated)"
            " VALUES (?, ?, ?, ?, 'live', 1, ?, ?, ?)",
            (uid, scope.write.id, title, body, tokens, at, at),
        )
        return _append_version(db, uid, "add", author)
    note = _live_as_seen(db, scope, change.uid, change.seen_version)
    if isinstance(change, Rewrite):
        title = note.title if change.title is None else note_title(change.title)
        db.execute(
            "UPDATE notes SET title = ?, body = ?, version = version + 1, tokens = ?, updated = ?"
            " WHERE uid = ?",
            (title, note_body(change.body), tokens, at, note.uid),
        )
        return _append_version(db, note.uid, "rewrite", author)
    db.execute(
        "UPDATE notes SET state = 'deleted', version = version + 1, updated = ?, deleted = ?"
        " WHERE uid = ?",
        (at, at, note.uid),
    )
    return _append_version(db, note.uid, "delete", author)


def note_title(title: str) -> str:
    """``title`` as it is stored. Raises BadText."""
    return text.note_text(title, "note title", text.TITLE_MAX_CHARS)


def note_body(body: str) -> str:
    """``body`` as it is stored. Raises BadText."""
    return text.note_text(body, "note body", text.BODY_MAX_CHARS)


def note_uid(episode: str, key: str, ordinal: int) -> str:
    """The uid of the ``ordinal``-th change of a commit: the same in every replay of it."""
    place = json.dumps([episode, key, ordinal])
    return hashlib.sha256(place.encode()).hexdigest()[:16]


def _live_as_seen(db: Database, scope: Scope, uid: str, seen_version: int) -> Note:
    note = one(db, scope, uid)
    if note.bank != scope.write:
        raise OutOfScope(
            f"note {uid} is in {note.bank.kind}/{note.bank.name}, which this scope only reads: "
            f"write into {scope.write.kind}/{scope.write.name}"
        )
    if note.state == "deleted" or note.version != seen_version:
        raise Conflict(
            f"note {uid} is at version {note.version} ({note.state}), and the change was made "
            f"to version {seen_version}: read it again"
        )
    return note


def _append_version(db: Database, uid: str, op: str, author: Author) -> int:
    """Copy the note as it now stands into its history."""
    cursor = db.execute(
        "INSERT INTO note_versions (note, version, op, title, body, state, tokens, pinned, actor,"
        ' episode, step, reason, "commit", at)'
        " SELECT uid, version, ?, title, body, state, tokens, pinned, 'agent', ?, ?, ?, ?, updated"
        " FROM notes WHERE uid = ?",
        (op, author.episode, author.step, author.reason, author.commit, uid),
    )
    return row_id(cursor.lastrowid)


def add_source(db: Database, version: int, span: int) -> None:
    """Record that a version (row id) summarises a span (row id)."""
    db.execute("INSERT INTO note_sources (version, span) VALUES (?, ?)", (version, span))
