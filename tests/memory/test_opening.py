"""What may be opened, what is refused by name, and that a refusal changes no byte."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from memory import (
    Add,
    MemoryFile,
    MemoryFileBusy,
    MemoryFileDamaged,
    MemoryFileError,
    MemoryFileFull,
    MemoryFileMissing,
    MemoryFileReadOnly,
    NewerSchema,
    NotAMemoryFile,
    OlderSchema,
    UnknownBank,
    migrations,
    schema,
    store,
)
from memory.sqlite_errors import named_errors
from tests.memory.world import EPISODE, World, dump, record, span


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.sqlite"


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


def test_a_new_file_is_private_durable_and_marked(path: Path) -> None:
    with MemoryFile.open(path) as file:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        pragmas = {
            name: file._store.db.conn.execute(f"PRAGMA {name}").fetchone()[0]
            for name in (
                "journal_mode",
                "synchronous",
                "foreign_keys",
                "application_id",
                "user_version",
                "busy_timeout",
            )
        }
        file.bank("person", "ada")
        assert stat.S_IMODE((path.parent / "memory.sqlite-wal").stat().st_mode) == 0o600
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "application_id": schema.APPLICATION_ID,
        "user_version": len(migrations.MIGRATIONS),
        "busy_timeout": 10_000,
    }
    assert [found.name for found in path.parent.iterdir()] == ["memory.sqlite"]


def test_opening_again_keeps_everything(path: Path) -> None:
    before = dump(closed_world(path))
    with MemoryFile.open(path) as file:
        assert file.figures().steps == 30
        file.close()
        file.close()
    assert dump(path) == before


def test_the_file_is_sound_to_any_sqlite_tool(path: Path) -> None:
    with closing(sqlite3.connect(closed_world(path))) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        conn.execute("INSERT INTO notes_fts (notes_fts, rank) VALUES ('integrity-check', 1)")


def test_odd_paths_are_only_paths(tmp_path: Path) -> None:
    for name in ("a?mode=ro", "b#c", "100%", "é ", "%41", ":memory:"):
        with MemoryFile.open(tmp_path / name) as file:
            file.bank("person", "ada")
        assert (tmp_path / name).stat().st_size > 0


def test_an_empty_file_is_taken_and_a_reader_is_told(path: Path) -> None:
    path.touch()
    with pytest.raises(NotAMemoryFile, match="empty"):
        MemoryFile.open(path, read_only=True)
    assert path.read_bytes() == b""
    MemoryFile.open(path).close()
    MemoryFile.open(path, read_only=True).close()


def test_text_is_not_a_memory_file(path: Path) -> None:
    path.write_text("dear diary\n" * 1000)
    refused(path, NotAMemoryFile, "is not a SQLite database: give a memory file")


def test_a_few_bytes_are_not_a_memory_file(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0")
    refused(path, NotAMemoryFile, "is not a SQLite database")


@pytest.mark.parametrize("wal", [False, True])
@pytest.mark.parametrize("application_id", [0, 0x0F055112])
def test_another_applications_database_is_left_alone(
    path: Path, wal: bool, application_id: int
) -> None:
    foreign(path, wal=wal, application_id=application_id)
    refused(path, NotAMemoryFile, "another application's database")
    if application_id:
        assert [found.name for found in path.parent.iterdir()] == ["memory.sqlite"]


def test_a_newer_schema_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(closed_world(path))) as conn:
        conn.execute("PRAGMA user_version = 99")
    refused(path, NewerSchema, "has schema 99, and this Steno knows schemas up to 2: upgrade")


@pytest.mark.parametrize("keep", [4096, 3 * 4096, -4096, -1, -5000])
def test_a_truncated_file_is_named(path: Path, keep: int) -> None:
    content = closed_world(path).read_bytes()
    path.write_bytes(content[:keep])
    refused(path, MemoryFileDamaged, "is damaged or cut short: restore it from a copy")


def test_damage_found_later_is_named_too(path: Path) -> None:
    content = bytearray(closed_world(path).read_bytes())
    content[8 * 4096 :] = b"\xff" * (len(content) - 8 * 4096)
    path.write_bytes(content)

    def read_all() -> None:
        with MemoryFile.open(path) as file:
            file.steps(EPISODE)
            file.spans(EPISODE)
            file.episodes()

    with pytest.raises(MemoryFileDamaged):
        read_all()


def test_a_truncated_log_loses_only_its_tail(path: Path) -> None:
    """A write-ahead log cut short, as after a power cut, holds a prefix of the commits."""
    world = World.make(path)
    for step in range(20):
        world.file.commit_step(EPISODE, record(step), [span(step)])
    copy = path.parent / "copy"
    copy.mkdir()
    for name in ("memory.sqlite", "memory.sqlite-wal"):
        (copy / name).write_bytes((path.parent / name).read_bytes())
    wal = copy / "memory.sqlite-wal"
    wal.write_bytes(wal.read_bytes()[: wal.stat().st_size * 2 // 3])
    world.file.close()
    with MemoryFile.open(copy / "memory.sqlite") as file:
        steps = [step.step for step in file.steps(EPISODE)]
        assert steps == list(range(len(steps)))
        assert 0 < len(steps) < 20
        assert {found.step for found in file.spans(EPISODE)} == set(steps)


def test_missing_places_are_named(tmp_path: Path) -> None:
    with pytest.raises(MemoryFileMissing, match="does not exist: give an existing memory file"):
        MemoryFile.open(tmp_path / "none.sqlite", read_only=True)
    with pytest.raises(MemoryFileMissing, match=r"folder .*none does not exist: make it first"):
        MemoryFile.open(tmp_path / "none" / "memory.sqlite")
    with pytest.raises(NotAMemoryFile, match=r"is a folder: give the file in it"):
        MemoryFile.open(tmp_path)
    with pytest.raises(NotAMemoryFile, match="not a regular file"):
        MemoryFile.open(Path("/dev/null"))
    with pytest.raises(MemoryFileMissing, match="no usable path"):
        MemoryFile.open(tmp_path / ("x" * 300))
    with pytest.raises(MemoryFileMissing, match="has a NUL"):
        MemoryFile.open(tmp_path / "a\0b")
    assert list(tmp_path.iterdir()) == []


# -- reading only


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


# -- migrations


THIRD = ("ALTER TABLE notes ADD COLUMN colour TEXT", "CREATE INDEX x ON notes (colour)")


def test_a_migration_keeps_what_is_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed_world(path)
    known = migrations.MIGRATIONS
    for module in (migrations, store):
        monkeypatch.setattr(module, "MIGRATIONS", (*known, THIRD))
    with pytest.raises(OlderSchema, match="open it once for writing"):
        MemoryFile.open(path, read_only=True)
    with MemoryFile.open(path) as file:
        assert file._store.db.conn.execute("PRAGMA user_version").fetchone() == (3,)
        assert file.figures().notes == 1
    MemoryFile.open(path, read_only=True).close()


def test_a_migration_that_fails_leaves_the_schema_before_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dump(closed_world(path))
    known = migrations.MIGRATIONS
    for module in (migrations, store):
        monkeypatch.setattr(module, "MIGRATIONS", (*known, (*THIRD, "no such statement")))
    with pytest.raises(MemoryFileError, match="syntax error"):
        MemoryFile.open(path)
    monkeypatch.undo()
    assert dump(path) == before
    MemoryFile.open(path).close()


def test_a_first_migration_that_fails_leaves_an_empty_file_that_opens_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (migrations, store):
        monkeypatch.setattr(module, "MIGRATIONS", ((*schema.V1, "no such statement"),))
    with pytest.raises(MemoryFileError):
        MemoryFile.open(path)
    monkeypatch.undo()
    MemoryFile.open(path).close()


def test_importing_the_commands_is_cheap() -> None:
    heavy = "sqlite_utils rich.table torch textual langgraph agent envs"
    code = f"import memory.commands, sys; print([m for m in {heavy!r}.split() if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "[]\n"
