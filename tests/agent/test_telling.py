"""A run on record is told step by step as it grows, and nothing of it twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import telling, trace
from agent.events import Event, NotesWritten, Stepped
from agent.lm.scripted import ScriptedModel
from agent.telling import RecordedRun
from tests.agent.world import Corridor, play

TRACE = Path("traces") / "000000.jsonl"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that took notes while it went and at its end."""
    out = tmp_path_factory.mktemp("told") / "run"
    play(out, env=lambda: Corridor(30), model=ScriptedModel(), window={"budget": 640})
    return out


def whole(run: Path) -> list[Event]:
    return list(RecordedRun(run).events(0))


@settings(max_examples=20, deadline=None)
@given(shares=st.lists(st.floats(0, 1), max_size=6))
def test_told_as_it_grows_it_is_what_is_told_at_once(
    run: Path, tmp_path_factory: pytest.TempPathFactory, shares: list[float]
) -> None:
    copy = tmp_path_factory.mktemp("growing") / "run"
    shutil.copytree(run, copy)
    content, told = (run / TRACE).read_bytes(), list[Event]()
    (copy / TRACE).write_bytes(b"")
    growing = RecordedRun(copy).tell(0)
    for share in [*sorted(shares), 1.0]:
        (copy / TRACE).write_bytes(content[: round(share * len(content))])
        told += growing.more()
    assert told == whole(run)
    assert any(isinstance(each, NotesWritten) and each.written for each in told)
    assert not growing.grown


def test_each_byte_is_read_once(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[int] = []
    plain = trace.read_from

    def noted(path: Path, start: int) -> Iterator[tuple[dict[str, object], int]]:
        starts.append(start)
        return plain(path, start)

    monkeypatch.setattr(telling, "read_from", noted)
    growing = RecordedRun(run).tell(0)
    assert list(growing.more())
    assert list(growing.more()) == []
    assert starts == [0, (run / TRACE).stat().st_size]


def test_a_step_that_is_not_committed_yet_is_told_when_it_is(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    lines = (run / TRACE).read_bytes().splitlines(keepends=True)
    steps = [at for at, line in enumerate(lines) if json.loads(line)["e"] == "step"]
    beyond = json.loads(lines[steps[-1]]) | {"n": 31, "action": "not in the memory file"}
    early = b"".join(lines[: steps[-1] + 1]) + json.dumps(beyond).encode() + b"\n"
    (copy / TRACE).write_bytes(early)
    growing = RecordedRun(copy).tell(0)
    assert [each.step for each in growing.more() if isinstance(each, Stepped)][-1] == 30
    assert growing.grown
    assert list(growing.more()) == []
