"""Runs that were cut off and are resumed leave behind what a run that was never killed does."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent import snapshots
from agent.errors import AdapterMismatch, RunDirectoryError, StorageFailed
from agent.events import Event, Opened, Stepped
from agent.lm.scripted import Prompt, ScriptedModel, ScriptedVocabulary
from agent.rundir import RunDirectory
from agent.runner import open_memory, resume, run
from agent.tally import Tally
from agent.trace import Trace, read
from envs.base import Info
from memory import MemoryFile
from tests.agent.kill import (
    STEPS,
    after,
    begin,
    config,
    die,
    go_on,
    in_child,
    make,
    record,
    same,
    wayward,
)
from tests.agent.test_jobs import SMALL, Stuck
from tests.agent.world import Corridor, check_invariants, play, trace_of

Whole = dict[int, dict[str, Any]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """What the run leaves behind that nobody disturbs, one episode after the other."""
    done = begin(tmp_path_factory.mktemp("whole") / "run", jobs=1)
    found = record(done)
    assert all(row.outcome == "won" for row in done.rows)
    assert sum(row.prunes for row in done.rows) > 8
    assert sum(row.evictions for row in done.rows) > 0
    reasons = [e["why"] for each in found.values() for e in each["trace"] if e["e"] == "summary"]
    assert {"asked", "high_water", "end"} <= set(reasons)
    # Twice in a step could not be made again alike (see agent/state.py).
    for each in found.values():
        written = [e["step"] for e in each["trace"] if e["e"] == "summary" and not e["refused"]]
        assert len(written) == len(set(written))
    return found


def half_a_row(directory: RunDirectory, row: Any) -> None:
    with directory.results.open("a") as file:
        file.write(row.model_dump_json()[:40])
        file.flush()
    die()


def half_a_memory_file(path: Path, **_: Any) -> None:
    path.write_bytes(b"SQLite format 3" + bytes(85))
    die()


MOMENTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "in the environment": lambda patch: patch.setattr(
        Corridor, "step", after(31, Corridor.step, before=True)
    ),
    "after the environment": lambda patch: patch.setattr(
        Corridor, "step", after(17, Corridor.step)
    ),
    "before a step is committed": lambda patch: patch.setattr(
        MemoryFile, "commit_step", after(23, MemoryFile.commit_step, before=True)
    ),
    "after a step is committed": lambda patch: patch.setattr(
        MemoryFile, "commit_step", after(29, MemoryFile.commit_step)
    ),
    "after notes are committed": lambda patch: patch.setattr(
        MemoryFile, "commit_summary", after(9, MemoryFile.commit_summary)
    ),
    "after an eviction": lambda patch: patch.setattr(
        MemoryFile, "commit_eviction", after(1, MemoryFile.commit_eviction)
    ),
    "before the trace is flushed": lambda patch: patch.setattr(
        Trace, "flush", after(37, Trace.flush, before=True)
    ),
    "after the trace is flushed": lambda patch: patch.setattr(
        Trace, "flush", after(41, Trace.flush)
    ),
    "at the end of an episode": lambda patch: patch.setattr(
        MemoryFile, "finish_episode", after(3, MemoryFile.finish_episode)
    ),
    "in the middle of a row": lambda patch: patch.setattr(RunDirectory, "append", half_a_row),
    "after a row": lambda patch: patch.setattr(
        RunDirectory, "append", after(2, RunDirectory.append)
    ),
    "before anything": lambda patch: patch.setattr(
        RunDirectory, "record_versions", after(1, RunDirectory.record_versions, before=True)
    ),
    "while the memory file is made": lambda patch: patch.setattr(
        MemoryFile, "open", half_a_memory_file
    ),
    "at the first reset": lambda patch: patch.setattr(
        Corridor, "reset", after(1, Corridor.reset, before=True)
    ),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_killed_there_and_resumed_equals_one_that_was_not(
    tmp_path: Path, whole: Whole, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        MOMENTS[moment](patch)
        assert in_child(lambda: begin(out)) == -signal.SIGKILL
    same(go_on(out), whole)


def test_an_eviction_stands_though_the_notes_would_be_in_time_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Notes miss their deadline, the turns are evicted, the run is killed; then the model is quick."""
    out = tmp_path / "run"

    def long(_spec: str) -> Corridor:
        return Corridor(length=25)

    def killed() -> None:
        play(
            out,
            env=partial(Corridor, length=25),
            window=SMALL,
            model=Stuck("summarise"),
            deadlines={"generate_s": 0.3},
        )

    with monkeypatch.context() as patch:
        patch.setattr(MemoryFile, "commit_eviction", after(1, MemoryFile.commit_eviction))
        assert in_child(killed) == -signal.SIGKILL
    with MemoryFile.open(out / "memory.sqlite", read_only=True) as memory:
        [episode] = memory.episodes()
        [evicted] = memory.prunes(episode.uid)
    done = resume(out, model=ScriptedModel(), make_env=long)
    assert done.rows[0].outcome == "won"
    with open_memory(done) as memory:
        prunes = memory.prunes(done.rows[0].uid)
    assert prunes[0] == evicted
    steps = [record.step for record in prunes]
    assert steps == sorted(set(steps)), "no step is pruned twice"
    assert {record.prune.kind for record in prunes[1:]} == {"summarised"}
    check_invariants(done, 600)


def killed_at_random(
    out: Path, whole: Whole, patch: pytest.MonkeyPatch, kills: int, seed: int
) -> None:
    """Kill a run at so many moments in turn, going on each time; then let it end.

    Steps are the clock, so that the moments are spread over the run on any machine: somewhere in the
    milliseconds after so many of them.
    """
    drawn = random.Random(seed)
    commits = 8 * (STEPS + 1)

    def until(steps: int, then_s: float) -> Callable[[], object]:
        def work() -> None:
            left = [steps]

            def commit_step(memory: MemoryFile, *args: Any) -> None:
                left[0] -= 1
                if left[0] == 0:
                    threading.Timer(then_s, die).start()
                real(memory, *args)

            patch.setattr(MemoryFile, "commit_step", commit_step)
            go_on(out) if out.exists() else begin(out)

        return work

    real = MemoryFile.commit_step
    most = max(round(1.8 * commits / kills), 1)
    ended = [
        in_child(until(drawn.randint(1, most), drawn.uniform(0.0, 0.01))) for _ in range(kills)
    ]
    assert set(ended) <= {0, -signal.SIGKILL}
    assert ended.count(-signal.SIGKILL) > kills / 2
    same(go_on(out), whole)


@pytest.mark.timeout(600)
def test_a_run_killed_ten_times_at_random_equals_one_that_was_not(
    tmp_path: Path, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_at_random(tmp_path / "run", whole, monkeypatch, 10, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_run_killed_fifty_times_at_random_equals_one_that_was_not(
    tmp_path: Path, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_at_random(tmp_path / "run", whole, monkeypatch, 50, seed=2)


def test_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    done = begin(tmp_path / "run", episodes=2)
    before = {p: p.read_bytes() for p in done.path.rglob("*") if p.is_file()}
    again = resume(done.path)  # no model is loaded for it
    assert again.rows == done.rows
    assert before == {p: p.read_bytes() for p in done.path.rglob("*") if p.is_file()}


def test_a_stop_and_a_resume_equal_a_run_that_was_not_stopped(tmp_path: Path, whole: Whole) -> None:
    asked: list[Event] = []

    def watch(event: Event) -> None:
        if isinstance(event, Stepped) and event.step == 5 and not asked:
            asked.append(event)
            os.kill(os.getpid(), signal.SIGINT)

    out = tmp_path / "run"
    done = run(config(out), model=ScriptedModel(wayward), make_env=make, watch=watch)
    assert done.interrupted
    opened: list[Opened] = []
    again = go_on(out, watch=lambda e: opened.append(e) if isinstance(e, Opened) else None)
    assert max(event.step for event in opened) >= 5
    same(again, whole)


def test_two_stops_and_a_resume_equal_a_run_that_was_not_stopped(
    tmp_path: Path, whole: Whole
) -> None:
    out = tmp_path / "run"

    def stopped_at_once() -> None:
        def watch(event: Event) -> None:
            if isinstance(event, Stepped) and event.step >= 3:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.01)  # or the two are delivered as one

        run(config(out), model=ScriptedModel(wayward), make_env=make, watch=watch)

    assert in_child(stopped_at_once) in {0, 1}  # 1: by CancelledError or KeyboardInterrupt
    same(go_on(out), whole)


@pytest.mark.parametrize("refused", [7, 40])
def test_a_full_disk_is_named_and_the_run_is_resumed_when_there_is_space(
    tmp_path: Path, whole: Whole, monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    real, left = os.fsync, [refused]

    def full(descriptor: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        real(descriptor)

    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        done = begin(out)
    assert isinstance(done.failure, StorageFailed)
    assert "No space left on device" in str(done.failure)
    assert {row.outcome for row in done.rows} <= {"won"}
    same(go_on(out), whole)


def cut_off(out: Path, monkeypatch: pytest.MonkeyPatch, commits: int = 30, **more: Any) -> None:
    """A run that was killed after so many committed steps."""
    with monkeypatch.context() as patch:
        patch.setattr(MemoryFile, "commit_step", after(commits, MemoryFile.commit_step))
        assert in_child(lambda: begin(out, **more)) == -signal.SIGKILL


def test_what_a_cut_off_step_committed_stands_though_the_model_writes_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In bf16 a step that is made again may come out otherwise: then the memory file counts."""

    def dying(memory: MemoryFile, *args: Any, **values: Any) -> None:
        real(memory, *args, **values)
        if values["prune"] is not None:
            die()

    out, real = tmp_path / "run", MemoryFile.commit_summary
    with monkeypatch.context() as patch:
        patch.setattr(MemoryFile, "commit_summary", dying)
        assert in_child(lambda: begin(out, episodes=1, jobs=1)) == -signal.SIGKILL
    with MemoryFile.open(out / "memory.sqlite", read_only=True) as memory:
        [episode] = memory.episodes()
        summary = memory.spans(episode.uid, kind="summary")[-1]
        [pruned] = memory.prunes(episode.uid)

    def otherwise(prompt: Prompt) -> str:
        if prompt.purpose == "summarise":
            return "ADD other: words altogether\nFIND other\nEND"
        return wayward(prompt)

    model = ScriptedModel(wayward)
    model._script = otherwise  # the same fingerprint, other numbers
    done = resume(out, model=model, make_env=make)
    trace = list(read(trace_of(done)))
    [told] = [e for e in trace if e["e"] == "summary" and e["step"] == summary.step]
    assert summary.text is not None
    assert "\n".join([*told["operations"], "END"]) == summary.text
    looked_up = [e for e in trace if e["e"] == "segment" and e["kind"] == "recalled"]
    word = told["operations"][-1].removeprefix("FIND ")
    [again] = [e for e in looked_up if e["turn"] == summary.step]
    assert word in ScriptedVocabulary().decode(again["ids"])
    with MemoryFile.open(done.memory, read_only=True) as memory:
        assert memory.prunes(episode.uid)[0] == pruned
        assert summary in memory.spans(episode.uid, kind="summary")


def test_the_figures_of_a_row_are_those_of_its_trace(tmp_path: Path) -> None:
    done = begin(tmp_path / "run", episodes=2)
    for row in done.rows:
        tally = Tally()
        for event in read(trace_of(done, row.episode)):
            tally.count(event)
        assert row.think is not None
        assert (tally.spent["think"].tokens, tally.spent["think"].passes) == (
            row.think.tokens,
            row.think.passes,
        )
        assert (tally.steps, tally.prunes, tally.evictions) == (
            row.steps,
            row.prunes,
            row.evictions,
        )
        assert tally.window_max == row.window_max
        assert 0 < tally.wall_ms <= 1000 * row.wall_s + 1


class Drifting(Corridor):
    """A corridor that was rebuilt while nobody looked."""

    def step(self, action: str) -> tuple[str, float, bool, bool, Info]:  # type: ignore[override]
        said, *rest = super().step(action)
        return (f"{said} It smells of paint." if self.at == 3 else said), *rest  # type: ignore[return-value]


def test_an_environment_that_answers_otherwise_is_an_error_that_names_the_step(
    tmp_path: Path, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written for the episodes that cannot go on: where the old world is, they still can."""
    out = tmp_path / "run"
    cut_off(out, monkeypatch)
    done = resume(out, model=ScriptedModel(wayward), make_env=lambda _spec: Drifting(length=STEPS))
    assert "step 3 of episode" in str(done.failure)
    assert "another observation" in str(done.failure)
    assert len(done.rows) < 8
    assert not [row for row in done.rows if row.error]
    # What had not been begun was played in the new world; what had been can go on in the old one.
    again = go_on(out)
    assert len(again.rows) == 8
    found = record(again)
    for index in {0, 1, 2, 3}:
        assert found[index]["steps"] == whole[index]["steps"]


class Saved(Corridor):
    """A corridor that can be saved, and counts how often it is walked."""

    walked = 0

    def step(self, action: str) -> tuple[str, float, bool, bool, Info]:  # type: ignore[override]
        type(self).walked += 1
        return super().step(action)

    def snapshot(self) -> bytes | None:
        last = self.actions[-1] if self.actions else ""
        return json.dumps([self.at, last]).encode()

    def restore(self, snapshot: bytes) -> tuple[str, Info]:
        self.at, last = json.loads(snapshot)
        return self.speak(self.at, last), self._info()


def test_an_environment_with_snapshots_is_not_played_again(
    tmp_path: Path, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "EVERY", 3)
    monkeypatch.setattr("tests.agent.kill.make", lambda _spec: Saved(length=STEPS))
    out = tmp_path / "run"
    cut_off(out, monkeypatch, commits=31, jobs=1)
    with MemoryFile.open(out / "memory.sqlite", read_only=True) as memory:
        done = [len(memory.steps(episode.uid)) - 1 for episode in memory.episodes()]
    assert done == [STEPS, STEPS, 4]
    Saved.walked = 0
    again = resume(out, model=ScriptedModel(wayward), make_env=lambda _spec: Saved(length=STEPS))
    assert Saved.walked == 8 * STEPS - sum(done) + 1  # what came after the third step's snapshot
    same(again, whole)
    assert list((out / "snapshots").iterdir()) == []


def test_a_damaged_snapshot_is_done_without(
    tmp_path: Path, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    cut_off(out, monkeypatch)
    for index in range(8):
        (out / "snapshots" / f"{index:06}").write_bytes(b"{}\nnonsense")
    same(go_on(out), whole)


def test_a_snapshot_that_the_environment_refuses_is_done_without(
    tmp_path: Path, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its head is whole and fits; what the environment is to take is not, or leads elsewhere."""
    monkeypatch.setattr(snapshots, "EVERY", 3)
    monkeypatch.setattr("tests.agent.kill.make", lambda _spec: Saved(length=STEPS))
    out = tmp_path / "run"
    cut_off(out, monkeypatch)
    kept = sorted((out / "snapshots").iterdir())
    assert len(kept) > 1
    for number, path in enumerate(kept):
        head = path.read_bytes().partition(b"\n")[0]
        path.write_bytes(head + b"\n" + (b"nonsense" if number % 2 else b'[1, "elsewhere"]'))
    again = resume(out, model=ScriptedModel(wayward), make_env=lambda _spec: Saved(length=STEPS))
    same(again, whole)


def test_what_cannot_be_resumed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunDirectoryError, match="is no run: it has no config"):
        resume(tmp_path)
    out = tmp_path / "run"
    cut_off(out, monkeypatch, episodes=3, jobs=1)
    with pytest.raises(AdapterMismatch, match="the same weights"):
        resume(out, model=ScriptedModel(), make_env=make)
    directory, _ = RunDirectory.reopen(out)
    with pytest.raises(RunDirectoryError, match="being played by another process"):
        go_on(out)
    directory.close()
    (out / "memory.sqlite").rename(tmp_path / "elsewhere")
    for log in out.glob("memory.sqlite-*"):
        log.rename(tmp_path / log.name.replace("memory.sqlite", "elsewhere"))
    with pytest.raises(RunDirectoryError, match="is gone: put it back"):
        go_on(out)
    for file in tmp_path.glob("elsewhere*"):
        file.rename(out / file.name.replace("elsewhere", "memory.sqlite"))
    trace = out / "traces" / "000002.jsonl"
    content = trace.read_bytes()
    trace.write_bytes(content[:100])
    done = go_on(out)
    assert "the trace was cut short" in str(done.failure)
    assert [row.episode for row in done.rows] == [0, 1]
    trace.write_bytes(content)
    assert len(go_on(out).rows) == 3


def test_the_config_is_the_recorded_one_whatever_the_variables_say(
    tmp_path: Path, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    cut_off(out, monkeypatch)
    monkeypatch.setenv("STENO_RUN_SEED", "99")
    monkeypatch.setenv("STENO_RUN_MAX_STEPS", "1")
    same(go_on(out, jobs=2), whole)
    assert json.loads((out / "versions.json").read_text())["resumed"][0]["packages"]


@pytest.mark.parametrize("player", ["random", "walkthrough"])
def test_baselines_are_resumed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, player: str
) -> None:
    settings: dict[str, Any] = {"agent": player, "episodes": 3, "jobs": 1}
    undisturbed = record(begin(tmp_path / "whole", **settings))
    out = tmp_path / "run"
    cut_off(out, monkeypatch, **settings)
    same(go_on(out), undisturbed)


def test_shared_banks_stand_still_at_the_first_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was noted between the kill and the resume is not read, and what the run wrote is."""
    settings: dict[str, Any] = {"banks": ("job/guide:rw",), "episodes": 3, "jobs": 1}
    undisturbed = record(begin(tmp_path / "whole", memory=tmp_path / "a.sqlite", **settings))
    out = tmp_path / "run"
    cut_off(out, monkeypatch, memory=tmp_path / "b.sqlite", **settings)
    begin(tmp_path / "another", memory=tmp_path / "b.sqlite", seed=77, **settings | {"episodes": 1})
    monkeypatch.chdir(tmp_path)
    done = go_on(out)
    found = record(done)
    for index, each in undisturbed.items():
        for what in ("row", "costs", "steps", "trace"):
            assert found[index][what] == each[what], (index, what)
