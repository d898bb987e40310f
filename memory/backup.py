"""Copies of a memory file. No raw file handle is ever opened on a database: closing one would drop
the locks that SQLite holds for this whole process. Copies go through SQLite's backup API."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from memory.errors import MemoryFileMissing, MemoryFileReadOnly
from memory.sqlite_errors import named_errors

# What only the file that is written can cause; any other error is the source's.
_OF_THE_COPY = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


def copy(source: sqlite3.Connection, destination: Path) -> None:
    """Copy a database to a new file, mode 0600; nothing is left there where the copy fails.

    Raises MemoryFileMissing, MemoryFileReadOnly and MemoryFileFull, which name the copy.
    """
    try:
        taken = destination.exists()
    except OSError as error:  # a name too long, a folder that may not be searched
        raise MemoryFileMissing(f"{destination} is no usable path: {error.strerror}") from error
    if taken:
        raise MemoryFileReadOnly(f"{destination} exists: name a path where nothing is yet")
    if not destination.parent.is_dir():
        raise MemoryFileMissing(f"folder {destination.parent} does not exist: make it first")
    try:
        destination.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise MemoryFileReadOnly(f"{destination} cannot be made: {error.strerror}") from error
    try:
        with closing(sqlite3.connect(destination, isolation_level=None)) as target:
            source.backup(target)
            # The copy carries its source's mode; one file is easier to hand on than three.
            target.execute("PRAGMA journal_mode = DELETE")
    except BaseException as error:
        for end in ("", "-journal", "-wal", "-shm"):
            destination.with_name(destination.name + end).unlink(missing_ok=True)
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_THE_COPY:
            with named_errors(destination):
                raise
        raise


def in_memory(source: sqlite3.Connection) -> sqlite3.Connection:
    """A private copy of a database, in memory or in a temporary file that SQLite removes itself."""
    target = sqlite3.connect("", isolation_level=None)
    try:
        source.backup(target)
    except BaseException:
        target.close()
        raise
    return target
