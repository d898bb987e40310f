"""Files that take minutes or hours to make: none takes another's place, and each has its folder."""

from __future__ import annotations

from pathlib import Path

from agent.errors import TrainingFailed


def require_new(out: Path) -> None:
    """Make the folder of a file that is to be written, before any work is done for it.

    Raises TrainingFailed where something is there already, OSError where there can be no folder.
    """
    if out.exists():
        raise TrainingFailed(f"{str(out)!r} is there already; name another file, or remove it")
    out.parent.mkdir(parents=True, exist_ok=True)
