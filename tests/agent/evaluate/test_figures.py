"""Figures of games, the words of thoughts, and the pictures."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from agent.evaluate.cells import Played
from agent.evaluate.figures import figures
from agent.evaluate.table import results, thinking
from agent.evaluate.wording import wording
from agent.report.plots import plot
from agent.results import Cost, EpisodeResult


def cost(**values: Any) -> Cost:
    return Cost(
        **{
            "generations": 1,
            "passes": 4,
            "tokens": 10,
            "prefill_tokens": 0,
            "bits": 40.0,
            "scored_passes": 2,
            "burst_positions": 5,
            "agreed": 4,
            "lengths": {1: 2, 4: 2},
            "wall_s": 1.0,
            **values,
        }
    )


def game(outcome: str = "won", **values: Any) -> Played:
    row = EpisodeResult(
        **{
            "episode": 0,
            "uid": "x/0",
            "env": "test/x",
            "seed": 1,
            "agent": "model",
            "outcome": outcome,
            "score": 1.0,
            "max_score": 2.0,
            "steps": 5,
            "listed": 4,
            "think": cost(),
            "act": cost(passes=2, tokens=2),
            "summarise": cost(passes=6, tokens=6),
            "wall_s": 3.0,
            **values,
        }
    )
    return Played(arm="burst", family="f", index=0, spec="test/x", seed=1, row=row, replaced=24)


def test_the_figures_of_two_games() -> None:
    row = figures(
        "burst", "f", [game(), game("lost", think=cost(passes=6))], wording(["a", "a"], 4)
    )
    assert (row.attempted, row.won, row.win_rate, row.mean_score, row.steps) == (2, 1, 0.5, 0.5, 5)
    assert row.think_tpf == 20 / 10
    assert row.tpf == (20 + 4 + 12) / (10 + 4 + 12)
    assert row.think_bits_per_forward == 80 / 4
    assert row.passes_per_step == (10 + 4 + 12) / 10
    assert row.agreement == 0.8
    assert row.notes_over_replaced == 12 / 48
    assert row.unlisted == pytest.approx(1 - 8 / 10)
    assert row.burst_lengths == {1: 4, 4: 4}
    assert (row.episode_s, row.thoughts, row.thoughts_repeated) == (3.0, 2, 1.0)
    assert results(row)[:4] == ("burst", "2", "50.0 (9-91)", "50.0 (50-50)")
    assert thinking(row)[1:3] == ("2.00", "1.38")


def test_no_games_have_no_figures() -> None:
    row = figures("burst", "f", [game("error", error="GameNotBuildable: it does not build")])
    assert (row.attempted, row.unbuilt, row.win_rate, row.tpf) == (0, 1, None, None)
    assert results(row)[1:3] == ("0 (1 unbuilt)", "")


def test_unlisted_actions_are_unknown_where_one_game_lists_none() -> None:
    assert figures("burst", "f", [game(), game(listed=None)]).unlisted is None
    unplayed = game("error", listed=None, steps=0, error="EnvFailed: it fell in")
    assert figures("burst", "f", [game(), unplayed]).unlisted == pytest.approx(1 / 5)


def test_a_record_of_an_earlier_version_is_read() -> None:
    now = game()
    before = now.model_dump(mode="json")
    before["listed"] = before["row"].pop("listed")
    assert Played.model_validate(before) == now
    assert Played.model_validate_json(json.dumps(before)) == now


def test_wording() -> None:
    told = ["I go north.", "I go south.", "I go north.", "A new room."]
    found = wording(told, 16)
    assert (found.thoughts, found.repeated) == (4, 0.5)
    assert found.bits_per_token == 8 * len(zlib.compress("\n".join(told).encode(), 9)) / 16
    assert wording([], 0) == wording([], 9)
    templates = wording(["I go on and on and on."] * 50, 300)
    assert (templates.bits_per_token or 9) < (found.bits_per_token or 0) / 4


def test_the_plots_are_pictures(tmp_path: Path) -> None:
    rows = [
        figures(arm, family, [game(), game("lost"), game("won", score=2.0)])
        for arm in ("burst", "slow", "random")
        for family in ("f", "g")
    ]
    files = plot(rows, ["burst", "slow"], tmp_path)
    assert [file.name for file in files] == [
        "win_rate.png",
        "score_by_passes.png",
        "burst_lengths.png",
    ]
    for file in files:
        data = file.read_bytes()
        assert data.startswith(b"\x89PNG\r\n")
        assert len(data) > 5_000
    only = plot(rows, [], tmp_path)
    assert [file.name for file in only] == ["win_rate.png"], "no arm thinks: one picture"
