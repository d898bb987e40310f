"""Many episodes: seeds, rows, baselines, the run directory, interruption."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import agent
from agent.config import RunConfig
from agent.errors import ConfigError, RunDirectoryError, StorageFailed, exit_code
from agent.events import Event, Stepped
from agent.lm.scripted import ScriptedModel
from agent.lm.types import Generation
from agent.results import EpisodeResult, read_results, summarise
from agent.runner import run
from agent.trace import read
from envs.base import Info
from envs.errors import UnknownEnvironment
from memory import MemoryFile, MemoryFileError
from tests.agent.world import Corridor, check_invariants, play, trace_of


def test_episode_i_plays_seed_plus_i(tmp_path: Path) -> None:
    done = play(tmp_path / "run", seed=70, episodes=3)
    assert [row.seed for row in done.rows] == [70, 71, 72]
    assert [next(read(trace_of(done, i)))["seed"] for i in range(3)] == [70, 71, 72]
    check_invariants(done, 768)


def test_the_run_directory_holds_what_a_reader_needs(tmp_path: Path) -> None:
    done = play(tmp_path / "run", episodes=2)
    assert sorted(path.name for path in done.path.iterdir()) == [
        "config.toml",
        "memory.sqlite",
        "results.jsonl",
        "snapshots",
        "traces",
        "versions.json",
    ]
    assert read_results(done.path) == done.rows
    versions = json.loads((done.path / "versions.json").read_text())
    assert versions["model"] == "scripted"
    assert versions["packages"]["langgraph"]


def test_a_directory_that_holds_a_run_is_never_written_over(tmp_path: Path) -> None:
    done = play(tmp_path / "run")
    before = (done.path / "results.jsonl").read_bytes()
    with pytest.raises(RunDirectoryError, match="is not empty"):
        play(tmp_path / "run")
    assert (done.path / "results.jsonl").read_bytes() == before


def test_the_memory_file_may_be_shared_by_runs(tmp_path: Path) -> None:
    shared = tmp_path / "shared.sqlite"
    first = play(tmp_path / "a" / "game", memory=shared)
    second = play(tmp_path / "b" / "game", memory=shared)
    assert first.memory == second.memory == shared
    with MemoryFile.open(shared, read_only=True) as memory:
        assert len({episode.uid for episode in memory.episodes()}) == 2
        assert len(memory.banks()) == 2


def test_baselines_need_no_model(tmp_path: Path) -> None:
    config = RunConfig(env="test/corridor", agent="walkthrough", out=tmp_path / "w")
    done = run(config, make_env=lambda _spec: Corridor())
    row = done.rows[0]
    assert (row.outcome, row.steps, row.think, row.window_max) == ("won", 10, None, None)
    assert done.summary.tpf is None
    assert done.summary.passes_per_step is None
    check_invariants(done, 768)
    actions = [play_random(tmp_path / str(i), seed) for i, seed in enumerate((1, 1, 2))]
    assert actions[0] == actions[1] != actions[2]


def play_random(out: Path, seed: int) -> list[str]:
    env = Corridor(length=30)
    config = RunConfig(env="test/corridor", agent="random", seed=seed, out=out)
    run(config, make_env=lambda _spec: env)
    return env.actions


class Silent(Corridor):
    """An environment that lists no commands and has no walkthrough."""

    def walkthrough(self) -> list[str] | None:
        return None

    def _info(self) -> Info:
        return {**super()._info(), "admissible_commands": None}


@pytest.mark.parametrize("player", ["random", "walkthrough"])
def test_a_baseline_that_cannot_play_says_so(tmp_path: Path, player: str) -> None:
    config = RunConfig.model_validate(
        {"env": "test/corridor", "agent": player, "out": tmp_path / "r"}
    )
    done = run(config, make_env=lambda _spec: Silent())
    assert done.rows[0].outcome == "error"
    assert "--agent" in (done.rows[0].error or "")


def test_steps_run_out(tmp_path: Path) -> None:
    done = play(tmp_path / "run", env=partial(Corridor, length=50), max_steps=5)
    assert (done.rows[0].outcome, done.rows[0].steps) == ("truncated", 5)


def test_a_stop_finishes_the_step_and_keeps_what_was_done(tmp_path: Path) -> None:
    def watch(event: Event) -> None:
        if isinstance(event, Stepped) and (event.episode, event.step) == (1, 4):
            os.kill(os.getpid(), signal.SIGINT)

    done = run(
        RunConfig(env="test/corridor", episodes=3, out=tmp_path / "run"),
        model=ScriptedModel(),
        make_env=lambda _spec: Corridor(),
        watch=watch,
    )
    assert done.interrupted
    assert [row.episode for row in read_results(done.path)] == [0]
    with MemoryFile.open(done.memory, read_only=True) as memory:
        uid = memory.episodes()[1].uid
        assert 4 <= max(step.step for step in memory.steps(uid)) <= 5
        assert memory.uncovered(uid) == []


def test_a_second_stop_stops_at_once(tmp_path: Path) -> None:
    def watch(event: Event) -> None:
        if isinstance(event, Stepped) and event.step == 4:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    class Slow(ScriptedModel):
        async def generate(self, *args: Any, **kwargs: Any) -> Generation:
            await asyncio.sleep(0.05)
            return await super().generate(*args, **kwargs)

    # Both signals may arrive as one; a step later the second watch sends two more.
    config = RunConfig(env="test/corridor", out=tmp_path / "run")
    try:
        done = run(config, model=Slow(), make_env=lambda _spec: Corridor(), watch=watch)
    except (asyncio.CancelledError, KeyboardInterrupt):
        pass
    else:
        assert done.interrupted
    with MemoryFile.open(tmp_path / "run" / "memory.sqlite", read_only=True) as memory:
        assert len(memory.steps(memory.episodes()[0].uid)) >= 5


def test_errors_that_end_a_run_come_before_anything_is_made(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(UnknownEnvironment):
        run(RunConfig(env="textwrld/cooking", out=out), model=ScriptedModel())
    small = ScriptedModel()
    small.context_limit = 512
    with pytest.raises(ConfigError, match=r"exceeds the 512 positions"):
        play(out, model=small)
    assert not out.exists()


def test_a_memory_file_that_is_none_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("my shopping list")
    with pytest.raises(MemoryFileError):
        play(tmp_path / "run", memory=file)
    assert file.read_text() == "my shopping list"


def test_a_full_disk_is_a_named_error_and_harms_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = play(tmp_path / "run")

    left = [3]  # config.toml, versions.json, the first step

    def full(_descriptor: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        broken = play(tmp_path / "full", episodes=2)
    assert broken.rows == []  # the disk's fault is no episode's result
    assert isinstance(broken.failure, StorageFailed)
    assert "No space left on device" in str(broken.failure)
    assert exit_code(broken.failure) == 1
    assert read_results(done.path) == done.rows


class Stranger(Corridor):
    """An environment that breaks one promise, as `trouble` says."""

    trouble = ""

    def reset(self, **options: Any) -> Any:
        if self.trouble == "reset":
            raise RuntimeError("no game today")
        observation, info = super().reset(**options)
        if self.trouble == "nan":
            info["score"] = float("nan")
        return (b"bytes" if self.trouble == "bytes" else observation), info

    def step(self, action: str) -> Any:
        if self.trouble == "step":
            raise ValueError("what?")
        observation, reward, *rest = super().step(action)
        return observation, (float("inf") if self.trouble == "reward" else reward), *rest

    def close(self) -> None:
        if self.trouble == "close":
            raise OSError("cannot close")


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        ("reset", "raised RuntimeError: no game today"),
        ("step", "raised ValueError: what?"),
        ("bytes", "observation of type bytes"),
        ("nan", "score of nan"),
        ("reward", "reward of inf"),
        ("close", None),
    ],
)
def test_whatever_a_strangers_environment_does_is_a_row(
    tmp_path: Path, trouble: str, told: str | None
) -> None:
    made: list[Corridor] = []

    def env() -> Corridor:
        made.append(Stranger())
        made[-1].trouble = trouble if len(made) == 2 else ""  # type: ignore[attr-defined]
        return made[-1]

    done = play(tmp_path / "run", env=env, episodes=2)
    first, second = done.rows
    assert (first.outcome == "error") == (told is not None)
    assert told is None or told in (first.error or "")
    assert second.outcome == "won"


def test_a_game_that_is_over_without_a_winner_has_ended(tmp_path: Path) -> None:
    class Quiet(Corridor):
        def _info(self) -> Info:
            return {**super()._info(), "won": None, "lost": None}

    assert play(tmp_path / "run", env=Quiet).rows[0].outcome == "ended"


def row(outcome: str, **values: object) -> EpisodeResult:
    return EpisodeResult.model_validate(
        {"episode": 0, "uid": "r/0", "env": "e", "seed": 0, "agent": "model", "outcome": outcome}
        | values
    )


def test_errored_episodes_are_attempted_and_never_averaged_away() -> None:
    rows = [
        row("won", score=4, max_score=4, steps=10),
        row("lost", score=1, max_score=4, steps=20),
        row("error", score=1, max_score=4, steps=3, error="x"),
        row("error", error="GameNotBuildable: this game does not build"),
    ]
    summary = summarise(rows)
    assert (summary.attempted, summary.scored, summary.errored) == (3, 2, 1)
    assert summary.unbuilt == 1, "nobody's failure, and in no figure"
    assert (summary.win_rate, summary.mean_score, summary.steps) == (1 / 3, 0.5, 11)
    nothing = summarise([])
    assert (nothing.attempted, nothing.win_rate, nothing.mean_score) == (0, None, None)


def test_the_public_names_are_there() -> None:
    for name in agent.__all__:
        assert getattr(agent, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = agent.nope
