"""Files of older Stenos: migrated whole, or left as they were."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from memory import (
    MemoryFile,
    MemoryFileError,
    MemoryFileFull,
    OlderSchema,
    Rewrite,
    Scope,
    backup,
    doctor,
    migrations,
    schema,
    schema_v2,
    store,
)
from memory.schema_v2 import BANK_SHIFT
from tests.memory.cli import rows as listed
from tests.memory.cli import run
from tests.memory.files import closed_world
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


def test_nothing_migrates_a_file_in_passing(old: Path) -> None:
    """A run, a command, another process: only who asks for it by name does."""
    before = dump(old)
    with closing(sqlite3.connect(old)) as conn:
        assert conn.execute("PRAGMA user_version").fetchone() == (1,)
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
    for read_only in (True, False):
        with pytest.raises(
            OlderSchema, match="has schema 1 and this Steno reads schema 2.*migrate"
        ):
            MemoryFile.open(old, read_only=read_only)
        with pytest.raises(OlderSchema):
            MemoryFile.open(old, read_only=read_only, migrating=read_only, older=not read_only)
    assert dump(old) == before


def test_an_older_file_is_copied_and_checked_as_it_is(old: Path, tmp_path: Path) -> None:
    before = dump(old)
    with MemoryFile.open(old, read_only=True, older=True) as file:
        assert file.schema == 1
        file.backup(tmp_path / "copy.sqlite")
    assert dump(tmp_path / "copy.sqlite") == before
    found = {finding.check: finding for finding in doctor.examine(old)}
    assert [f.check for f in found.values() if f.result == doctor.ERROR] == []
    assert found["schema's age"].result == doctor.WARNING
    assert "run `steno memory migrate`" in found["schema's age"].detail
    with closing(sqlite3.connect(old)) as conn:
        conn.execute("DROP TRIGGER notes_fts_update")
    [fault] = [f for f in doctor.examine(old) if f.result == doctor.ERROR]
    assert fault.detail == "trigger notes_fts_update is missing"


def test_a_migration_keeps_every_row_and_the_file_is_sound(old: Path) -> None:
    before = rows(old)
    assert all(before.values()), "the fixture has rows in every table"
    MemoryFile.open(old, migrating=True).close()
    assert rows(old) == before
    assert {f.check: f.detail for f in doctor.examine(old) if f.result == doctor.ERROR} == {}
    with closing(sqlite3.connect(old)) as conn:
        assert conn.execute("PRAGMA user_version").fetchone() == (2,)
        ids = conn.execute(f"SELECT id >> {BANK_SHIFT}, bank FROM notes").fetchall()
        assert ids
        assert all(prefix == bank for prefix, bank in ids)


def test_a_migrated_file_is_searched_and_written_like_any_other(old: Path) -> None:
    with MemoryFile.open(old, migrating=True) as file:
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
        MemoryFile.open(old, migrating=True)
    monkeypatch.undo()
    assert dump(old) == before
    MemoryFile.open(old, migrating=True).close()
    assert not [f for f in doctor.examine(old) if f.result == doctor.ERROR]


def test_a_fresh_file_has_the_schema_of_a_migrated_one(old: Path, tmp_path: Path) -> None:
    MemoryFile.open(old, migrating=True).close()
    MemoryFile.open(tmp_path / "fresh.sqlite").close()
    found = []
    for path in (old, tmp_path / "fresh.sqlite"):
        with closing(sqlite3.connect(path)) as conn:
            found.append(conn.execute("SELECT name, sql FROM sqlite_master ORDER BY 1").fetchall())
    assert found[0] == found[1]


THIRD = ("ALTER TABLE notes ADD COLUMN colour TEXT", "CREATE INDEX x ON notes (colour)")


def test_a_migration_keeps_what_is_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed_world(path)
    known = migrations.MIGRATIONS
    for module in (migrations, store):
        monkeypatch.setattr(module, "MIGRATIONS", (*known, THIRD))
    with pytest.raises(
        OlderSchema, match="has schema 2 .* reads schema 3: run `steno memory migrate`"
    ):
        MemoryFile.open(path, read_only=True)
    with MemoryFile.open(path, migrating=True) as file:
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
        MemoryFile.open(path, migrating=True)
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


def test_the_command_makes_a_copy_first(old: Path) -> None:
    before = dump(old)
    with pytest.raises(OlderSchema, match="steno memory migrate"):
        run("ls", old)
    with pytest.raises(OlderSchema):
        run("add", old, "t", "b", "--bank", "job/cook")
    copy = old.with_name("memory.sqlite.schema-1")
    copy.touch()  # of an earlier try, say: never written over
    told = run("migrate", old).output
    copy = old.with_name("memory.sqlite.schema-1-2")
    assert f"{copy}: the file as it was" in told
    assert "schema 2" in told
    assert dump(copy) == before
    assert len(listed("ls", old)) == 2
    assert "as it was" not in run("migrate", old).output, "nothing to do, nothing to copy"


def test_a_migration_without_room_for_the_copy_does_not_begin(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dump(old)

    def full(*_args: object) -> None:
        raise MemoryFileFull("no room")

    monkeypatch.setattr(backup, "copy", full)
    with pytest.raises(MemoryFileFull):
        run("migrate", old)
    assert dump(old) == before
    assert "schema 2" in run("migrate", old, "--no-backup").output


def test_nobody_meets_a_new_file_at_a_schema_of_the_past(path: Path) -> None:
    """A second process would refuse it as old, and so would the next start after a crash."""
    seen: set[int] = set()
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as making,
        closing(sqlite3.connect(path, isolation_level=None)) as meeting,
    ):
        making.set_trace_callback(
            lambda _sql: seen.add(meeting.execute("PRAGMA user_version").fetchone()[0])
        )
        migrations.migrate(making, path)
        making.set_trace_callback(None)
        assert seen == {0}
        assert meeting.execute("PRAGMA user_version").fetchone() == (len(migrations.MIGRATIONS),)
