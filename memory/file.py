"""MemoryFile: an open memory file. Its verbs stand in ``writing``, ``reading`` and ``care``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from memory.banks_index import BankIndexes
from memory.care import Care
from memory.reading import Reading
from memory.store import BUSY_TIMEOUT_S, Store
from memory.writing import Writing


class MemoryFile(Writing, Reading, Care):
    """An open memory file. Usable from any thread, one call at a time; a context manager.

    Any verb may raise MemoryFileBusy (another writer held on for longer than the busy timeout),
    MemoryFileFull (no room, or I/O failed), MemoryFileDamaged and, where it writes,
    MemoryFileReadOnly. An error of any kind leaves the file as it was before the call.
    """

    def __init__(self, store: Store) -> None:
        """Use ``MemoryFile.open``."""
        self._store = store
        self._indexes = BankIndexes()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        read_only: bool = False,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        migrating: bool = False,
        older: bool = False,
    ) -> Self:
        """Open a memory file; unless ``read_only``, make it (mode 0600) where there is none.

        A file of an older schema is refused, but for two: ``migrating`` brings it to this schema
        for good, and ``older`` opens it to be read, for ``backup`` and ``copied`` alone.
        Raises MemoryFileMissing, NotAMemoryFile, NewerSchema, OlderSchema, MemoryFileReadOnly,
        MemoryFileDamaged; the file is then unchanged, byte for byte.
        """
        return cls(
            Store(
                Path(path),
                read_only=read_only,
                busy_timeout_s=busy_timeout_s,
                clock=clock,
                migrating=migrating,
                older=older,
            )
        )

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._store.path

    @property
    def schema(self) -> int:
        """The number of its schema, as it was when the file was opened."""
        return self._store.schema

    def close(self) -> None:
        """Close the file. A second call does nothing."""
        self._store.close()
        self._indexes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
