"""Writers killed with SIGKILL: the file is whole, all acknowledged is there, the episode goes on."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from memory import MemoryFile, doctor
from memory.bench import killing, writing
from memory.bench.killing import EPISODE, content, faults, kill_one, play

STEPS = 14  # summaries at 6, 9 and 12, an eviction at 10


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    path = tmp_path_factory.mktemp("whole") / "memory.sqlite"
    play(path, STEPS, lambda _step: None)
    with MemoryFile.open(path, read_only=True) as file:
        assert {p.prune.kind for p in file.prunes(EPISODE)} == {"summarised", "evicted"}
        assert file.uncovered(EPISODE) == []
    return content(path)


def test_twenty_kills_leave_what_one_undisturbed_run_leaves(
    tmp_path: Path, undisturbed: list[object]
) -> None:
    """Before every n-th statement in turn, so that each verb is hit in the middle."""
    path = tmp_path / "memory.sqlite"
    killed = acknowledged = 0
    for statement in (7, 1, 12, 21, 33, 47, 2, 18, 29, 38, 52, 5, 26, 41, 15, 60, 35, 23, 44, 31):
        death = kill_one(path, STEPS, 0, statement)
        killed += death.killed
        acknowledged = max(acknowledged, death.acknowledged)
        if path.exists() and path.stat().st_size:
            assert faults(path, acknowledged) == []
    assert killed == 20
    play(path, STEPS, lambda _step: None)
    assert content(path) == undisturbed


# What a summary, its prune, an eviction and a step's commit are made of, as SQLite runs them.
STATEMENTS = (
    "BEGIN IMMEDIATE",
    "INSERT INTO commits",
    "INSERT INTO spans",
    "INSERT INTO notes ",
    "INSERT INTO note_versions",
    "UPDATE notes",
    "INSERT INTO note_sources",
    "INSERT INTO prunes",
    "INSERT INTO prune_spans",
    "INSERT INTO recalls",
    "INSERT INTO steps",
    "COMMIT",
)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_a_kill_before_each_statement_of_a_summary_a_prune_and_an_eviction(
    tmp_path: Path, undisturbed: list[object]
) -> None:
    """From one and the same file each time, one statement later each time, until none is left: the
    steps 9 to 13, which are two summaries with their prunes, an eviction and five commits."""
    base = tmp_path / "base.sqlite"
    play(base, 9, lambda _step: None)
    path, met, kills = tmp_path / "memory.sqlite", set[str](), 0
    for statement in itertools.count(1):
        with MemoryFile.open(base, read_only=True) as file:
            file.backup(path)
        death = kill_one(path, STEPS, 0, statement)
        assert faults(path, max(death.acknowledged, 9)) == [], (statement, death)
        with MemoryFile.open(path, read_only=True) as file:
            assert file.uncovered(EPISODE) == []
        play(path, STEPS, lambda _step: None)
        assert content(path) == undisturbed, (statement, death)
        met |= {each for each in STATEMENTS if death.statement.startswith(each)}
        for end in ("", "-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        if not death.killed:
            break
        kills += 1
    print(f"{kills} kills, each before another statement")
    assert kills >= 200
    assert met == set(STATEMENTS)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_two_hundred_kills_anywhere(tmp_path: Path) -> None:
    figures = killing.measure(tmp_path, print, 200)
    assert figures == {"kills": 200, "lost": 0}


def test_the_checks_of_a_killed_file_can_fail(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    play(path, STEPS, lambda _step: None)
    assert faults(path, STEPS) == []
    assert faults(path, STEPS + 1) == ["15 steps were acknowledged, and 14 are there"]
    with MemoryFile.open(path) as file:
        file._store.db.execute("UPDATE notes SET body = 'forged'")
    assert "versions replay" in faults(path, STEPS)[0]


def test_eight_processes_write_into_one_bank_and_nothing_is_lost(tmp_path: Path) -> None:
    rate, lost = writing.processes(tmp_path / "memory.sqlite", 8, 25)
    assert (rate > 0, lost) == (True, 0)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_eight_processes_make_five_hundred_writes_each(tmp_path: Path) -> None:
    assert writing.processes(tmp_path / "memory.sqlite", 8, 500)[1] == 0


def test_a_disk_that_refuses_more_bytes_is_named_and_the_file_is_whole(tmp_path: Path) -> None:
    """The operating system itself refuses: no file of the process may pass a size."""
    path = tmp_path / "memory.sqlite"
    play(path, 2, lambda _step: None)
    limit = path.stat().st_size + 40_000
    script = f"""
import resource, sys
from pathlib import Path
from memory import MemoryFileFull
from memory.bench.killing import play
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
try:
    play(Path({str(path)!r}), 100_000, lambda step: print(step))
except MemoryFileFull as error:
    print("full:", error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=100
    )
    *steps, last = done.stdout.splitlines()
    assert last.startswith("full:"), done.stderr
    assert str(path) in last
    assert faults(path, int(steps[-1]) + 1) == []
    play(path, int(steps[-1]) + 3, lambda _step: None)
    assert faults(path, int(steps[-1]) + 3) == []
    assert not [f for f in doctor.examine(path) if f.result == doctor.ERROR]
