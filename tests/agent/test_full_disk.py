"""A disk that is really full: a small file system in memory, where the machine lets us make one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import HALTING
from agent.verify import verify
from memory import MemoryFile
from tests.agent.kill import begin, go_on, make, record


def _mount(*arguments: str) -> bool:
    try:
        done = subprocess.run(["mount", *arguments], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for 640 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if not _mount("-t", "tmpfs", "-o", "size=640k", "tmpfs", str(folder)):
        pytest.skip("no file system can be mounted here: it takes root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _refusal(out: Path) -> Exception | None:
    """What ends a resume, at its beginning or later."""
    try:
        return go_on(out).failure
    except HALTING as error:
        return error


def test_a_run_on_a_full_disk_goes_on_when_there_is_room(small: Path, tmp_path: Path) -> None:
    whole = record(begin(tmp_path / "whole"))
    out = small / "run"
    done = begin(out)
    assert isinstance(done.failure, HALTING), done.failure
    assert len(done.rows) < 8
    with MemoryFile.open(done.memory, read_only=True) as memory:
        assert sum(len(memory.steps(each.uid)) for each in memory.episodes()) > 4, "in the middle"
    assert not [row for row in done.rows if row.error]
    assert isinstance(_refusal(out), HALTING), "as long as it is full"
    assert _mount("-o", "remount,size=40m", str(small))
    again = go_on(out)
    assert (again.failure, record(again)) == (None, whole)
    assert verify(out, make_env=make).sound
