"""`steno bench envs`: floors and ceilings are those of a run, speeds are of the same games."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import envs
from agent.bench.environment import Played
from agent.bench.environments import in_words, measure, timed
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
    assert "of the library's" in in_words(found)


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


def test_the_command_prints_a_line_each_and_json() -> None:
    done = CliRunner().invoke(
        app, ["bench", "envs", "tools/files", "-n", "2", "--max-steps", "5", "--steps", "10"]
    )
    assert done.exit_code == 0, done.output
    line, figures = done.stdout.splitlines()
    assert line.startswith("tools/files: random 0 points, 0 of 2 won; walkthrough ")
    [told] = json.loads(figures)
    assert told["ratio"] is None  # there is no library behind it
    assert told["floor"]["games"] == 2
