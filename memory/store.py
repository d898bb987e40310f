"""One connection to a memory file: how it is opened, how it writes, how its errors are named.

Every write is one ``BEGIN IMMEDIATE`` transaction that an exception of any kind rolls back.
sqlite-utils' ``with db.conn`` does neither, and its ``db.atomic()`` takes the write lock only at
the first write, which in WAL mode can fail with a stale snapshot instead of waiting.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memory import errors
from memory.migrations import MIGRATIONS, identify, migrate
from memory.schema import APPLICATION_ID
from memory.sqlite_errors import named_errors

if TYPE_CHECKING:
    from sqlite_utils import Database

BUSY_TIMEOUT_S = 10.0

Row = dict[str, Any]


class Store:
    """An open memory file with its lock and clock. Any thread may use it, one at a time."""

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool,
        busy_timeout_s: float,
        clock: Callable[[], datetime],
        migrating: bool = False,
        older: bool = False,
    ) -> None:
        self.path = path
        self.read_only = read_only
        self.clock = clock
        self._lock = threading.RLock()
        with named_errors(path):
            self.db, self.schema = _open(path, read_only, busy_timeout_s, migrating, older)

    def close(self) -> None:
        """Close the connection. A second call does nothing."""
        with self._lock, named_errors(self.path):
            self.db.close()

    @contextmanager
    def read(self) -> Iterator[Database]:
        """The connection, for reading: all that the block reads stood in the file at one moment.

        Readers never wait for the writer, nor it for them.
        """
        with self._lock, named_errors(self.path):
            self.db.execute("BEGIN")
            try:
                yield self.db
            finally:
                if self.db.conn.in_transaction:
                    self.db.conn.execute("ROLLBACK")

    @contextmanager
    def bare(self) -> Iterator[Database]:
        """The connection outside any transaction, for what SQLite does nowhere else."""
        with self._lock, named_errors(self.path):
            yield self.db

    @contextmanager
    def write(self) -> Iterator[Database]:
        """One write transaction: all of the block is committed, or none of it.

        Raises MemoryFileReadOnly on a read-only handle, and what ``named_errors`` names.
        """
        if self.read_only:
            raise errors.MemoryFileReadOnly(
                f"{self.path} was opened read-only: open it with read_only=False to write"
            )
        conn = self.db.conn
        with self._lock, named_errors(self.path):
            try:
                conn.execute("BEGIN IMMEDIATE")
                yield self.db
                conn.execute("COMMIT")
            except BaseException:
                # A full disk may have ended the transaction already.
                if conn.in_transaction:
                    conn.execute("ROLLBACK")
                raise

    def now(self) -> str:
        """The present time, ISO-8601 UTC with microseconds."""
        return _stamp(self.clock())

    def note_time(self, db: Database) -> str:
        """A time later than that of every note version so far, whatever the clock does.

        Recency then orders notes alike on a slow machine, a fast one, and after the clock
        was set back. To be called inside ``write``.
        """
        now = self.now()
        newest = first(db, "SELECT at FROM note_versions ORDER BY id DESC LIMIT 1")
        if newest is None or newest["at"] < now:
            return now
        return _stamp(datetime.fromisoformat(newest["at"]) + timedelta(microseconds=1))


def rows(db: Database, sql: str, params: Sequence[object] | dict[str, object] = ()) -> list[Row]:
    """All rows of a query, fetched at once so that no cursor stays open."""
    return list(db.query(sql, params))


def first(db: Database, sql: str, params: Sequence[object] = ()) -> Row | None:
    """The first row of a query, or None where there is none."""
    return next(iter(rows(db, sql, params)), None)


def row_id(lastrowid: int | None) -> int:
    """A cursor's ``lastrowid`` after an INSERT that did not raise."""
    assert lastrowid is not None
    return lastrowid


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _open(
    path: Path, read_only: bool, busy_timeout_s: float, migrating: bool, older: bool
) -> tuple[Database, int]:
    """The connection, and the schema of what it is connected to."""
    from sqlite_utils import Database  # costs 0.1 s, which `steno --help` need not pay

    exists, version = _exists(path), 0
    if exists:
        version = _probe(path, busy_timeout_s)
        if read_only and version == 0:
            raise errors.NotAMemoryFile(
                f"{path} is an empty database: nothing was written to it yet"
            )
        # Never migrated in passing: a Steno of before could read the file no more, and what a
        # migration did is not undone. So a person says when, and a copy is made first.
        if 0 < version < len(MIGRATIONS) and not (older if read_only else migrating):
            raise errors.OlderSchema(
                f"{path} has schema {version} and this Steno reads schema {len(MIGRATIONS)}: "
                "run `steno memory migrate`, which makes a copy of the file first"
            )
    _check_access(path, exists, read_only)
    conn = _connect(path, _reading_mode(path) if read_only else "mode=rwc", busy_timeout_s)
    try:
        if not read_only:
            if not exists:
                path.chmod(0o600)  # before there is anything in it; -wal and -shm inherit the mode
            conn.execute("PRAGMA synchronous = FULL")
            # In the rollback journal's mode first: the file then names its application from its
            # first commit on, and a probe need not read a write-ahead log to recognise it.
            migrate(conn, path)
            version = len(MIGRATIONS)
            _enter_wal(conn, busy_timeout_s)
        conn.execute("PRAGMA foreign_keys = ON")
        # What is rewritten or erased leaves no bytes behind in the file.
        conn.execute("PRAGMA secure_delete = ON")
        # Plugins of sqlite-utils are a user's own: they have no business in this file.
        return Database(conn, execute_plugins=False), version
    except BaseException:
        conn.close()
        raise


def _exists(path: Path) -> bool:
    """Whether a regular file is there. Raises for what can never be a memory file."""
    if "\0" in str(path):  # pathlib finds no such file; SQLite would cut the name there
        raise errors.MemoryFileMissing(f"{str(path)!r} is no usable path: it has a NUL")
    try:
        if path.is_dir():
            raise errors.NotAMemoryFile(
                f"{path} is a folder: give the file in it, such as {path / 'memory.sqlite'}"
            )
        exists = path.exists()
        if exists and not path.is_file():
            raise errors.NotAMemoryFile(f"{path} is not a regular file: give a memory file")
    except OSError as error:  # a name too long, a folder that may not be searched
        raise errors.MemoryFileMissing(f"{str(path)!r} is no usable path: {error}") from error
    return exists


def _check_access(path: Path, exists: bool, read_only: bool) -> None:
    """Say early and clearly what SQLite would only say at the first write."""
    if read_only:
        if not exists:
            raise errors.MemoryFileMissing(f"{path} does not exist: give an existing memory file")
        return
    if not path.parent.is_dir():
        raise errors.MemoryFileMissing(f"folder {path.parent} does not exist: make it first")
    for place, what in ((path, "file"), (path.parent, "folder")):
        if place.exists() and not os.access(place, os.W_OK):
            raise errors.MemoryFileReadOnly(
                f"{what} {place} cannot be written: allow writing to the file and its folder"
            )


def _connect(path: Path, mode: str, busy_timeout_s: float) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
        uri=True,
        timeout=busy_timeout_s,
        isolation_level=None,  # no transaction but those that Store.write begins
        check_same_thread=False,  # Store's lock keeps threads apart
    )


def _reading_mode(path: Path) -> str:
    """The URI's option for reading: ``mode=ro``, or ``immutable=1`` in a folder of no writing.

    SQLite reads a write-ahead file only with shared memory in a file beside it. Where it may not
    make that file and no log is there, no writer is at work either, and none is needed.
    """
    alone = not path.with_name(path.name + "-wal").exists()
    return "immutable=1" if alone and not os.access(path.parent, os.W_OK) else "mode=ro"


def _probe(path: Path, busy_timeout_s: float) -> int:
    """The file's schema; what is no memory file is refused before a byte of it could change.

    ``immutable`` leaves no -wal or -shm beside a stranger's database; it ignores locks, so what
    it reads is trusted only where it does not depend on a writer being at work.
    """
    try:
        with closing(_connect(path, "immutable=1", busy_timeout_s)) as conn:
            found: int = conn.execute("PRAGMA application_id").fetchone()[0]
            if found not in (0, APPLICATION_ID):
                identify(conn, path)
            page_bytes: int = conn.execute("PRAGMA page_size").fetchone()[0]
    except sqlite3.DatabaseError as error:
        # Half of the log may have been copied into the file, its first page, which says how long the
        # file is, before its last: at this moment, or when a kill or a full disk cut that off. The log
        # makes it whole.
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT or not _has_log(path):
            raise
    else:
        # SQLite would take the missing end of a last page for zeros. With a log or journal beside it
        # the file may rightly be in the middle of growing.
        if path.stat().st_size % page_bytes and not _has_log(path):
            raise errors.MemoryFileDamaged(
                f"{path} is damaged or cut short: restore it from a copy"
            )
    with closing(_connect(path, _reading_mode(path), busy_timeout_s)) as conn:
        return identify(conn, path)


def _has_log(path: Path) -> bool:
    return any(bytes_of(path.with_name(path.name + end)) for end in ("-wal", "-journal"))


def bytes_of(path: Path) -> int:
    """The size of a file; 0 where there is none, as when its writer has just taken it away."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _enter_wal(conn: sqlite3.Connection, busy_timeout_s: float) -> None:
    """Switch to write-ahead logging, under which readers and the writer never wait for another.

    SQLite does not run the busy handler for this switch when two processes make it at once.
    A file system that cannot share memory keeps its rollback journal: slower, as durable.
    """
    deadline_s = time.monotonic() + busy_timeout_s
    while True:
        try:
            conn.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.01)
