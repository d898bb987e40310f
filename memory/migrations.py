"""Numbered migrations, counted once, in ``PRAGMA user_version``. All that are due are one transaction:
nobody, and no crash, meets a new file at a schema of the past."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from memory import schema, schema_v2
from memory.errors import MemoryFileDamaged, NewerSchema, NotAMemoryFile

# Migration n (from 1) takes a file from schema n - 1 to schema n. Append only: never edit one
# that was released.
MIGRATIONS: tuple[Sequence[str], ...] = (schema.V1, schema_v2.V2)


def identify(conn: sqlite3.Connection, path: Path) -> int:
    """The schema number of the open database; 0 for an empty one. Reads only.

    Raises NotAMemoryFile for another application's database, NewerSchema for one from a later
    Steno, MemoryFileDamaged for a schema number that no Steno wrote, and sqlite3.Error as it comes.
    """
    application_id: int = conn.execute("PRAGMA application_id").fetchone()[0]
    version: int = conn.execute("PRAGMA user_version").fetchone()[0]
    tables: int = conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application_id == 0 and version == 0 and tables == 0:
        return 0
    if application_id != schema.APPLICATION_ID:
        raise NotAMemoryFile(
            f"{path} is another application's database (application_id {application_id:#x}, "
            f"{tables} tables and indexes): give a memory file, or a path that does not exist yet"
        )
    if version < 1 and tables:
        raise MemoryFileDamaged(
            f"{path} has tables and the schema number {version}, so another tool wrote to it: "
            "restore it from a copy"
        )
    if version > len(MIGRATIONS):
        raise NewerSchema(
            f"{path} has schema {version}, and this Steno knows schemas up to "
            f"{len(MIGRATIONS)}: upgrade Steno"
        )
    return version


def migrate(conn: sqlite3.Connection, path: Path) -> None:
    """Bring the database to the newest schema; a no-op where it is there already.

    Several processes may call this at once. Raises what ``identify`` raises.
    """
    if identify(conn, path) == len(MIGRATIONS):
        return
    try:
        conn.execute("BEGIN IMMEDIATE")
        # Asked again under the write lock: another process may have migrated meanwhile.
        version = identify(conn, path)
        for migration in MIGRATIONS[version:]:
            for statement in migration:
                conn.execute(statement)
        conn.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        conn.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise
