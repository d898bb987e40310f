"""What a file's schema should be, by its number: tables, views, indexes and triggers, by name.

The triggers are the walls of the file (append-only, never deleted, the index in step), and nothing
else would tell that one of them was dropped.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from memory.migrations import MIGRATIONS

if TYPE_CHECKING:
    from memory.store import Store

Objects = dict[tuple[str, str], str]
"""SQL by (type, name)."""

_DERIVED = ("view", "index", "trigger")


@contextmanager
def fresh(version: int = len(MIGRATIONS)) -> Iterator[sqlite3.Connection]:
    """An empty database of a schema, in memory."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        for migration in MIGRATIONS[:version]:
            for statement in migration:
                conn.execute(statement)
        yield conn


def objects(conn: sqlite3.Connection) -> Objects:
    """What a database is made of, but for what SQLite makes itself."""
    found = conn.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
    )
    return {(kind, name): sql for kind, name, sql in found}


def faults(conn: sqlite3.Connection) -> list[str]:
    """What is missing, or is not as Steno makes it. What a person added is no fault, but for a
    trigger: it could change what Steno writes."""
    with fresh(conn.execute("PRAGMA user_version").fetchone()[0]) as wanted_conn:
        wanted = objects(wanted_conn)
    found = objects(conn)
    faults = [f"{kind} {name} is missing" for kind, name in wanted if (kind, name) not in found]
    faults += [
        f"{kind} {name} is not as Steno makes it"
        for (kind, name), sql in wanted.items()
        if (kind, name) in found and not _alike(sql, found[kind, name])
    ]
    strange = [name for kind, name in found if kind == "trigger" and (kind, name) not in wanted]
    return faults + [f"trigger {name} is not Steno's" for name in strange]


def _alike(one: str, other: str) -> bool:
    """Whether two statements say the same: SQLite's releases rename tables with and without quotes."""
    return _words(one) == _words(other)


def _words(sql: str) -> str:
    return re.sub(r'[\s"]+', "", sql)


def repair(store: Store) -> list[str]:
    """Make again all that follows from the tables: views, indexes, triggers, the full-text index.

    Returns a line for each thing that was made again. One transaction; no row of a table changes.
    """
    with fresh() as conn:
        wanted = objects(conn)
    done = []
    with store.write() as db:
        found = objects(db.conn)
        for (kind, name), sql in wanted.items():
            is_there = (kind, name) in found
            if kind not in _DERIVED or (is_there and _alike(sql, found[kind, name])):
                continue
            if is_there:
                db.execute(f"DROP {kind} {name}")
            db.execute(sql)
            done.append(f"made {kind} {name} again")
        db.execute("INSERT INTO notes_fts (notes_fts) VALUES ('rebuild')")
    return [*done, "built the full-text index again"]
