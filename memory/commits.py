"""Commits with their prunes, and recalls: the SQL, as functions over a connection.

Writers expect to be called inside ``Store.write``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memory import episodes, notes, text
from memory.errors import BadValue, Conflict, UnknownNote
from memory.store import Row, first, row_id, rows
from memory.types import Prune, PruneRecord, Recall, Scope

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


def add_prune(db: Database, episode: str, step: int, commit: int, prune: Prune, now: str) -> None:
    """Record a prune and its spans. Raises UnknownSpan, UnknownNote and BadValue."""
    for value, what in (
        (prune.tokens_before, "tokens before the prune"),
        (prune.tokens_after, "tokens after the prune"),
    ):
        text.count(value, what)
    if not prune.spans:
        raise BadValue(f"the prune at step {step} cuts no spans: name at least one")
    if prune.note is not None and not rows(
        db, "SELECT 1 FROM notes WHERE uid = ?", (text.checked(prune.note, "note uid"),)
    ):
        raise UnknownNote(f"note {prune.note} of the prune is not in this file: name one that is")
    spans = episodes.span_ids(db, episode, prune.spans)
    cursor = db.execute(
        'INSERT INTO prunes ("commit", episode, step, kind, note, tokens_before, tokens_after, at)'
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            commit,
            episode,
            step,
            prune.kind,
            prune.note,
            prune.tokens_before,
            prune.tokens_after,
            now,
        ),
    )
    cut = row_id(cursor.lastrowid)
    for span in spans:
        db.execute("INSERT INTO prune_spans (prune, span) VALUES (?, ?)", (cut, span))


def prunes(db: Database, episode: str) -> list[PruneRecord]:
    """The prunes of an episode, in order. Raises UnknownEpisode."""
    episodes.require(db, episode)
    found = rows(
        db,
        'SELECT p.*, c.key FROM prunes p JOIN commits c ON c.id = p."commit"'
        " WHERE p.episode = ? ORDER BY p.id",
        (episode,),
    )
    return [_prune(db, row) for row in found]


def _prune(db: Database, row: Row) -> PruneRecord:
    cut = rows(
        db,
        "SELECT s.uid FROM prune_spans ps JOIN spans s ON s.id = ps.span"
        " WHERE ps.prune = ? ORDER BY s.id",
        (row["id"],),
    )
    spans = tuple(span["uid"] for span in cut)
    prune = Prune(row["kind"], spans, row["tokens_before"], row["tokens_after"], row["note"])
    return PruneRecord(row["episode"], row["step"], row["key"], prune, row["at"])


def uncovered(db: Database, episode: str) -> list[str]:
    """Pruned spans with neither raw text nor a covering note. Raises UnknownEpisode."""
    episodes.require(db, episode)
    # Outer joins, so that a span that some other tool deleted shows up too (by its row id).
    # What was recalled is a copy of notes: those cover it.
    found = rows(
        db,
        "SELECT DISTINCT coalesce(s.uid, 'row ' || ps.span) AS uid FROM prune_spans ps"
        " JOIN prunes p ON p.id = ps.prune LEFT JOIN spans s ON s.id = ps.span"
        " WHERE p.episode = ? AND s.text IS NULL AND s.kind IS NOT 'recalled' AND NOT EXISTS ("
        "  SELECT 1 FROM note_sources ns JOIN note_versions v ON v.id = ns.version"
        "  WHERE ns.span = ps.span AND v.op <> 'delete') ORDER BY ps.span",
        (episode,),
    )
    return [row["uid"] for row in found]


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
