"""`steno bench envs`: floors and ceilings are those of a run, speeds are of the same games."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import envs
from agent.bench import environments
from agent.bench.environment import Played
from agent.bench.environments import HEAD, Measured, Scores, Speed, measure, row, samples, timed
from agent.cli import app
from agent.config import load_config
from agent.runner import run


def test_floor_and_ceiling_are_those_of_a_run(tmp_path: Path) -> None:
    spec = "babyai/GoToObjS4-v0"
    pytest.importorskip("minigrid")
    found = measure(spec, seed=10_000, games=6, max_steps=12, steps=20)
    for agent, scores in (("random", found.floor), ("walkthrough", found.ceiling)):
        config = load_config(
            None,
            env=spec,
            agent=agent,
            episodes=6,
            seed=10_000,
            max_steps=12,
            out=str(tmp_path / agent),
        )
        rows = run(config).rows
        assert scores is not None
        assert scores.games == len(rows) == 6
        assert scores.won == sum(row.outcome == "won" for row in rows)
        assert scores.points == pytest.approx(sum(row.score or 0 for row in rows) / 6, abs=1e-3)
    assert found.ceiling is not None
    assert found.ceiling.won == 6
    assert found.speed.ratio is not None
    assert 0 < found.speed.ratio < 10
    assert found.took_s > 0


@pytest.mark.parametrize(
    ("spec", "actions"),
    [
        ("babyai/GoToObjS4-v0", ("turn left", "go forward", "open")),
        ("nethack/score", ("north", "search", "letter q")),
        ("reasoning/chain_sum", ("7",)),
    ],
)
def test_bare_libraries_play_the_same_games(spec: str, actions: tuple[str, ...]) -> None:
    env = envs.make(spec)
    speed = timed(env, [Played(10_000, actions), Played(10_001, actions)])
    assert speed.bare_steps_per_s is not None
    assert speed.steps_per_s > 0
    env.close()


def test_a_row_tells_points_share_wins_and_speed() -> None:
    found = Measured(
        "babyai/GoTo-v0",
        Scores(games=20, won=3, points=0.15, share=0.154),
        Scores(games=18, won=18, points=1.0, share=1.0),
        Speed(steps_per_s=6_001.4, bare_steps_per_s=7_500.0),
        took_s=1.0,
    )
    assert row(found) == (
        "| `babyai/GoTo-v0` | 0.15 (15%), 3 of 20 | 1 (100%), 18 of 18 | 6,001 | 7,500 | 0.80 |"
    )
    unscored = Measured(
        "jericho//a/b/game.z5?commands=0",
        Scores(games=20, won=None, points=None, share=None),
        None,
        Speed(steps_per_s=1_000, bare_steps_per_s=None),
        took_s=1.0,
    )
    assert row(unscored) == (
        "| `jericho/game.z5?commands=0` | no score | none known | 1,000 |  |  |"
    )
    assert {line.count("|") for line in (*HEAD.splitlines(), row(found), row(unscored))} == {7}


def test_games_that_take_long_to_start_are_timed_in_fewer_rounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    env = envs.make("tools/files")
    resets, reset = [], env.reset

    def counted(*, seed: int) -> object:
        resets.append(seed)
        return reset(seed=seed)

    monkeypatch.setattr(env, "reset", counted)
    timed(env, [Played(10_000, ("list",))])
    assert len(resets) == environments.ROUNDS
    resets.clear()
    monkeypatch.setattr(environments, "TIMING_S", 0.0)
    assert timed(env, [Played(10_000, ("list",))]).steps_per_s > 0
    assert len(resets) == 1
    env.close()


def test_what_is_not_installed_is_told_and_the_rest_is_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("envs.extras.find_spec", lambda name: None)
    told: list[str] = []
    found = samples(told.append)
    assert "tools/files" in found
    assert not [spec for spec in found if spec.startswith(("babyai", "nethack", "reasoning"))]
    assert [line for line in told if line.startswith("babyai/*: not measured: minigrid is not")]


def test_the_command_prints_a_table_and_json() -> None:
    tiny = ["-n", "2", "--max-steps", "5", "--steps", "10"]
    done = CliRunner().invoke(app, ["bench", "envs", "tools/files", *tiny])
    assert done.exit_code == 0, done.output
    *head, line, figures = done.stdout.splitlines()
    assert "\n".join(head) == HEAD
    assert line.startswith("| `tools/files` | 0 (0%), 0 of 2 | ")
    [told] = json.loads(figures)
    assert told["ratio"] is None  # there is no library behind it
    assert told["floor"]["games"] == 2


def test_one_that_cannot_be_played_costs_the_others_nothing() -> None:
    wanted = ["jericho/nowhere.z5", "tools/files"]
    tiny = ["-n", "1", "--max-steps", "2", "--steps", "2"]
    done = CliRunner().invoke(app, ["bench", "envs", *wanted, *tiny])
    assert done.exit_code == 3
    assert "jericho/nowhere.z5: not measured: there is no story file" in done.stderr
    assert [told["spec"] for told in json.loads(done.stdout.splitlines()[-1])] == ["tools/files"]
