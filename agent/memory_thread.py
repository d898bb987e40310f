"""The one thread that owns a memory file, seen from asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from memory import MemoryFile

T = TypeVar("T")


class MemoryThread:
    """Calls on a MemoryFile, one after the other, on the thread that opened it."""

    def __init__(self, path: Path) -> None:
        """Open or create the file. Raises MemoryFileError, here and in every call."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="steno-memory")
        try:
            self._file = self._thread.submit(MemoryFile.open, path).result()
        except BaseException:
            self._thread.shutdown()
            raise

    async def call(self, verb: Callable[[MemoryFile], T]) -> T:
        """Run `verb` on the file. Each verb of MemoryFile is one transaction of its own."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, verb, self._file)

    def close(self) -> None:
        """Close the file after the calls that are waiting."""
        self._thread.submit(self._file.close).result()
        self._thread.shutdown()
