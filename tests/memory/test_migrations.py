"""Files of older Stenos: migrated whole, or left as they were."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from memory import MemoryFile, OlderSchema, Rewrite, Scope, doctor, migrations, schema_v2
from memory.schema_v2 import BANK_SHIFT
from tests.memory.old import make_v1
from tests.memory.world import dump

KEPT = {
    "banks": "id, kind, name, created",
    "episodes": "*",
    "steps": "*",
    "spans": "id, uid, episode, step, kind, ordinal, text, sha256, created",
    "commits": "id, episode, key, verb, step, at",
    "notes": "uid, bank, title, body, state, version, tokens, pinned, created, updated, deleted",
    "note_versions": "*",
    "note_sources": "*",
    "recalls": "*",
    "prunes": "*",
    "prune_spans": "*",
}


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as conn:
        return {
            table: conn.execute(f"SELECT {columns} FROM {table} ORDER BY 1, 2").fetchall()
            for table, columns in KEPT.items()
        }


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return make_v1(tmp_path / "memory.sqlite")


def test_the_fixture_is_of_schema_1_and_is_not_read_as_it_is(old: Path) -> None:
    with closing(sqlite3.connect(old)) as conn:
        assert conn.execute("PRAGMA user_version").fetchone() == (1,)
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
    with pytest.raises(OlderSchema, match="has schema 1 and this Steno reads schema 2.*migrate"):
        MemoryFile.open(old, read_only=True)


def test_a_migration_keeps_every_row_and_the_file_is_sound(old: Path) -> None:
    before = rows(old)
    assert all(before.values()), "the fixture has rows in every table"
    MemoryFile.open(old).close()
    assert rows(old) == before
    assert {f.check: f.detail for f in doctor.examine(old) if f.result == doctor.ERROR} == {}
    with closing(sqlite3.connect(old)) as conn:
        assert conn.execute("PRAGMA user_version").fetchone() == (2,)
        ids = conn.execute(f"SELECT id >> {BANK_SHIFT}, bank FROM notes").fetchall()
        assert ids
        assert all(prefix == bank for prefix, bank in ids)


def test_a_migrated_file_is_searched_and_written_like_any_other(old: Path) -> None:
    with MemoryFile.open(old) as file:
        own, acme = (Scope(bank) for bank in file.banks())
        assert [note.body for note in file.search(own, "an open door")] == ["open"]
        assert [note.body for note in file.search_file("slowly")] == ["slowly"]
        assert file.search(acme, "door lamp") == []
        again = file.commit_summary(
            own, episode="run-a/0", step=1, key="1/high_water", changes=[], sources=[], spans=[],
            prune=None, reason="again",
        )  # fmt: skip
        assert again.replayed
        assert len(again.versions) == 5
        file.edit(own, key="k", edits=[Rewrite("a" * 16, 2, "shut")], reason="r")
        assert file.note(own, "a" * 16).body == "shut"
        assert file.uncovered("run-a/0") == []
    assert not [f for f in doctor.examine(old) if f.result == doctor.ERROR]


@pytest.mark.parametrize("at", range(0, len(schema_v2.V2), 3))
def test_a_migration_that_fails_anywhere_leaves_the_old_file(
    old: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dump(old)
    broken = (*schema_v2.V2[:at], "no such statement")
    monkeypatch.setattr(migrations, "MIGRATIONS", (migrations.MIGRATIONS[0], broken))
    with pytest.raises(Exception, match="syntax error"):
        MemoryFile.open(old)
    monkeypatch.undo()
    assert dump(old) == before
    MemoryFile.open(old).close()
    assert not [f for f in doctor.examine(old) if f.result == doctor.ERROR]


def test_a_fresh_file_has_the_schema_of_a_migrated_one(old: Path, tmp_path: Path) -> None:
    MemoryFile.open(old).close()
    MemoryFile.open(tmp_path / "fresh.sqlite").close()
    found = []
    for path in (old, tmp_path / "fresh.sqlite"):
        with closing(sqlite3.connect(path)) as conn:
            found.append(conn.execute("SELECT name, sql FROM sqlite_master ORDER BY 1").fetchall())
    assert found[0] == found[1]
