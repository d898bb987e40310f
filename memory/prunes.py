"""Prunes, and the notes that cover what they cut: the SQL, as functions over a connection.

A note covers a prune where one of its versions, and not a deletion, has every span that was cut among
its sources. So a prune reaches its notes through its spans, however many there are, those that were
there before and were only said again included; ``prunes.note`` names the note where just one does.
What had been recalled is left out of account: it is a copy of notes, which cover it themselves.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

from memory import episodes, text
from memory.errors import BadValue
from memory.store import Row, row_id, rows
from memory.types import Prune, PruneRecord

if TYPE_CHECKING:
    from sqlite_utils import Database

_PRUNES = 'SELECT p.*, c.key FROM prunes p JOIN commits c ON c.id = p."commit"'

_COVERING = """
SELECT v.id, v.note FROM json_each(?1) cut JOIN note_sources ns ON ns.span = cut.value
JOIN note_versions v ON v.id = ns.version AND v.op <> 'delete'
GROUP BY v.id HAVING count(*) = (SELECT count(*) FROM json_each(?1) all_cut
  JOIN spans s ON s.id = all_cut.value AND s.kind <> 'recalled')
ORDER BY v.id
"""


def add(db: Database, episode: str, step: int, commit: int, prune: Prune, now: str) -> None:
    """Record a prune with its spans and, where it is just one, the note that covers them.

    To be called when the commit's notes have their sources. Raises UnknownSpan and BadValue.
    """
    for value, what in (
        (prune.tokens_before, "tokens before the prune"),
        (prune.tokens_after, "tokens after the prune"),
    ):
        text.count(value, what)
    if not prune.spans:
        raise BadValue(f"the prune at step {step} cuts no spans: name at least one")
    spans = episodes.span_ids(db, episode, prune.spans)
    notes = _notes(_covering(db, spans))
    cursor = db.execute(
        'INSERT INTO prunes ("commit", episode, step, kind, note, tokens_before, tokens_after, at)'
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            commit,
            episode,
            step,
            prune.kind,
            notes[0] if len(notes) == 1 else None,
            prune.tokens_before,
            prune.tokens_after,
            now,
        ),
    )
    cut = row_id(cursor.lastrowid)
    for span in spans:
        db.execute("INSERT INTO prune_spans (prune, span) VALUES (?, ?)", (cut, span))


def of_episode(db: Database, episode: str) -> list[PruneRecord]:
    """The prunes of an episode, in order. Raises UnknownEpisode."""
    episodes.require(db, episode)
    found = rows(db, f"{_PRUNES} WHERE p.episode = ? ORDER BY p.id", (episode,))
    return [_record(db, row)[0] for row in found]


def of_versions(db: Database, versions: Sequence[int], upto: str | None) -> list[PruneRecord]:
    """The prunes that one of the versions (row ids) covers, in order; ``upto`` a time only."""
    found = rows(
        db,
        f"{_PRUNES} WHERE p.id IN (SELECT ps.prune FROM note_sources ns JOIN prune_spans ps"
        "  ON ps.span = ns.span WHERE ns.version IN (SELECT value FROM json_each(?1)))"
        " AND (?2 IS NULL OR p.at <= ?2) ORDER BY p.id",
        (json.dumps(list(versions)), upto),
    )
    records = [_record(db, row) for row in found]
    return [record for record, covering in records if not covering.keys().isdisjoint(versions)]


def _record(db: Database, row: Row) -> tuple[PruneRecord, dict[int, str]]:
    """A prune, and the versions that cover it."""
    cut = rows(
        db,
        "SELECT s.id, s.uid FROM prune_spans ps JOIN spans s ON s.id = ps.span"
        " WHERE ps.prune = ? ORDER BY s.id",
        (row["id"],),
    )
    covering = _covering(db, [span["id"] for span in cut])
    spans = tuple(span["uid"] for span in cut)
    prune = Prune(row["kind"], spans, row["tokens_before"], row["tokens_after"])
    notes = _notes(covering)
    return PruneRecord(row["episode"], row["step"], row["key"], prune, row["at"], notes), covering


def _covering(db: Database, spans: Sequence[int]) -> dict[int, str]:
    """The versions (row ids) that have all of these spans (row ids) as sources, with their notes."""
    found = rows(db, _COVERING, (json.dumps(list(spans)),))
    return {row["id"]: row["note"] for row in found}


def _notes(covering: dict[int, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(covering.values()))


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


def faults(conn: sqlite3.Connection) -> list[str]:
    """The prunes whose ``note`` does not cover what they cut."""
    return [
        f"prune {prune} of {episode} names note {note}, which does not cover what it cut"
        for prune, episode, note in conn.execute(
            "SELECT p.id, p.episode, p.note FROM prunes p WHERE p.note IS NOT NULL AND NOT EXISTS ("
            " SELECT 1 FROM note_versions v WHERE v.note = p.note AND v.op <> 'delete' AND NOT EXISTS ("
            "  SELECT 1 FROM prune_spans ps JOIN spans s ON s.id = ps.span AND s.kind <> 'recalled'"
            "  WHERE ps.prune = p.id AND NOT EXISTS (SELECT 1 FROM note_sources ns"
            "   WHERE ns.version = v.id AND ns.span = ps.span))) ORDER BY p.id"
        )
    ]
