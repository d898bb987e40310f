"""How much a file holds, by kind: now or as at a time, of all banks or of one. Read only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from memory.store import bytes_of
from memory.types import Bank

if TYPE_CHECKING:
    from sqlite_utils import Database


@dataclass(frozen=True, slots=True)
class Size:
    """Rows of one kind and the bytes of their text, in UTF-8."""

    kind: str
    rows: int
    bytes: int


class _Kind(NamedTuple):
    """What is counted, as SQL: its text, its table, whose a row is and when it was written.

    With ``by`` a column there is a kind for each of its values.
    """

    name: str
    text: str
    table: str
    of_bank: str
    at: str
    by: str = ""


_OF_EPISODE = "episode IN (SELECT uid FROM episodes WHERE bank = :bank)"
_OF_NOTE = "note IN (SELECT uid FROM notes WHERE bank = :bank)"
_OF_VERSION = f"version IN (SELECT id FROM note_versions WHERE {_OF_NOTE})"
_NOTES = _Kind("notes: ", "title || body", "notes", "bank = :bank", "", "state")
# As `ls --at` has them: the newest version of the time (beside one max() SQLite takes the other columns
# from its row, and beside a min() too it would not); a purge reaches into the past.
_NOTES_THEN = _NOTES._replace(
    table="(SELECT note, max(version), CASE title WHEN '' THEN 'deleted' ELSE state END AS state,"
    " title, body, at FROM note_versions WHERE at <= :at GROUP BY note)",
    of_bank=_OF_NOTE,
    at="at",
)
_REST = (
    _Kind("spans: ", "text", "spans", _OF_EPISODE, "created", "kind"),
    _Kind("note versions", "title || body || reason", "note_versions", _OF_NOTE, "at"),
    _Kind("steps", "window || coalesce(action, '')", "steps", _OF_EPISODE, "committed"),
    _Kind("recalls", "''", "recalls", _OF_VERSION, "at"),
    _Kind("prunes", "''", "prunes", _OF_EPISODE, "at"),
)
_INDEX = _Kind("full-text index", "block", "notes_fts_data", "", "")


def sizes(db: Database, path: Path, bank: Bank | None, at: str | None) -> list[Size]:
    """Rows and bytes by kind, the largest first.

    Of a bank: its notes with their versions and recalls, and what the episodes did whose own bank it
    is. ``at`` a time: what was there then, with the bytes that are left of it. Without either, the
    index is told too, and last the file itself, its log and its free room.
    """
    whole = bank is None and at is None
    kinds = (_NOTES if at is None else _NOTES_THEN, *_REST, *[_INDEX][:whole])
    found = [size for kind in kinds for size in _counted(db, kind, bank, at)]
    found.sort(key=lambda size: -size.bytes)
    return [*found, *_of_file(db, path)] if whole else found


def _counted(db: Database, kind: _Kind, bank: Bank | None, at: str | None) -> Iterator[Size]:
    # Only what is asked for stands in the query, so that an index may answer it.
    asked = [kind.of_bank] * (bank is not None) + [f"{kind.at} <= :at"] * (at is not None)
    where = f" WHERE {' AND '.join(asked)}" if asked else ""
    name, group = (f" || {kind.by}", f" GROUP BY {kind.by}") if kind.by else ("", "")
    found = db.query(
        f"SELECT '{kind.name}'{name} AS kind, count(*) AS rows,"
        f" coalesce(sum(length(CAST({kind.text} AS BLOB))), 0) AS bytes FROM {kind.table}{where}{group}",
        {"bank": None if bank is None else bank.id, "at": at},
    )
    return (Size(**row) for row in list(found))


def _of_file(db: Database, path: Path) -> list[Size]:
    page = db.execute("PRAGMA page_size").fetchone()[0]
    free = db.execute("PRAGMA freelist_count").fetchone()[0]
    return [
        Size("free pages", free, free * page),
        Size("write-ahead log", 1, bytes_of(path.with_name(path.name + "-wal"))),
        Size("file", 1, path.stat().st_size),
    ]
