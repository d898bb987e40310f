"""`steno verify` of what ended badly: half a row, a step that the memory file refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.playing import Run
from agent.trace import read
from agent.verify import verify
from memory import Conflict, MemoryFile
from tests.agent.kill import begin, make
from tests.agent.test_verify import again, contents, problem
from tests.agent.world import trace_of


def test_half_a_row_is_no_row_and_stays_as_it_is(tmp_path: Path) -> None:
    done = begin(tmp_path / "run", episodes=2, jobs=1)
    results = done.path / "results.jsonl"
    results.write_bytes(results.read_bytes()[:-30])
    before = contents(done)
    found = again(done, with_model=True)
    assert found.sound
    assert (len(found.episodes), found.unfinished) == (1, 1)
    assert contents(done) == before


def refusing(at: int) -> Callable[..., None]:
    """A memory file that refuses the commit of its episode's step `at`."""
    real = MemoryFile.commit_step

    def commit_step(memory: MemoryFile, uid: str, record: Any, *more: Any) -> None:
        if record.step == at:
            raise Conflict("no room for it: make some")
        real(memory, uid, record, *more)

    return commit_step


def refused(out: Path, patch: pytest.MonkeyPatch, at: int, **settings: Any) -> Run:
    """A run whose episode errored in the middle of a commit."""
    with patch.context() as here:
        here.setattr(MemoryFile, "commit_step", refusing(at))
        done = begin(out, episodes=1, **settings)
    [row] = done.rows
    assert (row.outcome, row.steps) == ("error", max(at - 1, 0))
    [last] = [event for event in read(trace_of(done)) if event["e"] == "step"][-1:]
    assert last["n"] == at
    return done


@pytest.mark.parametrize("at", [0, 1, 7, 12])
@pytest.mark.parametrize("player", ["model", "random"])
def test_a_step_that_the_memory_file_refused_is_in_the_trace_alone_and_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, player: str
) -> None:
    done = refused(tmp_path / "run", monkeypatch, at, agent=player)
    found = verify(done.path, make_env=make)
    assert found.sound, found.problems
    assert [each.steps for each in found.episodes] == [at]


def retraced(done: Run, change: Callable[[list[dict[str, Any]]], None]) -> None:
    events = list(read(trace_of(done)))
    change(events)
    trace_of(done).write_text("".join(json.dumps(event) + "\n" for event in events))


def last_step(events: list[dict[str, Any]]) -> int:
    return max(i for i, event in enumerate(events) if event["e"] == "step")


def another_answer(events: list[dict[str, Any]]) -> None:
    events[last_step(events)]["score"] = 11.0


def another_number(events: list[dict[str, Any]]) -> None:
    events[last_step(events)]["n"] = 9


def twice(events: list[dict[str, Any]]) -> None:
    at = last_step(events)
    events.insert(at, events[at])


def one_more(events: list[dict[str, Any]]) -> None:
    at = last_step(events)
    events.insert(at + 1, events[at] | {"n": events[at]["n"] + 1})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (another_answer, "step 7 of episode 0"),
        (another_number, "step 9 of episode 0 is another in its trace"),
        (twice, "step 7 of episode 0 is another in its trace"),
        (one_more, "step 7 of episode 0 is another in its trace"),
    ],
)
def test_such_a_step_is_held_against_the_game_and_there_is_one_at_most(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[list[dict[str, Any]]], None],
    told: str,
) -> None:
    done = refused(tmp_path / "run", monkeypatch, 7)
    retraced(done, change)
    assert told in problem(verify(done.path, make_env=make))


def test_an_episode_that_did_not_err_has_no_such_step(tmp_path: Path) -> None:
    done = begin(tmp_path / "run", episodes=1)
    retraced(done, one_more)
    assert "step 13 of episode 0 is another in its trace" in problem(again(done))
