"""The main job with the real embedded model on a real TextWorld game. Slow: a few, and telling.

The stock model first, which wins nothing and so goes on for as long as it is asked to; then the adapters
that ship, which are to win.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from agent.config import RunConfig
from agent.lm import load_model
from agent.lm.types import LanguageModel
from agent.note_ops import parse
from agent.runner import Run, run
from agent.trace import read
from tests.agent.world import check_invariants, notes_of, trace_of

pytestmark = [pytest.mark.model, pytest.mark.timeout(400)]

SETTINGS: dict[str, Any] = {
    "env": "textworld/coin-collector?level=5",
    "seed": 10_000,
    "max_steps": 18,
    "window": {"budget": 768},
    "think": {"max_tokens": 24},
    "act": {"constrain": True},
}


@functools.cache
def model() -> LanguageModel:
    return load_model("embedded", dtype="fp32", policy="none", burst="none")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(RunConfig(**SETTINGS, out=tmp_path_factory.mktemp("real") / "first"), model=model())


def test_the_window_fills_three_times_and_the_episode_goes_on(played: Run) -> None:
    row = played.rows[0]
    assert row.outcome in ("won", "truncated")
    assert row.prunes >= 3
    assert (row.window_max or 0) <= 768
    check_invariants(played, 768)


def test_the_model_writes_notes_that_parse(played: Run) -> None:
    assert played.rows[0].notes_written >= 1
    assert notes_of(played)
    texts = [
        e for e in read(trace_of(played)) if e["e"] == "generate" and e["purpose"] == "summarise"
    ]
    assert texts
    for event in texts:
        ids = [token for each in event["passes"] for token in each[0]]
        assert parse(model().vocabulary.decode(ids), 99)


def test_constrained_actions_are_admissible(played: Run) -> None:
    steps = [event for event in read(trace_of(played)) if event["e"] == "step"]
    assert len(steps) == played.rows[0].steps + 1
    assert all(
        e["action"].split()[0] in {"go", "look", "inventory", "take", "drop", "examine"}
        for e in steps[1:]
    )


def test_the_same_run_twice_gives_the_same_tokens(played: Run, tmp_path: Path) -> None:
    again = run(RunConfig(**{**SETTINGS, "max_steps": 6}, out=tmp_path / "again"), model=model())

    def tokens(done: Run) -> list[str]:
        kept = [
            [event["purpose"], [each[:2] for each in event["passes"]]]
            for event in read(trace_of(done))
            if event["e"] == "generate" and event["step"] <= 6
        ]
        return [json.dumps(each) for each in kept]

    assert tokens(again) == tokens(played)


def test_with_the_adapters_that_ship_it_thinks_in_bursts_and_wins(tmp_path: Path) -> None:
    spec = "textworld/treasure-hunter?level=19"
    done = run(RunConfig(env=spec, seed=10_011, max_steps=12, out=tmp_path / "won"))
    row = done.rows[0]
    assert row.outcome == "won"
    check_invariants(done, 768)
    assert row.think is not None
    assert row.think.tokens / row.think.passes > 1.5
    assert row.think.agreed >= 0.9 * row.think.burst_positions > 0
