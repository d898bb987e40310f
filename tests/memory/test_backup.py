"""Copies are whole, and nothing but SQLite ever opens a database."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from memory import MemoryFile, MemoryFileFull, MemoryFileMissing, MemoryFileReadOnly
from tests.memory.world import World, dump


def test_a_backup_is_the_file_also_while_somebody_writes(busy: World) -> None:
    busy.file._store.db.conn.execute("BEGIN IMMEDIATE")
    copy = busy.path.parent / "copy.sqlite"
    with MemoryFile.open(busy.path, read_only=True) as reader:
        reader.backup(copy)
    busy.file._store.db.conn.execute("ROLLBACK")
    assert dump(copy) == dump(busy.path)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [p.name for p in copy.parent.iterdir() if p.name.startswith("copy")] == ["copy.sqlite"]
    with MemoryFile.open(copy) as file:
        assert file.live_notes(busy.scope) == busy.file.live_notes(busy.scope)
    with pytest.raises(MemoryFileReadOnly, match="exists"):
        busy.file.backup(copy)
    with pytest.raises(MemoryFileMissing, match="folder"):
        busy.file.backup(busy.path.parent / "none" / "copy.sqlite")
    with pytest.raises(MemoryFileMissing, match="no usable path: File name too long"):
        busy.file.backup(busy.path.parent / ("x" * 300))


def test_a_backup_that_fails_leaves_nothing(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(sqlite3.Connection):
        def execute(self, *_args: object) -> sqlite3.Cursor:
            raise sqlite3.OperationalError("database or disk is full")

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **kw: connect(path, factory=Full))
    copy = busy.path.parent / "copy.sqlite"
    with pytest.raises(Exception, match="full"):
        busy.file.backup(copy)
    assert not copy.exists()


def test_a_full_disk_is_the_copys_and_not_the_files(
    busy: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = busy.path.parent / "copy.sqlite"
    connect = sqlite3.connect

    def small(path: Path, **kwargs: Any) -> sqlite3.Connection:
        made: sqlite3.Connection = connect(path, **kwargs)
        if path == copy:
            made.execute("PRAGMA max_page_count = 1")
        return made

    monkeypatch.setattr(sqlite3, "connect", small)
    with pytest.raises(MemoryFileFull, match=r"copy\.sqlite has no room to grow"):
        busy.file.backup(copy)
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
             ["backup", str(path.parent / "copy")], ["tail"], ["bank"], ["migrate"], ["repair"],
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
