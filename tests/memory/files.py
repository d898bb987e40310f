"""Files as tests find them on a disk: whole and closed, or somebody else's."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from memory import MemoryFile, MemoryFileError
from tests.memory.world import EPISODE, World, record, span


def closed_world(path: Path) -> Path:
    world = World.make(path)
    for step in range(30):
        world.file.commit_step(EPISODE, record(step), [span(step, text="room " * 100)])
    world.add("k", "title", "body")
    world.file.close()
    return path


def foreign(path: Path, *, wal: bool = False, application_id: int = 0) -> Path:
    with closing(sqlite3.connect(path)) as conn:
        if wal:
            conn.execute("PRAGMA journal_mode = WAL")
        conn.execute(f"PRAGMA application_id = {application_id}")
        conn.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
        conn.execute("INSERT INTO notes (text) VALUES ('not yours')")
        conn.commit()
    return path


def refused(path: Path, error: type[MemoryFileError], match: str) -> None:
    """Both ways of opening raise the error, and no file of the folder changes."""
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(error, match=match) as caught:
            MemoryFile.open(path, read_only=read_only)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert path.read_bytes() == before
