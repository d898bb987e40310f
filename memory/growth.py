"""What may be erased of a file: raw text that notes cover, and notes for good."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from memory import changes, notes, origins
from memory.errors import BadValue, OutOfScope
from memory.store import Store, first, row_id, rows
from memory.types import Delete, Note, Scope

if TYPE_CHECKING:
    from sqlite_utils import Database

SPANS_A_TRANSACTION = 500  # so that a run that writes meanwhile never waits long


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: versions, spans, and the bytes of the spans' text."""

    versions: int
    spans: int
    bytes: int
    log_held: bool = False
    """Whether a reader kept the log from being emptied, so that it holds the words still."""


# A span may lose its text where a note covers it and no window shows it any more.
_ERASABLE = """
SELECT s.id, length(CAST(s.text AS BLOB)) AS bytes, s.created FROM spans s
JOIN episodes e ON e.uid = s.episode
WHERE s.text IS NOT NULL
  AND (EXISTS (SELECT 1 FROM prune_spans ps WHERE ps.span = s.id)
    OR (e.outcome IS NOT NULL AND e.outcome <> 'interrupted' AND e.error IS NULL))
  AND EXISTS (SELECT 1 FROM note_sources ns JOIN note_versions v ON v.id = ns.version
    WHERE ns.span = s.id AND v.op <> 'delete' AND v.title <> '')
ORDER BY s.id
"""


def retain(store: Store, keep_days: float | None, keep_bytes: int | None, dry: bool) -> Erased:
    """See ``Care.retain``."""
    for value, what in ((keep_days, "days to keep"), (keep_bytes, "bytes to keep")):
        if value is not None and not 0 <= value < 1e15:
            raise BadValue(f"{what} is {value}: it must be 0 or more")
    with store.read() as db:
        found = rows(db, _ERASABLE)
        [total] = rows(db, "SELECT coalesce(sum(length(CAST(text AS BLOB))), 0) AS b FROM spans")
    oldest_kept = ""
    if keep_days is not None:
        now = datetime.fromisoformat(store.now())
        kept_from = now - timedelta(
            days=min(keep_days, (now - datetime.min.replace(tzinfo=UTC)).days)
        )
        oldest_kept = kept_from.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    left, chosen = total["b"], []
    for row in found:
        too_much = keep_bytes is not None and left > keep_bytes
        if too_much or row["created"] < oldest_kept:
            chosen.append(row)
            left -= row["bytes"]
    ids = [row["id"] for row in chosen]
    if not dry:
        for start in range(0, len(ids), SPANS_A_TRANSACTION):
            with store.write() as db:
                _erase_spans(db, ids[start : start + SPANS_A_TRANSACTION], store.now())
    held = not dry and _forget_log(store)
    return Erased(0, len(chosen), sum(row["bytes"] for row in chosen), held)


def purge(store: Store, scope: Scope, uid: str, reason: str, sources: bool) -> Erased:
    """See ``Care.purge``."""
    with store.write() as db:
        note = notes.one(db, scope, uid)
        if note.bank not in scope.writable:
            raise OutOfScope(f"note {uid} is in {note.bank}, which this scope only reads")
        erased = Erased(0, 0, 0)
        if first(db, "SELECT 1 FROM purges WHERE note = ?", (uid,)) is None:
            erased = _purge(db, store, scope, note, reason, sources)
    return replace(erased, log_held=_forget_log(store))


def _purge(
    db: Database, store: Store, scope: Scope, note: Note, reason: str, sources: bool
) -> Erased:
    uid, now = note.uid, store.now()
    if note.state != "deleted":
        cursor = db.execute(
            "INSERT INTO commits (key, verb, at) VALUES (?, 'edit', ?)", (f"purge/{uid}", now)
        )
        author = changes.Author(
            None, None, f"purge/{uid}", reason, row_id(cursor.lastrowid), "person"
        )
        gone = Delete(uid, note.version)
        changes.apply_change(db, scope, gone, 0, author, None, store.note_time(db))
    spans = _spans_of(db, uid, sources)
    [held] = rows(
        db,
        "SELECT coalesce(sum(length(CAST(text AS BLOB))), 0) AS bytes FROM spans"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(spans),),
    )
    [count] = rows(db, "SELECT count(*) AS n FROM note_versions WHERE note = ?", (uid,))
    db.execute(
        "INSERT INTO purges (note, versions, spans, reason, at) VALUES (?, ?, ?, ?, ?)",
        (uid, count["n"], len(spans), reason, now),
    )
    db.execute(
        "UPDATE note_versions SET title = '', body = '', reason = '', tokens = NULL WHERE note = ?",
        (uid,),
    )
    db.execute("UPDATE notes SET title = '', body = '', tokens = NULL WHERE uid = ?", (uid,))
    _erase_spans(db, spans, now)
    # Or the index would keep the words beside a mark that they are gone.
    db.execute("INSERT INTO notes_fts (notes_fts) VALUES ('optimize')")
    return Erased(count["n"], len(spans), held["bytes"])


def _spans_of(db: Database, uid: str, sources: bool) -> list[int]:
    """The row ids of the spans that hold a note's words, with those it came from on request."""
    found = rows(
        db,
        "SELECT s.id FROM spans s JOIN json_each(?3) written ON written.value = s.id"
        "  WHERE s.text IS NOT NULL"
        # What was looked up: where it is on record, by its words; else (files of schema 1) by its line.
        " UNION SELECT s.id FROM note_versions v JOIN recalls r ON r.version = v.id"
        "  JOIN spans s ON s.episode = r.episode AND s.step = r.step AND s.kind = 'recalled'"
        "  WHERE v.note = ?1 AND instr(s.text, v.body)"
        " UNION SELECT s.id FROM note_versions v JOIN spans s ON s.kind = 'recalled'"
        "  AND instr(char(10) || s.text || char(10),"
        "            char(10) || '- ' || v.title || ': ' || v.body || char(10)) WHERE v.note = ?1"
        " UNION SELECT s.id FROM note_versions v JOIN note_sources ns ON ns.version = v.id"
        "  JOIN spans s ON s.id = ns.span WHERE v.note = ?1 AND ?2 AND s.text IS NOT NULL"
        # What a note was deleted after, it did not come from; nothing else may cover that.
        "  AND v.op <> 'delete'",
        (uid, sources, json.dumps(origins.summaries(db, uid))),
    )
    return [row["id"] for row in found]


def _erase_spans(db: Database, ids: list[int], now: str) -> None:
    db.execute(
        "UPDATE spans SET text = NULL, erased = ? WHERE id IN (SELECT value FROM json_each(?))"
        " AND text IS NOT NULL",
        (now, json.dumps(ids)),
    )


def _forget_log(store: Store) -> bool:
    """Write the log back and empty it: it still holds what was erased. Whether a reader held it."""
    with store.bare() as db:  # a checkpoint wants no transaction, not even for reading
        [(busy, _, _)] = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return bool(busy)
