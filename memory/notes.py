"""Notes, their versions and their sources, read: the SQL, as functions over a connection.

Every function that shows a note takes the scope and refuses what lies outside it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from memory import asof, episodes, text
from memory.errors import OutOfScope, UnknownNote
from memory.store import Row, first, rows
from memory.types import Bank, Note, NoteVersion, Scope, Span

if TYPE_CHECKING:
    from sqlite_utils import Database

_NOTES = """SELECT n.id, n.uid, n.bank, b.kind AS bank_kind, b.name AS bank_name, n.title, n.body,
  n.state, n.version, n.tokens, n.pinned, n.created, n.updated
  FROM notes n JOIN banks b ON b.id = n.bank"""

_VERSIONS = """SELECT v.note, v.version, v.op, v.title, v.body, v.state, v.tokens, v.pinned,
  v.actor, v.episode, v.step, v.reason, v.at, c.key
  FROM note_versions v LEFT JOIN commits c ON c.id = v."commit\""""


def bank_ids(db: Database, scope: Scope) -> str:
    """The readable banks' ids as a JSON array, for ``json_each``: no limit on their number.

    Raises UnknownBank for a bank that is not this file's own.
    """
    for bank in scope.readable:
        episodes.check_bank(db, bank)
    return json.dumps([bank.id for bank in scope.readable])


def in_scope(
    db: Database, scope: Scope, states: Sequence[str], limit: int | None = None
) -> list[Note]:
    """The notes of the scope's banks that are in one of the states; oldest first.

    ``limit`` keeps that many of the newest.
    """
    over = asof.overlay(db, scope)
    found = rows(
        db,
        f"{_NOTES} WHERE n.bank IN (SELECT value FROM json_each(?))"
        " AND n.state IN (SELECT value FROM json_each(?)) ORDER BY n.created DESC, n.uid DESC"
        " LIMIT ?",
        (
            bank_ids(db, scope),
            json.dumps(list(states)),
            -1 if limit is None else limit + len(over.hidden),
        ),
    )
    seen = [as_note(row) for row in found if row["id"] not in over.hidden]
    seen += [note for note in over.then.values() if note.state in states]
    seen.sort(key=lambda note: (note.created, note.uid))
    return seen if limit is None else seen[max(len(seen) - limit, 0) :]


def numbered(db: Database, ids: Sequence[int]) -> list[tuple[int, Note]]:
    """Notes with their row ids, by row id, as they now stand."""
    found = rows(
        db,
        f"{_NOTES} WHERE n.id IN (SELECT value FROM json_each(?)) ORDER BY n.id",
        (json.dumps(list(ids)),),
    )
    return [(row["id"], as_note(row)) for row in found]


def by_ids(db: Database, ids: Sequence[int]) -> list[Note]:
    """Notes by row id, as they now stand."""
    return [note for _, note in numbered(db, ids)]


def one(db: Database, scope: Scope, uid: str) -> Note:
    """The note as it now stands, in whatever state. Raises UnknownNote and OutOfScope."""
    bank_ids(db, scope)  # refuses a scope of banks that are not this file's
    row = first(db, f"{_NOTES} WHERE n.uid = ?", (text.checked(uid, "note uid"),))
    if row is None:
        raise UnknownNote(f"note {uid} is not in this file: name one that is")
    note = as_note(row)
    if note.bank not in scope.readable:
        raise OutOfScope(
            f"note {uid} is outside the scope: it must be in one of "
            f"{', '.join(map(str, scope.readable))}"
        )
    return note


def banks_of(db: Database, uids: Sequence[str]) -> dict[str, Bank]:
    """The banks of the notes with these uids, in any state; a uid of no note is left out."""
    found = rows(
        db,
        "SELECT n.uid, b.id, b.kind, b.name FROM notes n JOIN banks b ON b.id = n.bank"
        " WHERE n.uid IN (SELECT value FROM json_each(?))",
        (json.dumps([text.checked(uid, "note uid") for uid in uids]),),
    )
    return {row.pop("uid"): Bank(**row) for row in found}


def seen(db: Database, scope: Scope, uid: str) -> Note:
    """The note as the scope sees it, in whatever state. Raises UnknownNote and OutOfScope."""
    note = one(db, scope, uid)
    over = asof.overlay(db, scope)
    if uid not in over.hidden_uids:
        return note
    for then in over.then.values():
        if then.uid == uid:
            return then
    assert scope.frozen is not None
    raise UnknownNote(f"note {uid} was not there yet at {scope.frozen.at}: name one that was")


def as_note(row: Row) -> Note:
    """A row of ``_NOTES`` as a value."""
    bank = Bank(row["bank"], row["bank_kind"], row["bank_name"])
    kept = {key: row[key] for key in row if key not in ("id", "bank_kind", "bank_name")}
    return Note(**{**kept, "bank": bank, "pinned": bool(row["pinned"])})


def versions(db: Database, scope: Scope, uid: str) -> list[NoteVersion]:
    """A note's history, oldest first. Raises UnknownNote and OutOfScope."""
    one(db, scope, uid)
    found = rows(db, f"{_VERSIONS} WHERE v.note = ? ORDER BY v.id", (uid,))
    return [_version(row) for row in found]


def versions_of_commit(db: Database, commit: int) -> tuple[NoteVersion, ...]:
    """What a commit wrote, in the order of its changes."""
    found = rows(db, f'{_VERSIONS} WHERE v."commit" = ? ORDER BY v.id', (commit,))
    return tuple(_version(row) for row in found)


def _version(row: Row) -> NoteVersion:
    return NoteVersion(**{**row, "pinned": bool(row["pinned"])})


def sources(
    db: Database,
    scope: Scope,
    uid: str,
    numbers: Sequence[int] | None = None,
    *,
    upto: str | None = None,
) -> list[Span]:
    """The spans that versions of these numbers (or any, where None) of the note summarise.

    ``upto`` a time: those that the versions of then had then. A note that is said again takes on
    sources that it had not before; a span can be one only once its episode has summed up after it.
    """
    one(db, scope, uid)
    found = rows(
        db,
        "SELECT DISTINCT s.id, s.uid, s.episode, s.step, s.kind, s.ordinal, s.text, s.sha256,"
        " s.created, s.erased FROM spans s JOIN note_sources ns ON ns.span = s.id"
        " JOIN note_versions v ON v.id = ns.version"
        " WHERE v.note = ?1 AND (?2 IS NULL OR v.version IN (SELECT value FROM json_each(?2)))"
        " AND (?3 IS NULL OR v.at <= ?3 AND s.created <= ?3"
        "  AND EXISTS (SELECT 1 FROM commits c WHERE coalesce(c.episode, '') = s.episode"
        # By the step too, as a clock may have been set back between the two.
        "   AND c.verb = 'summary' AND c.at <= ?3 AND (c.step > s.step OR c.at >= s.created)))"
        " ORDER BY s.id",
        (uid, None if numbers is None else json.dumps(list(numbers)), upto),
    )
    return [Span(**{key: row[key] for key in row if key != "id"}) for row in found]


def with_uid(db: Database, scope: Scope, start: str) -> Note:
    """The note of the scope with this uid, or the only one whose uid starts so.

    Raises UnknownNote where there is none, or more than one.
    """
    found = rows(
        db,
        # The range is what the index on uids answers; among a million notes a scan takes a second.
        f"{_NOTES} WHERE n.uid >= ?1 AND n.uid < ?1 || char(0x10FFFF)"
        " AND n.bank IN (SELECT value FROM json_each(?2)) ORDER BY n.uid <> ?1 LIMIT 2",
        (text.checked(start, "note uid"), bank_ids(db, scope)),
    )
    if not start or not found:
        raise UnknownNote(
            f"no note's uid starts with {text.shown(start)}: give a uid that "
            "`steno memory ls` lists"
        )
    if len(found) > 1 and found[0]["uid"] != start:
        raise UnknownNote(
            f"more than one note's uid starts with {text.shown(start)}: give more of it"
        )
    return as_note(found[0])
