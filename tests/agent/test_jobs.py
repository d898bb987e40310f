"""Many episodes at once: the same results as one after the other, and failures that stay alone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent.config import RunConfig
from agent.errors import StorageFailed
from agent.events import Event, Stepped
from agent.lm.scripted import Prompt, ScriptedModel
from agent.lm.types import Generation
from agent.results import read_results
from agent.runner import Run, run, run_async
from agent.trace import read
from memory import MemoryFile
from tests.agent.kill import told
from tests.agent.world import Corridor, answers, check_invariants, notes_of, play, trace_of
from tests.envs import odd

SMALL = {"budget": 600, "observation": 60}  # sizes that no default decides


class Slow(ScriptedModel):
    """A model that lets others in between, and counts how many are answered at once."""

    def __init__(self, *args: Any, pause_s: float = 0.001) -> None:
        super().__init__(*args)
        self.pause_s = pause_s
        self.active = self.most = 0

    async def generate(self, *args: Any, **kwargs: Any) -> Generation:
        self.active += 1
        self.most = max(self.most, self.active)
        await asyncio.sleep(self.pause_s)
        self.active -= 1
        return await super().generate(*args, **kwargs)


def test_episodes_at_once_give_what_they_give_one_after_the_other(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"episodes": 5, "window": SMALL, "env": partial(Corridor, length=25)}
    model = Slow(pause_s=0.005)
    alone = play(tmp_path / "alone", **settings)
    both = play(tmp_path / "both", jobs=4, model=model, **settings)
    assert model.most > 1
    for index in range(5):
        assert told(alone, index) == told(both, index)
    both.rows.sort(key=lambda row: row.episode)
    for one, other in zip(alone.rows, both.rows, strict=True):
        assert one.model_dump(exclude={"uid", "wall_s", "think", "act", "summarise"}) == (
            other.model_dump(exclude={"uid", "wall_s", "think", "act", "summarise"})
        )
        assert notes_of(alone, one.episode) == notes_of(both, one.episode)
    check_invariants(both, 600)


def test_rows_stand_in_the_order_in_which_the_episodes_end(tmp_path: Path) -> None:
    made: list[Corridor] = []

    def env() -> Corridor:  # the first is made to be asked what it is
        made.append(Corridor(length=30 if len(made) == 1 else 5))
        return made[-1]

    done = play(tmp_path / "run", env=env, episodes=3, jobs=2, model=Slow())
    assert [row.episode for row in done.rows] == [1, 2, 0]
    assert read_results(done.path) == done.rows


def test_an_errored_episode_is_a_row_and_the_others_finish(tmp_path: Path) -> None:
    made: list[Corridor] = []

    def env() -> Corridor:
        made.append(Corridor(fail_at=3 if len(made) == 2 else None))
        return made[-1]

    done = play(tmp_path / "run", env=env, episodes=4, jobs=4, model=Slow())
    outcomes = {row.episode: row.outcome for row in done.rows}
    assert sorted(outcomes.values()) == ["error", "won", "won", "won"]
    [errored] = [row for row in done.rows if row.error]
    assert errored.steps == 2


def test_a_stop_finishes_every_step_that_is_being_made(tmp_path: Path) -> None:
    asked: list[Event] = []

    def watch(event: Event) -> None:
        if isinstance(event, Stepped) and event.step == 4 and not asked:
            asked.append(event)
            os.kill(os.getpid(), signal.SIGINT)

    done = run(
        RunConfig(env="test/corridor", episodes=9, jobs=3, out=tmp_path / "run"),
        model=Slow(),
        make_env=lambda _spec: Corridor(),
        watch=watch,
    )
    assert done.interrupted
    assert done.rows == []
    with MemoryFile.open(done.memory, read_only=True) as memory:
        found = {e.index: memory.steps(e.uid) for e in memory.episodes()}
        assert sorted(found) == [0, 1, 2]
        assert max(len(steps) for steps in found.values()) >= 5
        assert {e.outcome for e in memory.episodes()} == {None}


def test_a_disk_that_refuses_one_stops_all_and_no_row_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = os.fsync, [20]

    def full(descriptor: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    done = play(tmp_path / "run", episodes=6, jobs=3, model=Slow())
    assert isinstance(done.failure, StorageFailed)
    assert not done.interrupted
    assert done.rows == []


def test_runs_may_share_a_model_and_a_loop(tmp_path: Path) -> None:
    model = Slow(pause_s=0.05)

    async def both() -> list[Run]:
        configs = [
            RunConfig(env="test/corridor", episodes=2, jobs=2, seed=seed, out=tmp_path / str(seed))
            for seed in (10, 20)
        ]
        make: Any = lambda _spec: Corridor()  # noqa: E731
        return await asyncio.gather(
            *(run_async(config, model=model, make_env=make) for config in configs)
        )

    before = signal.getsignal(signal.SIGINT)
    first, second = asyncio.run(both())
    assert model.most > 2  # which neither of them alone can reach
    assert sorted(row.seed for row in first.rows + second.rows) == [10, 11, 20, 21]
    assert signal.getsignal(signal.SIGINT) is before


def test_environments_that_block_are_played_in_other_processes(tmp_path: Path) -> None:
    def act(prompt: Prompt) -> str:
        if prompt.count == 3 and "game 1" in prompt.window:
            return " crash"
        return " hang" if prompt.count == 3 and "game 2" in prompt.window else " go"

    done = run(
        RunConfig(
            env="test/odd",
            episodes=4,
            jobs=4,
            out=tmp_path / "run",
            deadlines={"step_s": 1.5},
        ),
        model=Slow(answers(act=act)),
        make_env=odd.make,
    )
    rows = {row.seed: row for row in done.rows}
    assert {seed: row.outcome for seed, row in rows.items()} == {
        0: "won",
        1: "error",
        2: "error",
        3: "won",
    }
    assert "exit code 3" in (rows[1].error or "")
    assert "within 1.5 s" in (rows[2].error or "")
    assert (rows[1].steps, rows[2].steps) == (3, 3)


def test_baselines_are_played_there_too(tmp_path: Path) -> None:
    config = RunConfig(
        env="test/odd", episodes=3, jobs=3, agent="walkthrough", out=tmp_path / "run"
    )
    done = run(config, make_env=odd.make)
    assert [row.outcome for row in done.rows] == ["won"] * 3


class Hanging(Corridor):
    def step(self, action: str) -> Any:
        if self.at == 2:
            time.sleep(3.0)
        return super().step(action)


def test_an_environment_that_hangs_beside_the_loop_is_a_row_too(tmp_path: Path) -> None:
    done = play(tmp_path / "run", env=Hanging, deadlines={"step_s": 0.3})
    assert "did not answer a step within 0.3 s" in (done.rows[0].error or "")
    assert done.rows[0].steps == 2


class Stuck(ScriptedModel):
    """A model that never answers for one purpose."""

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    async def generate(self, *args: Any, **kwargs: Any) -> Generation:
        if args[2].purpose == self.purpose:
            await asyncio.sleep(1000)
        return await super().generate(*args, **kwargs)


def test_a_model_that_hangs_is_a_row(tmp_path: Path) -> None:
    done = play(tmp_path / "run", model=Stuck("act"), deadlines={"generate_s": 0.1})
    assert "scripted did not act within 0.1 s" in (done.rows[0].error or "")


def test_a_summariser_that_hangs_is_a_failed_summary_and_the_loop_goes_on(tmp_path: Path) -> None:
    done = play(
        tmp_path / "run",
        env=partial(Corridor, length=25),
        window=SMALL,
        model=Stuck("summarise"),
        deadlines={"generate_s": 0.05},
    )
    row = done.rows[0]
    assert row.outcome == "won"
    assert row.evictions >= 1
    assert notes_of(done) == []
    refusals = [e["refused"] for e in read(trace_of(done)) if e["e"] == "summary"]
    assert all("did not summarise within 0.05 s" in each for each in refusals)
    check_invariants(done, 600)


def test_json_rows_of_a_run_parse(tmp_path: Path) -> None:
    done = play(tmp_path / "run", episodes=6, jobs=3)
    lines = done.path.joinpath("results.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["episode"] for line in lines) == list(range(6))
