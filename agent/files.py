"""Files that are whole or not there, and disks that refuse by name."""

from __future__ import annotations

import os
from pathlib import Path

from agent.errors import StorageFailed


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that a crash leaves as it was or as it is to be. Raises StorageFailed."""
    scratch = path.with_name(f".{path.name}.new")
    try:
        with scratch.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> StorageFailed:
    """What a refused write is called."""
    reason = error.strerror or type(error).__name__
    return StorageFailed(f"cannot write {str(path)!r}: {reason}; free space or use another --out")
