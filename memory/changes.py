"""Changes of notes: each a new version, and the note that mirrors it. The SQL, over a connection.

To be called inside ``Store.write``.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memory import notes, text
from memory.errors import BadValue, Conflict, OutOfScope
from memory.relevance import match_all, plain_words
from memory.schema_v2 import BANK_SHIFT
from memory.store import Row, first, row_id, rows
from memory.types import Add, Approve, Bank, Delete, Edit, Note, Pin, Restore, Rewrite, Scope

if TYPE_CHECKING:
    from sqlite_utils import Database

ACTORS = ("agent", "person")


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes versions, where in which episode (if in any), why, and under which commit."""

    episode: str | None
    step: int | None
    key: str
    reason: str
    commit: int
    actor: str = "agent"


def apply_change(
    db: Database,
    scope: Scope,
    change: Edit,
    ordinal: int,
    author: Author,
    tokens: int | None,
    at: str,
) -> int:
    """Write one change as a new version and into its note. Returns the version's row id.

    Raises Conflict, OutOfScope, UnknownNote and BadText.
    """
    if isinstance(change, Add):
        return _add(db, scope, change, ordinal, author, tokens, at)
    note = _as_seen(db, scope, change.uid, change.seen_version, author.actor)
    if isinstance(change, Rewrite):
        title = note.title if change.title is None else note_title(change.title)
        new: dict[str, object] = {"title": title, "body": note_body(change.body), "tokens": tokens}
        return _update(db, note, "rewrite", new, author, at)
    if isinstance(change, Delete):
        return _update(db, note, "delete", {"state": "deleted", "deleted": at}, author, at)
    if isinstance(change, Restore):
        return _restore(db, note, change.version, author, at)
    if isinstance(change, Approve):
        if note.state != "proposed":
            raise Conflict(f"note {note.uid} is {note.state}, not proposed: nothing to approve")
        return _update(db, note, "approve", {"state": "live"}, author, at)
    op = "pin" if change.pinned else "unpin"
    return _update(db, note, op, {"pinned": int(change.pinned)}, author, at)


@dataclass(frozen=True, slots=True)
class Echo:
    """A note that says already what a change would say."""

    note: str
    version: int
    """Its newest version's row id."""
    ours: bool
    """Whether it stands where the scope may write."""


def echo_of(db: Database, scope: Scope, change: Edit) -> Echo | None:
    """The note that says already what the change would say; None where none does.

    What an agent reads in its own window it is apt to note again: such echoes would fill a bank with
    copies. Another episode's own bank does not count: to share a note is no echo.
    """
    if isinstance(change, Rewrite):
        note = notes.one(db, scope, change.uid)
        if note.version != change.seen_version or note.state == "deleted":
            return None  # a Conflict, as applying it tells; what was purged has no title to compare
        title = note.title if change.title is None else change.title
        same = (note_title(title), note_body(change.body)) == (note.title, note.body)
        return Echo(note.uid, _newest_version(db, note.uid), True) if same else None
    if not isinstance(change, Add):
        return None
    title, body = note_title(change.title), note_body(change.body)
    wanted = said(title, body)
    expression = match_all(plain_words(_plain(title, body)))
    if expression is None:
        return None
    for bank in scope.readable:
        if bank.kind == "episode" and bank != scope.write:
            continue
        found = rows(
            db,
            "SELECT n.uid, n.title, n.body FROM notes_fts JOIN notes n ON n.id = notes_fts.rowid"
            " WHERE notes_fts MATCH ? AND notes_fts.rowid BETWEEN ? AND ?"
            " AND n.state <> 'deleted'",
            (expression, bank.id << BANK_SHIFT, ((bank.id + 1) << BANK_SHIFT) - 1),
        )
        for row in found:
            if said(row["title"], row["body"]) == wanted:
                newest = _newest_version(db, row["uid"])
                return Echo(row["uid"], newest, bank in scope.writable)
    return None


def already(db: Database, scope: Scope, edit: Edit, actor: str) -> str | None:
    """The uid of the note that is already as the edit would have it; None where none is.

    For an agent that is an echo too, while a person may say a thing twice. Raises what
    ``apply_change`` raises.
    """
    if isinstance(edit, Pin | Restore):
        note = _as_seen(db, scope, edit.uid, edit.seen_version, actor)
        if isinstance(edit, Pin):
            same = note.pinned == edit.pinned
        else:
            words = _words_of(db, note, edit.version)
            same = (note.title, note.body) == (words["title"], words["body"])
        return note.uid if same and note.state != "deleted" else None
    echo = echo_of(db, scope, edit) if actor == "agent" else None
    return None if echo is None else echo.note


def said(title: str, body: str) -> str:
    """What a note says: without case, a list's number, spaces that do not count, a last full stop."""
    return _plain(title, body).casefold()


def _plain(title: str, body: str) -> str:
    words = " ".join(f"{title}: {body}".split())
    return re.sub(r"^(\d+[.)] )+", "", words).rstrip(".!; ")


def note_title(title: str) -> str:
    """``title`` as it is stored. Raises BadText."""
    return text.note_text(title, "note title", text.TITLE_MAX_CHARS)


def note_body(body: str) -> str:
    """``body`` as it is stored. Raises BadText."""
    return text.note_text(body, "note body", text.BODY_MAX_CHARS)


def note_uid(episode: str | None, key: str, ordinal: int) -> str:
    """The uid of the ``ordinal``-th change of a commit: the same in every replay of it."""
    place = json.dumps([episode, key, ordinal])
    return hashlib.sha256(place.encode()).hexdigest()[:16]


def asks_for_approval(db: Database, bank: Bank) -> bool:
    """Whether what agents write into the bank has to wait for a person."""
    return bool(rows(db, "SELECT 1 FROM banks WHERE id = ? AND approval = 1", (bank.id,)))


def _add(
    db: Database,
    scope: Scope,
    change: Add,
    ordinal: int,
    author: Author,
    tokens: int | None,
    at: str,
) -> int:
    bank = scope.write
    uid = change.uid or note_uid(author.episode, author.key, ordinal)
    if not re.fullmatch(r"[0-9a-f]{16}", uid):
        raise BadValue(f"note uid {text.shown(uid)} is none: it must be 16 hex digits")
    if first(db, "SELECT 1 FROM notes WHERE uid = ?", (uid,)) is not None:
        better = "use another idempotency key" if change.uid is None else "leave the uid out"
        raise Conflict(f"note uid {uid} is taken by another note of this file: {better}")
    proposed = author.actor == "agent" and asks_for_approval(db, bank)
    db.execute(
        "INSERT INTO notes (id, uid, bank, title, body, state, version, tokens, created, updated)"
        " VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?)",
        (
            _next_id(db, bank),
            uid,
            bank.id,
            note_title(change.title),
            note_body(change.body),
            "proposed" if proposed else "live",
            tokens,
            at,
            at,
        ),
    )
    return _append_version(db, uid, "add", author)


def _next_id(db: Database, bank: Bank) -> int:
    """The row id after the last of the bank's: see ``schema_v2.BANK_SHIFT``."""
    row = first(
        db,
        "SELECT max(id) AS last FROM notes WHERE id BETWEEN ? AND ?",
        (bank.id << BANK_SHIFT, ((bank.id + 1) << BANK_SHIFT) - 1),
    )
    last: int | None = row["last"] if row else None
    return (bank.id << BANK_SHIFT) + 1 if last is None else last + 1


def _as_seen(db: Database, scope: Scope, uid: str, seen_version: int, actor: str) -> Note:
    """The note as it stands, if it is still what the author saw, and the author's to change."""
    note = notes.one(db, scope, uid)
    if note.bank not in scope.writable:
        raise OutOfScope(
            f"note {uid} is in {note.bank}, which this scope only reads: "
            f"write into {' or '.join(map(str, scope.writable))}"
        )
    if actor == "agent" and asks_for_approval(db, note.bank):
        raise OutOfScope(
            f"note {uid} is in {note.bank}, whose notes only a person changes: add a note, "
            "which a person may approve"
        )
    if note.version != seen_version:
        raise Conflict(
            f"note {uid} is at version {note.version} ({note.state}), and the change was made "
            f"to version {seen_version}: read it again"
        )
    return note


def _restore(db: Database, note: Note, version: int, author: Author, at: str) -> int:
    words = _words_of(db, note, version)
    state = "proposed" if note.state == "proposed" else "live"
    return _update(db, note, "restore", {**words, "state": state, "deleted": None}, author, at)


def _words_of(db: Database, note: Note, version: int) -> Row:
    """Title, body and tokens of a version. Raises Conflict where it is not there, or was purged."""
    row = first(
        db,
        "SELECT title, body, tokens FROM note_versions WHERE note = ? AND version = ?",
        (note.uid, version),
    )
    if row is None:
        raise Conflict(f"note {note.uid} has no version {version}: see `steno memory history`")
    if not row["title"]:
        raise Conflict(f"version {version} of note {note.uid} was purged: its words are gone")
    return row


def _update(
    db: Database, note: Note, op: str, new: dict[str, object], author: Author, at: str
) -> int:
    if note.state == "deleted" and op != "restore":
        raise Conflict(
            f"note {note.uid} is at version {note.version} (deleted): restore it before you "
            "change it"
        )
    columns = ", ".join(f"{column} = ?" for column in new)
    db.execute(
        f"UPDATE notes SET {columns}, version = version + 1, updated = ? WHERE uid = ?",
        (*new.values(), at, note.uid),
    )
    return _append_version(db, note.uid, op, author)


def _append_version(db: Database, uid: str, op: str, author: Author) -> int:
    """Copy the note as it now stands into its history."""
    cursor = db.execute(
        "INSERT INTO note_versions (note, version, op, title, body, state, tokens, pinned, actor,"
        ' episode, step, reason, "commit", at)'
        " SELECT uid, version, ?, title, body, state, tokens, pinned, ?, ?, ?, ?, ?, updated"
        " FROM notes WHERE uid = ?",
        (
            op,
            text.one_of(author.actor, ACTORS, "actor"),
            author.episode,
            author.step,
            text.checked(author.reason, "reason"),
            author.commit,
            uid,
        ),
    )
    return row_id(cursor.lastrowid)


def _newest_version(db: Database, uid: str) -> int:
    row = first(db, "SELECT max(id) AS id FROM note_versions WHERE note = ?", (uid,))
    return row_id(row["id"] if row else None)


def add_source(db: Database, version: int, span: int) -> None:
    """Record that a version (row id) summarises a span (row id). Again, a no-op."""
    db.execute(
        "INSERT INTO note_sources (version, span) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (version, span),
    )
