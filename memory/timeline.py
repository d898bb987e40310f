"""What happened in a file: steps, versions of notes, prunes, recalls and purges. Read only.

The rows of each kind are numbered in the order in which they were written, and that order is told,
whatever the clock did meanwhile; times only place the kinds among one another. So who follows a file
keeps the number of the last row of each kind, and neither misses a row nor meets one twice.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memory.store import Row, rows
from memory.types import Bank

if TYPE_CHECKING:
    from sqlite_utils import Database

# As the view `timeline` has them, with each row's number and the bank that it is of: an event of a
# note is of the note's, any other of its episode's own. The order is that in which one time is told.
_KINDS = {
    "steps": "SELECT s.rowid AS id, s.committed AS at, s.episode, s.step, 'step' AS what,"
    " s.action AS detail, NULL AS note,"
    " (SELECT bank FROM episodes WHERE uid = s.episode) AS bank FROM steps s",
    "prunes": "SELECT p.id, p.at, p.episode, p.step, 'prune ' || p.kind AS what,"
    " p.tokens_before || ' -> ' || p.tokens_after || ' tokens' AS detail, p.note,"
    " (SELECT bank FROM episodes WHERE uid = p.episode) AS bank FROM prunes p",
    "note_versions": "SELECT v.id, v.at, v.episode, v.step, v.op AS what,"
    " v.title || ': ' || v.body AS detail, v.note,"
    " (SELECT bank FROM notes WHERE uid = v.note) AS bank FROM note_versions v",
    "recalls": "SELECT r.rowid AS id, r.at, r.episode, r.step, 'recall' AS what,"
    " v.title || ': ' || v.body AS detail, v.note,"
    " (SELECT bank FROM notes WHERE uid = v.note) AS bank"
    " FROM recalls r JOIN note_versions v ON v.id = r.version",
    "purges": "SELECT u.id, u.at, NULL AS episode, NULL AS step, 'purge' AS what,"
    " u.versions || ' versions, ' || u.spans || ' spans' AS detail, u.note,"
    " (SELECT bank FROM notes WHERE uid = u.note) AS bank FROM purges u",
}

# Words that were purged leave a title and a body of nothing behind, which no note may have. With a
# bank, a prune of one of its episodes does not name a note of another bank.
_NEWEST = """
SELECT id, at, episode, step, what,
  CASE detail WHEN ': ' THEN '(purged)' ELSE detail END AS detail,
  CASE WHEN ?3 IS NULL OR ?3 = (SELECT bank FROM notes WHERE uid = t.note) THEN note END AS note
FROM ({kind}) t WHERE id > ?1 AND (?2 IS NULL OR at <= ?2) AND (?3 IS NULL OR bank = ?3)
ORDER BY id DESC LIMIT ?4
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a file was read: the number of the last row of each kind, in the order of the kinds."""

    rows: tuple[int, ...] = (0,) * len(_KINDS)


START = Seen()


@dataclass(frozen=True, slots=True)
class Told:
    """Events, and how far the file was read for them: what the next reading begins after."""

    events: list[Row]
    seen: Seen


def newest(
    db: Database, after: Seen, upto: str | None, limit: int | None, bank: Bank | None
) -> Told:
    """What was written ``after``, ``upto`` a time, in order; at most the ``limit`` newest.

    With a bank: what became of its notes, and the steps and prunes of episodes whose own it is.
    """
    most = -1 if limit is None else max(limit, 0)
    of = None if bank is None else bank.id
    found = [
        rows(db, _NEWEST.format(kind=kind), (number, upto, of, most))[::-1]
        for number, kind in zip(after.rows, _KINDS.values(), strict=True)
    ]
    events = list(_merged(found))
    kept = events if limit is None else events[max(len(events) - most, 0) :]
    for event in kept:
        del event["id"]
    return Told(kept, _last(db))


def _last(db: Database) -> Seen:
    """The last rows that there are, of whatever bank and time."""
    last = (f"(SELECT coalesce(max(rowid), 0) FROM {table})" for table in _KINDS)
    return Seen(db.execute(f"SELECT {', '.join(last)}").fetchone())


def _merged(kinds: Sequence[Sequence[Row]]) -> Iterator[Row]:
    """Rows of several kinds in one order, which keeps each kind's own and is by time otherwise."""
    return (row for _, row in heapq.merge(*map(_timed, kinds), key=lambda pair: pair[0]))


def _timed(kind: Iterable[Row]) -> Iterator[tuple[str, Row]]:
    """Each row with the latest time so far: one that a clock set back gave counts as no earlier."""
    latest = ""
    for row in kind:
        latest = max(latest, row["at"])
        yield latest, row
