"""A run directory that a kill or a full disk left half made or half written."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.errors import RunDirectoryError, StorageFailed
from agent.files import write_atomically
from agent.results import read_results
from agent.rundir import RunDirectory
from memory import MemoryFile
from tests.agent.kill import after, begin, config, go_on, in_child
from tests.agent.world import check_invariants


@pytest.mark.parametrize("left", [(), ("traces",), ("traces", "snapshots"), (".config.toml.new",)])
def test_what_a_kill_leaves_before_there_is_a_config_is_taken_for_a_new_run(
    tmp_path: Path, left: tuple[str, ...]
) -> None:
    out = tmp_path / "run"
    out.mkdir()
    for name in left:
        (out / name).write_text("env = ") if name.startswith(".") else (out / name).mkdir()
    assert begin(out, episodes=1).rows[0].outcome == "won"
    assert not list(out.glob(".*"))


def test_a_run_that_was_killed_before_its_config_was_written_can_be_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr("agent.rundir.write_atomically", after(1, write_atomically, before=True))
        assert in_child(lambda: begin(out, episodes=1)) == -signal.SIGKILL
    assert out.is_dir()
    with pytest.raises(RunDirectoryError, match="is no run: it has no config"):
        go_on(out)
    assert begin(out, episodes=1).rows[0].outcome == "won"


@pytest.mark.parametrize(
    "other", ["notes.txt", "traces/000000.jsonl", "snapshots/a", "memory.sqlite"]
)
def test_a_directory_that_holds_anything_else_is_refused_and_left_alone(
    tmp_path: Path, other: str
) -> None:
    out = tmp_path / "run"
    (out / other).parent.mkdir(parents=True, exist_ok=True)
    (out / other).write_text("mine")
    for _ in range(2):
        with pytest.raises(RunDirectoryError, match="is not empty; use another --out"):
            begin(out, episodes=1)
    assert [each for each in out.rglob("*") if each.is_file()] == [out / other]
    assert (out / other).read_text() == "mine"


def test_of_two_that_make_one_directory_one_gets_it(tmp_path: Path) -> None:
    made: list[RunDirectory] = []
    refused: list[str] = []

    def create() -> None:
        try:
            made.append(RunDirectory.create(config(tmp_path / "run")))
        except RunDirectoryError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [one] = made
    assert len(refused) == 7
    one.close()
    create()
    assert "is not empty" in refused[-1]


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(RunDirectoryError, match="cannot make the run directory"):
        begin(tmp_path / "run", episodes=1)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may grow past so many bytes: a write is done in part, then refused."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def no_sync(_size: int) -> Iterator[None]:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", full)
        yield


@pytest.mark.parametrize("full", [room_for, no_sync])
def test_a_row_that_the_disk_refuses_leaves_no_half_of_it(
    tmp_path: Path, full: Callable[[int], AbstractContextManager[None]]
) -> None:
    done = begin(tmp_path / "run", episodes=2, jobs=1)
    directory, _ = RunDirectory.open(done.path)
    for before in (directory.results.read_bytes(), b""):
        directory.results.write_bytes(before)
        with full(len(before) + 100), pytest.raises(StorageFailed, match="cannot write"):
            directory.append(done.rows[0])
        assert directory.results.read_bytes() == before
    directory.append(done.rows[1])
    directory.close()
    assert read_results(done.path) == [done.rows[1]]


def unfinished(out: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> list[Path]:
    """A run of one job that was killed in its last episode; its traces."""
    with monkeypatch.context() as patch:
        patch.setattr(MemoryFile, "commit_step", after(18, MemoryFile.commit_step))
        assert in_child(lambda: begin(out, jobs=1, **settings)) == -signal.SIGKILL
    return sorted((out / "traces").iterdir())


def test_an_episode_whose_trace_is_missing_is_not_resumed_and_gets_no_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    last = unfinished(out, monkeypatch, episodes=2)[-1]
    last.rename(tmp_path / "kept")
    for _ in range(2):
        done = go_on(out)
        assert isinstance(done.failure, RunDirectoryError)
        assert "000001.jsonl is missing" in str(done.failure)
        assert not last.exists()
    (tmp_path / "kept").rename(last)
    done = go_on(out)
    assert [row.outcome for row in done.rows] == ["won", "won"]
    check_invariants(done, 640)


def test_a_run_whose_traces_are_all_missing_keeps_its_memory_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    unfinished(out, monkeypatch, episodes=2)
    shutil.move(out / "traces", tmp_path / "kept")
    for empty in (False, True):
        if empty:
            (out / "traces").mkdir()
        with pytest.raises(RunDirectoryError, match="the memory file has steps of the run"):
            go_on(out)
    (out / "traces").rmdir()
    shutil.move(tmp_path / "kept", out / "traces")
    assert [row.outcome for row in go_on(out).rows] == ["won", "won"]


def test_nor_is_one_taken_away_that_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    unfinished(out, monkeypatch, episodes=2)
    shutil.rmtree(out / "traces")
    for log in out.glob("memory.sqlite-*"):
        log.unlink()
    memory = out / "memory.sqlite"
    for damaged in (b"SQLite format 3\0" + bytes(50_000), b"my thesis " * 5_000):
        memory.write_bytes(damaged)
        with pytest.raises(RunDirectoryError, match="cannot be read"):
            go_on(out)
        assert memory.read_bytes() == damaged


def test_a_trace_whose_lines_end_elsewhere_is_not_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    last = unfinished(out, monkeypatch, episodes=2)[-1]
    content = last.read_bytes()
    last.write_bytes(content.replace(b'"agent":', b'"agent" :'))
    changed = last.read_bytes()
    assert "has no line that ends at byte" in str(go_on(out).failure)
    assert last.read_bytes() == changed
    last.write_bytes(content)
    assert len(go_on(out).rows) == 2


def test_a_written_file_and_its_name_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomically(tmp_path / "file", b"content")
    assert synced == [str(tmp_path / ".file.new"), str(tmp_path)]
