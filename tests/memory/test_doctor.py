"""Each check of the doctor sees the fault that it is for, and copies are whole."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from memory import (
    Add,
    Delete,
    MemoryFile,
    MemoryFileMissing,
    MemoryFileReadOnly,
    Prune,
    Rewrite,
    doctor,
)
from tests.memory.world import EPISODE, World, dump, record, span


@pytest.fixture
def filled(world: World) -> World:
    world.file.commit_step(EPISODE, record(0), [span(0, "thought")])
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
    assert len(found) == 9
    filled.file.close()
    before = filled.path.read_bytes()
    doctor.examine(filled.path)
    assert filled.path.read_bytes() == before


CHANGE_VERSIONS = "DROP TRIGGER note_versions_append_only; UPDATE note_versions SET "
DROP_VERSIONS = "DROP TRIGGER note_versions_keep; DELETE FROM note_versions WHERE "
DROP_SPANS = "DROP TRIGGER spans_keep; DROP TRIGGER note_sources_keep; DELETE FROM spans; "
BREAKS = [
    ("versions replay", "UPDATE notes SET body = 'forged'"),
    ("versions replay", "UPDATE notes SET state = 'live', deleted = NULL"),
    ("versions replay", "UPDATE notes SET updated = '2030'"),
    ("versions replay", CHANGE_VERSIONS + "body = 'x' WHERE version = 2"),
    ("versions replay", CHANGE_VERSIONS + "state = 'deleted' WHERE version = 1"),
    ("versions replay", DROP_VERSIONS + "version = 1"),
    ("versions replay", DROP_VERSIONS + "note = (SELECT uid FROM notes LIMIT 1)"),
    ("hashes", "DROP TRIGGER spans_append_only; UPDATE spans SET text = 'forged'"),
    ("full-text index", "DROP TRIGGER notes_fts_update; UPDATE notes SET body = 'unindexed'"),
    ("full-text index", "DELETE FROM notes_fts_docsize"),
    ("foreign keys", "INSERT INTO note_sources VALUES (1, 99)"),
    ("times", CHANGE_VERSIONS + "at = '2020'"),
    ("never neither", DROP_SPANS + "DELETE FROM note_sources"),
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


def test_an_observation_that_is_not_its_steps_is_found(world: World) -> None:
    world.file.commit_step(EPISODE, record(0), [span(0)])  # whose hash in the record is all zeros
    [finding] = [f for f in doctor.examine(world.path) if f.check == "hashes"]
    assert "another observation" in finding.detail


def test_a_damaged_page_is_found(filled: World) -> None:
    for step in range(1, 30):
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


# -- copies


def test_a_backup_is_the_file_also_while_somebody_writes(filled: World) -> None:
    filled.file._store.db.conn.execute("BEGIN IMMEDIATE")
    copy = filled.path.parent / "copy.sqlite"
    with MemoryFile.open(filled.path, read_only=True) as reader:
        reader.backup(copy)
    filled.file._store.db.conn.execute("ROLLBACK")
    assert dump(copy) == dump(filled.path)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [p.name for p in copy.parent.iterdir() if p.name.startswith("copy")] == ["copy.sqlite"]
    with MemoryFile.open(copy) as file:
        assert file.live_notes(filled.scope) == filled.file.live_notes(filled.scope)
    with pytest.raises(MemoryFileReadOnly, match="exists"):
        filled.file.backup(copy)
    with pytest.raises(MemoryFileMissing, match="folder"):
        filled.file.backup(filled.path.parent / "none" / "copy.sqlite")


def test_a_backup_that_fails_leaves_nothing(filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(sqlite3.Connection):
        def execute(self, *_args: object) -> sqlite3.Cursor:
            raise sqlite3.OperationalError("database or disk is full")

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **kw: connect(path, factory=Full))
    copy = filled.path.parent / "copy.sqlite"
    with pytest.raises(Exception, match="full"):
        filled.file.backup(copy)
    assert not copy.exists()


def test_no_raw_handle_is_ever_opened_on_a_database(tmp_path: Path) -> None:
    """Closing one would drop every lock that SQLite holds on the file for this process."""
    script = f"""
import json, sys
from pathlib import Path
path = Path({str(tmp_path / "memory.sqlite")!r})
opened = []
def audit(event, args):
    if event == "open" and str(args[0]).startswith(str(path)):
        opened.append(str(args[0]))
sys.addaudithook(audit)
from typer.testing import CliRunner
from memory import Add, MemoryFile, Prune, doctor
from memory.commands import app
from tests.memory.world import EPISODE, World, record, span
world = World.make(path)
world.file.commit_step(EPISODE, record(0), [span(0)])
note = world.add("k", "door", "locked").uid
for args in (["ls"], ["show"], ["search", "door"], ["history", note], ["diff", note],
             ["edit", note, "--body", "open"], ["pin", note], ["rm", note], ["restore", note],
             ["why", note], ["export", str(path.parent / "md")], ["stats"], ["doctor"],
             ["backup", str(path.parent / "copy")], ["tail"], ["bank"], ["migrate"],
             ["retain", "--days", "0", "--yes"], ["purge", note, "--yes"]):
    done = CliRunner().invoke(app, [args[0], str(path), *args[1:]])
    assert done.exit_code in (0, 1 if args[0] == "doctor" else 0), (args, done.output, done.exception)
open(path.parent / "memory.sqlite-probe", "w").close()
print(json.dumps(opened))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [str(tmp_path / "memory.sqlite-probe")]
