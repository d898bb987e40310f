"""Commits and recalls: the SQL, as functions over a connection.

Writers expect to be called inside ``Store.write``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memory import episodes, notes, text
from memory.errors import Conflict, UnknownNote
from memory.store import first, row_id, rows
from memory.types import Recall, Scope

if TYPE_CHECKING:
    from sqlite_utils import Database


def begin_commit(
    db: Database, episode: str | None, key: str, verb: str, step: int | None, now: str
) -> tuple[int, bool]:
    """The commit of this key: its row id, and whether an earlier call made it.

    An edit has no episode. Raises what ``known_commit`` raises.
    """
    if episode is not None:
        episodes.require(db, episode)
        text.count(step or 0, "step")
    known = known_commit(db, episode, key, verb)
    if known is not None:
        return known, True
    cursor = db.execute(
        "INSERT INTO commits (episode, key, verb, step, at) VALUES (?, ?, ?, ?, ?)",
        (episode, key, verb, step, now),
    )
    return row_id(cursor.lastrowid), False


def known_commit(db: Database, episode: str | None, key: str, verb: str) -> int | None:
    """The row id of the commit that was made under this key; None where none was.

    Raises Conflict where the key was used for another verb, and BadText for an unusable key.
    """
    text.name(key, "idempotency key")
    known = first(
        db,
        "SELECT id, verb FROM commits WHERE coalesce(episode, '') = ? AND key = ?",
        (episode or "", key),
    )
    if known is None:
        return None
    if known["verb"] != verb:
        raise Conflict(
            f"key {key!r} of episode {episode} was used for a {known['verb']}, "
            f"not a {verb}: use another key"
        )
    found: int = known["id"]
    return found


def add_recall(
    db: Database, scope: Scope | None, episode: str, step: int, uid: str, version: int, now: str
) -> None:
    """Record that a version entered the window. Raises UnknownNote and OutOfScope."""
    if scope is not None:
        notes.one(db, scope, uid)
    row = first(
        db,
        "SELECT id FROM note_versions WHERE note = ? AND version = ?",
        (text.checked(uid, "note uid"), version),
    )
    if row is None:
        raise UnknownNote(f"note {uid} has no version {version}: name one that it has")
    db.execute(
        "INSERT INTO recalls (episode, step, version, at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (episode, step, row["id"], now),
    )


def recalls(db: Database, episode: str) -> list[Recall]:
    """What entered the window of an episode, in order. Raises UnknownEpisode."""
    episodes.require(db, episode)
    found = rows(
        db,
        "SELECT r.episode, r.step, v.note, v.version FROM recalls r"
        " JOIN note_versions v ON v.id = r.version WHERE r.episode = ? ORDER BY r.rowid",
        (episode,),
    )
    return [Recall(**row) for row in found]
