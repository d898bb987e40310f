"""Files, folders and handles that only allow reading; and the names of SQLite's errors."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from memory import (
    Add,
    MemoryFile,
    MemoryFileBusy,
    MemoryFileError,
    MemoryFileFull,
    MemoryFileMissing,
    MemoryFileReadOnly,
    UnknownBank,
)
from memory.sqlite_errors import named_errors
from tests.memory.files import closed_world
from tests.memory.world import EPISODE, World, record


def test_a_read_only_handle_reads_and_refuses_every_write(path: Path) -> None:
    closed_world(path)
    before = path.read_bytes()
    with MemoryFile.open(path, read_only=True) as file:
        bank = file.bank("episode", EPISODE)
        world = World(file, path, bank)
        assert len(file.live_notes(world.scope)) == 1
        assert file.search(world.scope, "title") == file.live_notes(world.scope)
        with pytest.raises(UnknownBank):
            file.bank("person", "nobody")
        with pytest.raises(MemoryFileReadOnly, match="opened read-only"):
            file.commit_step(EPISODE, record(30), [])
        with pytest.raises(MemoryFileReadOnly):
            world.summary("k2", Add("t", "b"))
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            file._store.db.execute("DELETE FROM notes")
    assert path.read_bytes() == before


def test_a_file_that_turns_read_only_is_named(path: Path) -> None:
    world = World.make(path)
    before = world.dump()
    world.file._store.db.execute("PRAGMA query_only = ON")  # SQLite's own SQLITE_READONLY
    with pytest.raises(MemoryFileReadOnly, match="allow writing to the file and its folder"):
        world.summary("k", Add("t", "b"))
    assert world.dump() == before
    world.file.close()


@pytest.mark.parametrize("which", ["file", "folder"])
def test_a_read_only_place_is_named_at_once(
    path: Path, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the operating system answers where modes bind (they do not bind root)."""
    closed_world(path)
    before = path.read_bytes()
    barred = path if which == "file" else path.parent
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != barred)
    with pytest.raises(MemoryFileReadOnly, match=f"{which} {barred} cannot be written"):
        MemoryFile.open(path)
    assert path.read_bytes() == before
    with MemoryFile.open(path, read_only=True) as file:
        assert file.figures().steps == 30
    if which == "folder":
        assert [found.name for found in path.parent.iterdir()] == ["memory.sqlite"]


@pytest.mark.skipif(os.geteuid() == 0, reason="file modes do not bind root")
@pytest.mark.parametrize("which", ["file", "folder"])
def test_modes_bind(path: Path, which: str) -> None:
    closed_world(path)
    barred = path if which == "file" else path.parent
    barred.chmod(0o400 if which == "file" else 0o500)
    try:
        with pytest.raises(MemoryFileReadOnly):
            MemoryFile.open(path)
        with MemoryFile.open(path, read_only=True) as file:
            assert file.figures().steps == 30
    finally:
        barred.chmod(0o700)


def test_every_sqlite_error_gets_a_name() -> None:
    codes = {
        sqlite3.SQLITE_IOERR | (3 << 8): MemoryFileFull,
        sqlite3.SQLITE_BUSY: MemoryFileBusy,
        sqlite3.SQLITE_CANTOPEN: MemoryFileMissing,
        sqlite3.SQLITE_ERROR: MemoryFileError,
    }
    for code, named in codes.items():
        error = sqlite3.OperationalError("what SQLite says")
        error.sqlite_errorcode = code
        with (
            pytest.raises(named, match="what SQLite says") as caught,
            named_errors(Path()),
        ):
            raise error
        assert type(caught.value) is named
