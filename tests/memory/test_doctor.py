"""Each check of the doctor sees the fault that it is for, and nothing else does it call one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from memory import (
    Add,
    Delete,
    MemoryFile,
    MemoryFileMissing,
    NotAMemoryFile,
    Prune,
    Rewrite,
    Scope,
    doctor,
)
from memory.commands import app
from tests.memory.world import EPISODE, World, dump, record, span


@pytest.fixture
def filled(world: World) -> World:
    world.file.commit_step(EPISODE, record(0), [span(0, "thought")])
    world.file.commit_step(EPISODE, record(1), [span(1, "action")])
    cut = (f"{EPISODE}/0/thought/0",)
    done = world.summary("k", Add("door", "locked"), Add("lamp", "lit"), sources=cut,
                         prune=Prune("summarised", cut, 9, 1))  # fmt: skip
    world.summary("l", Rewrite(done.versions[0].note, 1, "open"), Delete(done.versions[1].note, 1))
    return world


def results(path: Path) -> dict[str, str]:
    return {finding.check: finding.result for finding in doctor.examine(path)}


def test_a_sound_file_passes(filled: World) -> None:
    found = results(filled.path)
    assert set(found.values()) <= {"ok", "warning"}
    assert len(found) == 13
    filled.file.close()
    before = filled.path.read_bytes()
    doctor.examine(filled.path)
    assert filled.path.read_bytes() == before


CHANGE_VERSIONS = "DROP TRIGGER note_versions_append_only; UPDATE note_versions SET "
DROP_VERSIONS = "DROP TRIGGER note_versions_keep; DELETE FROM note_versions WHERE "
DROP_SPANS = "DROP TRIGGER spans_keep; DROP TRIGGER note_sources_keep; DELETE FROM spans; "
CHANGE_STEPS = "DROP TRIGGER steps_append_only; UPDATE steps SET "
BREAKS = [
    ("versions replay", "UPDATE notes SET body = 'forged'"),
    ("versions replay", "UPDATE notes SET state = 'live', deleted = NULL"),
    ("versions replay", "UPDATE notes SET updated = '2030'"),
    ("versions replay", CHANGE_VERSIONS + "body = 'x' WHERE version = 2"),
    ("versions replay", CHANGE_VERSIONS + "state = 'deleted' WHERE version = 1"),
    ("versions replay", DROP_VERSIONS + "version = 1"),
    ("versions replay", DROP_VERSIONS + "note = (SELECT uid FROM notes LIMIT 1)"),
    ("hashes", "DROP TRIGGER spans_append_only; UPDATE spans SET text = 'forged'"),
    ("hashes", "DROP TRIGGER spans_append_only; UPDATE spans SET text = x'ff'"),
    ("hashes", CHANGE_STEPS + "done = 1"),
    ("hashes", CHANGE_STEPS + "score = 9"),
    ("hashes", CHANGE_STEPS + "window = 'forged'"),
    ("hashes", CHANGE_STEPS + "trace_offset = 9"),
    ("hashes", DROP_SPANS + "SELECT 1"),
    ("full-text index", "DROP TRIGGER notes_fts_update; UPDATE notes SET body = 'unindexed'"),
    ("full-text index", "DELETE FROM notes_fts_docsize"),
    ("foreign keys", "INSERT INTO note_sources VALUES (1, 99)"),
    ("times", CHANGE_VERSIONS + "at = '2020'"),
    ("never neither", DROP_SPANS + "DELETE FROM note_sources"),
    ("rows", DROP_VERSIONS + "id = 1"),
    ("rows", "DROP TRIGGER steps_keep; DELETE FROM steps WHERE step = 0"),
    ("rows", "DROP TRIGGER spans_append_only; UPDATE spans SET uid = uid || 'x'"),
    ("rows", "DROP TRIGGER spans_append_only; UPDATE spans SET text = NULL"),
    ("rows", "UPDATE spans SET text = NULL, erased = '2026' WHERE kind = 'action'"),
    ("rows", "DROP TRIGGER notes_stay_in_their_bank; UPDATE notes SET bank = 2"),
    ("opening", "PRAGMA user_version = 0"),
    ("opening", "PRAGMA user_version = -1"),
]


@pytest.mark.parametrize(
    ("check", "script"),
    BREAKS,
)
def test_each_fault_is_found_by_its_check(filled: World, check: str, script: str) -> None:
    filled.file.close()
    with closing(sqlite3.connect(filled.path, isolation_level=None)) as conn:
        conn.executescript(script)
    assert results(filled.path)[check] == "error"


def but_for_the_index(path: Path) -> list[str]:
    return sorted(line for line in dump(path) if "notes_fts_" not in line.partition("VALUES")[0])


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("view", "timeline"),
        ("trigger", "notes_keep"),
        ("trigger", "notes_fts_update"),
        ("index", "notes_pinned"),
        ("index", "commits_key"),
    ],
)
def test_what_was_dropped_is_found_and_made_again(filled: World, kind: str, name: str) -> None:
    filled.file.close()
    before = but_for_the_index(filled.path)
    with closing(sqlite3.connect(filled.path)) as conn:
        conn.execute(f"DROP {kind} {name}")
        if name == "notes_fts_update":
            conn.execute("UPDATE notes SET body = body || ''")
    found = {f.check: f for f in doctor.examine(filled.path) if f.result == doctor.ERROR}
    assert found["schema"].detail == f"{kind} {name} is missing"
    with MemoryFile.open(filled.path) as file:
        done = file.repair()
    assert f"made {kind} {name} again" in done
    assert set(results(filled.path).values()) <= {"ok", "warning"}
    assert but_for_the_index(filled.path) == before


def test_what_was_changed_in_the_schema_is_found(filled: World) -> None:
    """A person may add tables, views and indexes; a trigger could change what Steno writes."""
    filled.file.close()
    with closing(sqlite3.connect(filled.path)) as conn:
        conn.execute("CREATE VIEW mine AS SELECT 1")
        conn.execute("CREATE INDEX mine_too ON notes (title)")
        assert results(filled.path)["schema"] == "ok"
        conn.execute("CREATE TRIGGER theirs AFTER INSERT ON notes BEGIN SELECT 1; END")
        conn.execute("DROP VIEW live_notes")
        conn.execute("CREATE VIEW live_notes AS SELECT uid FROM notes")
    [finding] = [f for f in doctor.examine(filled.path) if f.check == "schema"]
    assert "view live_notes is not as Steno makes it" in finding.detail
    assert "trigger theirs is not Steno's" in finding.detail
    with MemoryFile.open(filled.path) as file:
        assert "made view live_notes again" in file.repair()
    with closing(sqlite3.connect(filled.path)) as conn:
        assert len(conn.execute("SELECT * FROM live_notes").description) == 9


def test_steps_sent_with_spans_that_were_stored_before_have_their_hash(world: World) -> None:
    """Whatever was sent again, in whatever order: no false alarm."""
    stored = (span(0, "summary", 0, "one"), span(0, "summary", 1, "two"))
    for number, again in enumerate(((0,), (1,), (1, 0), ())):
        uid = f"run-a/{number + 1}"
        world.start(uid, world.file.bank("episode", uid))
        scope = Scope(world.file.bank("episode", uid))
        world.summary("s", Add(f"t{number}", "b"), spans=stored, scope=scope, episode=uid)
        sent = [span(0, "thought", 0, "hm"), *(stored[n] for n in again)]
        world.file.commit_step(uid, record(0, reward=-0.0), sent)
    assert results(world.path)["hashes"] == "ok"


def test_a_file_too_damaged_to_open_is_a_finding_and_no_accident(filled: World) -> None:
    filled.file.close()
    content = filled.path.read_bytes()
    for damaged in (content[:5000], content[: 3 * 4096], b"\xff" * 100 + content[100:]):
        filled.path.write_bytes(damaged)
        [finding] = [f for f in doctor.examine(filled.path) if f.result == doctor.ERROR]
        assert finding.check == "opening"
        assert str(filled.path) in finding.detail
        done = CliRunner().invoke(app, ["doctor", str(filled.path)])
        assert done.exit_code == 1
        assert json.loads(done.output)[0]["check"] == "opening"
    with pytest.raises(MemoryFileMissing):
        doctor.examine(filled.path.with_name("none"))
    with closing(sqlite3.connect(filled.path.with_name("other"))) as conn:
        conn.execute("CREATE TABLE t (a)")
    with pytest.raises(NotAMemoryFile, match="another application"):
        doctor.examine(filled.path.with_name("other"))


def test_an_observation_that_is_not_its_steps_is_found(world: World) -> None:
    world.file.commit_step(EPISODE, record(0), [span(0)])  # whose hash in the record is all zeros
    [finding] = [f for f in doctor.examine(world.path) if f.check == "hashes"]
    assert "another observation" in finding.detail


def test_a_damaged_page_is_found(filled: World) -> None:
    for step in range(2, 30):
        filled.file.commit_step(EPISODE, record(step), [span(step, "thought", text="x" * 500)])
    with closing(sqlite3.connect(filled.path)) as conn:
        root = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'prune_spans'")
        page = root.fetchone()[0]
    filled.file.close()
    content = bytearray(filled.path.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\x00" * 4096
    filled.path.write_bytes(content)
    assert results(filled.path)["integrity"] == "error"


def test_permissions_and_releases(filled: World) -> None:
    filled.file.close()
    filled.path.chmod(0o600)
    assert doctor.permissions(filled.path)[0] == "ok"
    filled.path.chmod(0o644)
    assert doctor.permissions(filled.path)[0] == "warning"
    for version, sound in {
        "3.6.23": True, "3.7.0": False, "3.40.1": False, "3.44.5": False, "3.44.6": True,
        "3.44.9": True, "3.45.0": False, "3.50.6": False, "3.50.7": True, "3.51.0": False,
        "3.51.2": False, "3.51.3": True, "3.52.0": True, "4.0": True,
    }.items():  # fmt: skip
        assert doctor.release(version)[0] == ("ok" if sound else "warning"), version
