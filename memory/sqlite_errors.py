"""The one place where the errors of sqlite3 become those of ``memory.errors``."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memory import errors

# SQLite's primary result codes, the low byte of the extended code.
_NAMED: dict[int, tuple[type[errors.MemoryFileError], str]] = {
    sqlite3.SQLITE_BUSY: (
        errors.MemoryFileBusy,
        "is locked by another writer: wait for it to finish, then try again",
    ),
    sqlite3.SQLITE_LOCKED: (errors.MemoryFileBusy, "is locked: try again"),
    sqlite3.SQLITE_READONLY: (
        errors.MemoryFileReadOnly,
        "cannot be written: allow writing to the file and its folder",
    ),
    sqlite3.SQLITE_FULL: (errors.MemoryFileFull, "has no room to grow: free some disk space"),
    sqlite3.SQLITE_IOERR: (
        errors.MemoryFileFull,
        "could not be read or written: check the disk and its free space",
    ),
    sqlite3.SQLITE_CORRUPT: (
        errors.MemoryFileDamaged,
        "is damaged or cut short: restore it from a copy",
    ),
    sqlite3.SQLITE_NOTADB: (
        errors.NotAMemoryFile,
        "is not a SQLite database: give a memory file, or a path that does not exist yet",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        errors.MemoryFileMissing,
        "cannot be opened: check that the folder exists and may be read",
    ),
}


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Name what sqlite3 raises in the block, and the file that it happened to."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        kind, hint = _NAMED.get(code, (errors.MemoryFileError, "refused a statement"))
        raise kind(f"{path} {hint} (SQLite: {error})") from error
    except OverflowError as error:  # Python's integers outgrow SQLite's
        raise errors.BadValue(f"{path} keeps integers of 64 bits only: {error}") from error
    except UnicodeEncodeError as error:
        raise errors.BadText(f"{path} keeps valid Unicode only: {error}") from error
