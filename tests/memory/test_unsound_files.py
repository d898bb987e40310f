"""Files that are no memory file, of a newer Steno, or damaged: refused by name, and left as they are."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from memory import MemoryFile, MemoryFileDamaged, NewerSchema, NotAMemoryFile
from tests.memory.files import closed_world, foreign, refused
from tests.memory.world import EPISODE, World, record, span


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
