"""The verbs that look after a file: copies, growth, erasure for good."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from memory import backup, episodes, expected, growth, origins, sizes, timeline
from memory.sqlite_errors import named_errors
from memory.store import Store
from memory.types import Bank, Scope

if TYPE_CHECKING:
    from sqlite_utils import Database


class Care:
    """Verbs of upkeep, over a store."""

    _store: Store

    def backup(self, destination: Path) -> None:
        """Copy the file as it now stands to a path where nothing is yet; mode 0600.

        Writers may go on meanwhile. Raises MemoryFileMissing (no folder), MemoryFileReadOnly
        (something is there, or the folder is barred) and MemoryFileFull.
        """
        with self._store.read() as db:
            backup.copy(db.conn, destination)

    def repair(self) -> list[str]:
        """Make again all that follows from the tables: views, indexes, triggers, full-text index.

        Returns a line for each. No row of a table changes.
        """
        return expected.repair(self._store)

    @contextmanager
    def copied(self) -> Iterator[sqlite3.Connection]:
        """A private copy of the file as it now stands, for checks; gone when the block ends."""
        with self._store.read() as db:
            copy = backup.in_memory(db.conn)
        with closing(copy), named_errors(self._store.path):
            yield copy

    @contextmanager
    def bulk(self) -> Iterator[Database]:
        """One write transaction for rows by the thousand, without waiting for the disk.

        For building files to measure with: what it writes may be lost in a power cut.
        """
        with self._store.bare() as db:
            db.execute("PRAGMA synchronous = OFF")
        try:
            with self._store.write() as db:
                yield db
        finally:
            with self._store.bare() as db:
                db.execute("PRAGMA synchronous = FULL")

    def sizes(self, bank: Bank | None = None, *, at: str | None = None) -> list[sizes.Size]:
        """Rows and bytes of the file by kind, the largest first; or what is of one bank.

        ``at`` a time (ISO-8601 UTC): what was there then. Raises UnknownBank.
        """
        with self._store.read() as db:
            if bank is not None:
                episodes.check_bank(db, bank)
            return sizes.sizes(db, self._store.path, bank, at)

    def retain(
        self, *, keep_days: float | None = None, keep_bytes: int | None = None, dry: bool = False
    ) -> growth.Erased:
        """Erase the text of raw spans that a note covers and no window shows, the oldest first.

        Those older than ``keep_days``, and as many as bring all raw text down to ``keep_bytes``.
        Spans that no note covers, or that a running episode may still show, are kept whatever
        their age. ``dry`` only counts. Raises BadValue.
        """
        return growth.retain(self._store, keep_days, keep_bytes, dry)

    def purge(self, scope: Scope, uid: str, *, reason: str, sources: bool = True) -> growth.Erased:
        """Erase a note for good: the words of all its versions, and the spans that hold them.

        Those are the raw text of its summaries, what was recalled of it and, with ``sources``,
        the spans that it came from. What is left: that it was there, when, and the purge. A second
        purge is a no-op. Raises UnknownNote, OutOfScope and UnknownBank.
        """
        return growth.purge(self._store, scope, uid, reason, sources)

    def why(
        self, scope: Scope, uid: str, version: int | None = None, *, upto: str | None = None
    ) -> origins.Origin:
        """Where a version (the newest, where None) came from, what it let go, where it was recalled.

        Of the notes that cover a prune together, those of the scope are named. ``upto`` a time
        (ISO-8601 UTC) only. Raises UnknownNote, OutOfScope and UnknownBank.
        """
        with self._store.read() as db:
            return origins.why(db, scope, uid, version, upto)

    def timeline(
        self,
        after: timeline.Seen = timeline.START,
        limit: int | None = None,
        *,
        bank: Bank | None = None,
        upto: str | None = None,
    ) -> timeline.Told:
        """What was written after an earlier reading, in order; at most the ``limit`` newest.

        Of a ``bank``: what became of its notes, and what the episodes did whose own bank it is.
        ``upto`` a time (ISO-8601 UTC) only. Raises UnknownBank.
        """
        with self._store.read() as db:
            if bank is not None:
                episodes.check_bank(db, bank)
            return timeline.newest(db, after, upto, limit, bank)
