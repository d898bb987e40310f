"""How a memory file is made and opened, and which places are no place for one."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from memory import (
    MemoryFile,
    MemoryFileDamaged,
    MemoryFileMissing,
    NotAMemoryFile,
    migrations,
    schema,
)
from tests.memory.files import closed_world
from tests.memory.world import dump


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


def test_a_checkpoint_that_was_cut_off_is_no_damage(path: Path, tmp_path: Path) -> None:
    """Pages go from the log into the file in their order: the first says how many there are to be."""
    cut, log = tmp_path / "cut.sqlite", tmp_path / "cut.sqlite-wal"

    def checkpoint() -> None:
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    with MemoryFile.open(path) as file:
        checkpoint()
        before = path.stat().st_size
        for number in range(300):
            file.bank("person", f"somebody called {number}")
        log.write_bytes(path.with_name(f"{path.name}-wal").read_bytes())
        checkpoint()
        whole = path.read_bytes()
        expected = dump(path)
    assert len(whole) > before
    cut.write_bytes(whole[:before])
    content = log.read_bytes()
    log.unlink()
    with pytest.raises(MemoryFileDamaged, match="damaged or cut short"):
        MemoryFile.open(cut)
    log.write_bytes(content)
    MemoryFile.open(cut).close()
    assert dump(cut) == expected


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
