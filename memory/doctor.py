"""Is a memory file sound? Checks that re-derive what the file says, on a private copy of it."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from memory import expected, prunes, step_hashes
from memory.errors import MemoryFileDamaged, MemoryFileError, MemoryFileFull, NotAMemoryFile
from memory.file import MemoryFile
from memory.migrations import MIGRATIONS
from memory.schema_v2 import BANK_SHIFT

T = TypeVar("T")
OK, WARNING, ERROR = "ok", "warning", "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; ``result`` is ``ok``, ``warning`` or ``error``."""

    check: str
    result: str
    detail: str


def examine(path: Path) -> list[Finding]:
    """Every check on the file, which is only read, also while a run is writing.

    It is copied first (in memory or a temporary file), so that all checks see one moment.
    A file too damaged to be opened is a finding like others. Raises what ``MemoryFile.open`` raises
    where there is nothing to judge: no file, another application's, a newer Steno's.
    """
    try:
        found = _examine(path)
    except (MemoryFileDamaged, MemoryFileFull, NotAMemoryFile) as error:
        if not isinstance(error, MemoryFileDamaged) and error.__cause__ is None:
            raise
        found = [Finding("opening", ERROR, str(error))]
    return [*found, Finding("permissions", *permissions(path)), Finding("SQLite", *release())]


def _examine(path: Path) -> list[Finding]:
    with MemoryFile.open(path, read_only=True, older=True) as memory:
        with memory.copied() as conn:
            found = [_checked(name, check, conn) for name, check in _CHECKS]
        found.append(_checked("never neither", _uncovered, memory))
        age = Finding("schema's age", OK, "")
        if memory.schema < len(MIGRATIONS):
            told = f"schema {memory.schema}, and this Steno reads {len(MIGRATIONS)}: "
            age = Finding("schema's age", WARNING, told + "run `steno memory migrate`")
    return [*found, age]


def _checked(name: str, check: Callable[[T], list[str]], what: T) -> Finding:
    """What a check found; one that damage keeps from running has found that."""
    try:
        return Finding(name, *_worst(check(what)))
    except (sqlite3.DatabaseError, MemoryFileError, TypeError, ValueError) as error:
        return Finding(name, ERROR, f"cannot be checked: {error}")


def _uncovered(memory: MemoryFile) -> list[str]:
    """Invariant: a pruned span or a note that covers it exists."""
    return [
        f"{uid} is neither stored nor covered"
        for episode in memory.episodes()
        for uid in memory.uncovered(episode.uid)
    ]


def _worst(faults: list[str]) -> tuple[str, str]:
    if not faults:
        return OK, ""
    more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
    return ERROR, "; ".join(faults[:3]) + more


def _integrity(conn: sqlite3.Connection) -> list[str]:
    return [row[0] for row in conn.execute("PRAGMA integrity_check") if row[0] != "ok"]


def _foreign_keys(conn: sqlite3.Connection) -> list[str]:
    return [
        f"row {row[1]} of {row[0]} names a row of {row[2]} that is not there"
        for row in conn.execute("PRAGMA foreign_key_check")
    ]


def _full_text(conn: sqlite3.Connection) -> list[str]:
    """FTS5's own check; rank 1 also compares the index with the notes."""
    try:
        conn.execute("INSERT INTO notes_fts (notes_fts, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        return [f"the full-text index does not fit the notes ({error}): rebuild it"]
    return []


def _hashes(conn: sqlite3.Connection) -> list[str]:
    """Each span's hash from its text, each step's from its record and spans, and observations."""
    faults = [
        f"span {uid} does not have its hash"
        for uid, text, digest in conn.execute(
            "SELECT uid, CAST(text AS BLOB), sha256 FROM spans WHERE text IS NOT NULL ORDER BY id"
        )
        if hashlib.sha256(text).hexdigest() != digest
    ]
    faults += [
        f"step {step} of {episode} has another observation than its span"
        for episode, step in conn.execute(
            "SELECT t.episode, t.step FROM steps t JOIN spans s ON s.episode = t.episode"
            " AND s.step = t.step AND s.kind = 'observation' AND s.ordinal = 0"
            " WHERE s.sha256 <> t.observation_sha256"
        )
    ]
    return faults + step_hashes.faults(conn)


def _replay(conn: sqlite3.Connection) -> list[str]:
    """Each note from its versions alone: what they end in must be what stands."""
    faults = []
    for uid, stored, history in _histories(conn):
        numbers = [version[0] for version in history]
        if numbers != list(range(1, len(history) + 1)):
            faults.append(f"note {uid} has versions {numbers[:9]}")
            continue
        state = ""
        for number, op, _, _, after, *_ in history:
            before, state = state, after
            if before not in _BEFORE.get(op, ()) or after not in _AFTER.get(op, ()):
                faults.append(f"version {number} of note {uid}: {op} from {before!r} to {after!r}")
        number, _, title, body, after, tokens, pinned, at = history[-1]
        replayed = (number, title, body, after, tokens, pinned, history[0][-1], at)
        if replayed != stored:
            faults.append(f"note {uid} is not what its versions come to")
    return faults


_BEFORE = {
    "add": ("",),
    "rewrite": ("live", "proposed"),
    "delete": ("live", "proposed"),
    "restore": ("live", "proposed", "deleted"),
    "approve": ("proposed",),
    "pin": ("live", "proposed"),
    "unpin": ("live", "proposed"),
}
_AFTER = dict.fromkeys(_BEFORE, ("live", "proposed")) | {
    "delete": ("deleted",),
    "approve": ("live",),
}


def _histories(
    conn: sqlite3.Connection,
) -> Iterator[tuple[str, tuple[object, ...], list[tuple[Any, ...]]]]:
    for row in conn.execute(
        "SELECT uid, version, title, body, state, tokens, pinned, created, updated FROM notes"
    ):
        history = conn.execute(
            "SELECT version, op, title, body, state, tokens, pinned, at FROM note_versions"
            " WHERE note = ? ORDER BY id",
            (row[0],),
        ).fetchall()
        yield row[0], row[1:], history or [(0, "add", "", "", "", None, 0, "")]


def _times(conn: sqlite3.Connection) -> list[str]:
    """No two versions at one time, later ones later: recency is a total order."""
    return [
        f"version {number} of note {note} is not later than the one written before it"
        for note, number in conn.execute(
            "SELECT note, version FROM (SELECT note, version, at, lag(at) OVER (ORDER BY id) AS"
            " earlier FROM note_versions) WHERE at <= earlier"
        )
    ]


_NEVER_DELETED = ("banks", "spans", "commits", "note_versions", "prunes")
_ERASED_UNCOVERED = """
SELECT uid FROM spans s WHERE text IS NULL AND kind NOT IN ('summary', 'recalled')
AND NOT EXISTS (SELECT 1 FROM note_sources ns JOIN note_versions v ON v.id = ns.version
  WHERE ns.span = s.id AND v.op <> 'delete') ORDER BY id
"""


def _rows(conn: sqlite3.Connection) -> list[str]:
    """No row was taken out, moved or emptied: ids and steps have no gaps, places fit uids."""
    faults = []
    for table in _NEVER_DELETED:
        [(count, last)] = conn.execute(f"SELECT count(*), coalesce(max(id), 0) FROM {table}")
        if count != last:
            faults.append(f"{table} has {count} rows and ids up to {last}: some were deleted")
    faults += [
        f"episode {episode} has {count} steps and they go up to {last}: some were deleted"
        for episode, count, last in conn.execute(
            "SELECT episode, count(*) AS n, max(step) AS last FROM steps GROUP BY episode"
            " HAVING n <> last + 1"
        )
    ]
    faults += [
        f"span {uid} is not where its uid says"
        for (uid,) in conn.execute(
            "SELECT uid FROM spans"
            " WHERE uid <> episode || '/' || step || '/' || kind || '/' || ordinal ORDER BY id"
        )
    ]
    faults += [
        f"span {uid} was erased and no note covers it" for (uid,) in conn.execute(_ERASED_UNCOVERED)
    ]
    if conn.execute("PRAGMA user_version").fetchone()[0] < 2:
        return faults  # before notes were numbered by bank
    faults += [
        f"span {uid} has lost its text, and no erasure is on record"
        for (uid,) in conn.execute(
            "SELECT uid FROM spans WHERE text IS NULL AND erased IS NULL ORDER BY id"
        )
    ]
    return faults + [
        f"note {uid} was moved into another bank"
        for (uid,) in conn.execute(
            f"SELECT uid FROM notes WHERE id >> {BANK_SHIFT} <> bank ORDER BY id"
        )
    ]


_CHECKS: tuple[tuple[str, Callable[[sqlite3.Connection], list[str]]], ...] = (
    ("integrity", _integrity),
    ("schema", expected.faults),
    ("foreign keys", _foreign_keys),
    ("full-text index", _full_text),
    ("hashes", _hashes),
    ("versions replay", _replay),
    ("times", _times),
    ("rows", _rows),
    ("prunes", prunes.faults),
)


def permissions(path: Path) -> tuple[str, str]:
    """Whether others can read the notes."""
    open_to = []
    for end in ("", "-wal", "-shm"):
        place = path.with_name(path.name + end)
        try:
            mode = stat.S_IMODE(place.stat().st_mode)
        except FileNotFoundError:  # a log comes and goes with its writers
            continue
        if mode & 0o077:
            open_to.append(f"{place.name} has mode {mode:o}")
    if not open_to:
        return OK, ""
    return WARNING, f"{', '.join(open_to)}: others can read it; chmod 600"


def release(version: str = sqlite3.sqlite_version) -> tuple[str, str]:
    """Whether this SQLite has the WAL-reset bug, which can corrupt a file under many writers.

    https://sqlite.org/wal.html#the_wal_reset_bug: 3.7.0 to 3.51.2; fixed in 3.51.3, and in the
    older lines from 3.44.6 and 3.50.7.
    """
    number = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    fixed = (
        number < (3, 7, 0)
        or number >= (3, 51, 3)
        or (3, 44, 6) <= number < (3, 45)
        or (3, 50, 7) <= number < (3, 51)
    )
    if fixed:
        return OK, version
    return WARNING, (
        f"{version} has the WAL-reset bug, which can damage a file that several processes "
        "write at once: use 3.44.6, 3.50.7, 3.51.3 or newer"
    )
