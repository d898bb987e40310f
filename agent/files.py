"""Files that are whole or not there, and disks that refuse by name."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from agent.errors import StorageFailed


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that a crash leaves as it was or as it is to be. Raises StorageFailed."""
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to be written piece by piece, which takes its place once the block has ended well.

    A block that raises leaves what was there. Raises StorageFailed.
    """
    scratch = scratch_of(path)
    try:
        with scratch.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error


@contextmanager
def refusals_named(place: Path) -> Iterator[None]:
    """Have a write below `place` that the disk refuses raise StorageFailed, with the file's name."""
    try:
        yield
    except OSError as error:
        raise cannot_write(Path(error.filename or place), error) from error


def scratch_of(path: Path) -> Path:
    """Where a file is written before it takes its place; what a kill may leave behind."""
    return path.with_name(f".{path.name}.new")


def _sync_folder(folder: Path) -> None:
    """Have the folder's names outlast a loss of power, on the file systems that can do it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def cannot_write(path: Path, error: OSError) -> StorageFailed:
    """What a refused write is called."""
    reason = error.strerror or type(error).__name__
    return StorageFailed(f"cannot write {str(path)!r}: {reason}; {advice(error)}")


def advice(error: OSError) -> str:
    """What to do about a refused write."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "allow more open files (ulimit -n), then `steno resume`"
    return "free space or use another --out"
