"""Games whose points have no most: a courier's coins are told for each hundred steps."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from agent.cli import app
from agent.config import RunConfig
from agent.evaluate.cells import Played
from agent.evaluate.figures import figures as grid_figures
from agent.evaluate.table import tables
from agent.headless import in_words
from agent.report.compare import compare
from agent.report.episode import Episode
from agent.results import EpisodeResult, read_results, summarise
from agent.runner import run

FIRST = 10_000


def deliver(out: Path, env: str, agent: str, **more: Any) -> None:
    """A run of two short games."""
    values: dict[str, Any] = {"env": env, "agent": agent, "seed": FIRST, "episodes": 2, **more}
    run(RunConfig(**values, out=out, max_steps=60))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same towns with the solution and at random; tools, which have a most of points."""
    folder = tmp_path_factory.mktemp("points")
    deliver(folder / "ceiling", "courier/town?level=1", "walkthrough")
    deliver(folder / "floor", "courier/town?level=1", "random")
    deliver(folder / "tools", "tools/files?task=find", "walkthrough")
    return folder


def steno(*arguments: str | Path) -> str:
    done = CliRunner().invoke(app, ["results", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.stdout


def row(
    score: float | None, most: float | None = None, steps: int = 50, outcome: str = "truncated"
) -> EpisodeResult:
    values: dict[str, Any] = {"outcome": outcome, "error": "x" if outcome == "error" else None}
    return EpisodeResult(
        episode=0,
        uid="r/0",
        env="e/x",
        seed=0,
        agent="model",
        score=score,
        max_score=most,
        steps=steps,
        **values,
    )


def test_points_are_told_in_every_format(runs: Path, tmp_path: Path) -> None:
    rows = read_results(runs / "ceiling")
    mean = sum(100 * (each.score or 0) / each.steps for each in rows) / 2
    assert mean > 10, "the solution earns something"
    [cell] = json.loads(steno(runs / "ceiling", "--format", "json"))["cells"]
    assert cell["points_per_100"] == pytest.approx(mean)
    assert cell["mean_score"] is None, "of no most there is no share"
    assert cell["points_per_100_low"] <= mean <= cell["points_per_100_high"]
    [told] = csv.DictReader(io.StringIO(steno(runs / "ceiling", "--format", "csv")))
    assert float(told["points_per_100"]) == pytest.approx(mean)
    steno(runs / "ceiling", "--out", tmp_path / "cells.parquet")
    [told] = pq.read_table(tmp_path / "cells.parquet").to_pylist()
    assert told["points_per_100"] == pytest.approx(mean)
    each = csv.DictReader(io.StringIO(steno(runs / "ceiling", "--episodes", "--format", "csv")))
    assert [float(line["points_per_100"]) for line in each] == [
        pytest.approx(100 * (row.score or 0) / row.steps) for row in rows
    ]


def test_the_table_has_the_columns_that_some_arm_needs(runs: Path) -> None:
    courier, tools = steno(runs / "ceiling"), steno(runs / "tools")
    assert "points/100 steps" in courier
    assert "score %" not in courier
    assert "score %" in tools
    assert "points/100" not in tools
    both = steno(runs / "ceiling", runs / "tools")
    assert "points/100 steps" in both
    assert "score %" in both
    shown = courier[: courier.index("walkthrough (")]
    assert max(map(len, shown.splitlines())) <= 80


def test_two_sides_differ_by_points_for_each_hundred_steps(runs: Path) -> None:
    pair = (runs / "ceiling", runs / "floor", "--paired")
    [found] = json.loads(steno(*pair, "--format", "json"))["compared"]
    ones, twos = (read_results(side) for side in pair[:2])
    differences = [
        100 * (one.score or 0) / one.steps - 100 * (two.score or 0) / two.steps
        for one, two in zip(ones, twos, strict=True)
    ]
    assert found["points_per_100_games"] == 2
    assert found["points_per_100_difference"] == pytest.approx(sum(differences) / 2)
    assert (found["scored_games"], found["score_difference"]) == (0, None)
    told = steno(*pair)
    assert "points/100 steps" in told
    assert f"{sum(differences) / 2:+.1f} (" in told


def test_the_two_kinds_of_points_are_in_no_mean_together() -> None:
    rows = [
        row(8.0),
        row(1.0, most=2.0),
        row(4.0, outcome="error", steps=40),
        row(2.0, most=2.0, outcome="error"),
    ]
    told = summarise(rows)
    assert (told.points_per_100, told.mean_score) == ((16 + 10) / 2, (0.5 + 1) / 2)
    untold = summarise([*rows, row(None, outcome="error", steps=0)])
    assert untold.points_per_100 == pytest.approx((16 + 10 + 0) / 3), "it has no points"
    assert untold.mean_score == pytest.approx((0.5 + 1 + 0) / 3)


def test_a_comparison_keeps_the_two_kinds_apart() -> None:
    silent = row(None, outcome="error", steps=0)
    pairs = [
        (row(8.0), row(2.0)),
        (row(4.0, outcome="error", steps=40), silent),
        (row(1.0, most=2.0), row(0.0, most=2.0)),
        (row(1.0, most=2.0, outcome="error"), row(2.0, most=2.0)),
        (silent, silent),
    ]

    def side(arm: str, number: int) -> list[Episode]:
        rows = [pair[number] for pair in pairs]
        return [Episode(arm=arm, family="f", spec="e", seed=i, row=r) for i, r in enumerate(rows)]

    [found] = compare("a", side("a", 0), "b", side("b", 1))
    assert (found.games, found.scored_games, found.points_per_100_games) == (5, 2, 2)
    assert found.points_per_100_difference == pytest.approx(((16 - 4) + (10 - 0)) / 2)
    assert found.score_difference == pytest.approx(((0.5 - 0) + (0.5 - 1)) / 2)


def test_an_error_before_the_first_step_is_of_no_points() -> None:
    assert row(0.0, steps=0, outcome="error").points_per_100 == 0
    assert summarise([row(0.0, steps=0, outcome="error"), row(5.0)]).points_per_100 == 5


def test_a_run_ends_with_its_points() -> None:
    assert "; 10.0 (10.0-10.0) points in 100 steps" in in_words(summarise([row(5.0)]))
    assert "points in" not in in_words(summarise([row(1.0, most=2.0)]))


def test_a_grid_tells_them_too() -> None:
    def shown(*rows: EpisodeResult) -> str:
        games = [
            Played(arm="a", family="f", index=0, spec="e/x", seed=0, row=each, replaced=0)
            for each in rows
        ]
        return str(next(tables([grid_figures("a", "f", games)], [])))

    assert "10.0 (10.0-10.0)" in shown(row(5.0))
    assert "points/100" not in shown(row(1.0, most=2.0))
