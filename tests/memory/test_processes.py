"""Several processes and threads on one file."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from memory import Conflict, MemoryFile, MemoryFileBusy, Rewrite, Scope
from tests.memory.world import EPISODE, World, record, span

WRITER = """
import sys
from pathlib import Path
from memory import Add, Scope
from tests.memory.world import World, record, span
path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
world = World.make(path)
world.start(name)
scope = Scope(world.file.bank("company", "acme"))
for n in range(count):
    world.file.commit_step(name, record(n), [span(n)])
    world.summary(f"{n}", Add(name, f"note {n}"), scope=scope, episode=name)
world.file.close()
"""


def test_processes_that_make_and_fill_one_file_lose_nothing(tmp_path: Path) -> None:
    path, writers, count = tmp_path / "memory.sqlite", 4, 15
    running = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), f"writer/{n}", str(count)])
        for n in range(writers)
    ]
    assert [process.wait(timeout=60) for process in running] == [0] * writers
    with MemoryFile.open(path, read_only=True) as file:
        notes = file.live_notes(Scope(file.bank("company", "acme")))
        assert len(notes) == len({note.updated for note in notes}) == writers * count
        for n in range(writers):
            assert len(file.steps(f"writer/{n}")) == count
            mine = [note.body for note in notes if note.title == f"writer/{n}"]
            assert mine == [f"note {k}" for k in range(count)]


def test_of_two_that_rewrite_one_note_one_gets_a_conflict(world: World) -> None:
    note = world.add("k", "t", "b")
    with MemoryFile.open(world.path) as second:
        other = World(second, world.path, world.bank)
        seen = second.note(world.scope, note.uid).version
        world.summary("mine", Rewrite(note.uid, seen, "mine"))
        with pytest.raises(Conflict, match="read it again"):
            other.summary("theirs", Rewrite(note.uid, seen, "theirs"))
        assert second.note(world.scope, note.uid).body == "mine"
        other.summary("theirs", Rewrite(note.uid, 2, "theirs, having read mine"))
    assert world.file.note(world.scope, note.uid).version == 3


def test_threads_share_a_handle(world: World) -> None:
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            world.start(name)
            for n in range(10):
                world.file.commit_step(name, record(n), [span(n)])
                assert len(world.file.steps(name)) == n + 1
        except BaseException as error:  # noqa: BLE001 (reported by the test's own thread)
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"thread/{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    assert world.file.figures().steps == 40


def test_a_writer_that_waits_too_long_says_so_and_readers_never_wait(world: World) -> None:
    world.file.commit_step(EPISODE, record(0), [span(0)])
    blocker = world.file._store.db.conn
    blocker.execute("BEGIN IMMEDIATE")
    try:
        with MemoryFile.open(world.path, read_only=True) as reader:
            assert len(reader.steps(EPISODE)) == 1
        with MemoryFile.open(world.path, busy_timeout_s=0.05) as writer:
            began_s = time.monotonic()
            with pytest.raises(MemoryFileBusy, match="locked by another writer: wait"):
                writer.commit_step(EPISODE, record(1), [])
            assert time.monotonic() - began_s < 5
    finally:
        blocker.execute("ROLLBACK")
    world.file.commit_step(EPISODE, record(1), [])


def test_a_short_wait_for_another_writer_is_no_error(world: World) -> None:
    blocker = world.file._store.db.conn
    blocker.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.2, lambda: blocker.execute("COMMIT"))
    timer.start()
    with MemoryFile.open(world.path) as writer:
        writer.commit_step(EPISODE, record(0), [])
    timer.join()
    assert len(world.file.steps(EPISODE)) == 1
