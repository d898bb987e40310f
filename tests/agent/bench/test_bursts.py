"""What bursts are said to keep, against the engine asked token by token."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.bench.bursts import Setup, figures, run
from agent.bench.commands import app
from agent.errors import ConfigError
from agent.lm.types import Burst, Request
from agent.lm.weights import load
from tests.agent.train.small import save_model

PROMPTS = ["What is a bicycle?", "x " * 400, "Name three rivers.", "Why?"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("bursts") / "tiny")


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bursts") / "prompts.txt"
    path.write_text("\n".join(PROMPTS))
    return path


def setup(model: Path, prompts: Path, **changes: object) -> Setup:
    wanted = {
        "model": str(model),
        "burst": "untrained",
        "dtype": "fp32",
        "prompts": prompts,
        "context": 100,
        "count": 3,
        "tokens": 80,
        "confidences": (1.0, 0.0),
        "together": 2,
        "stop": False,
    }
    return Setup(**(wanted | changes))  # type: ignore[arg-type]


def test_each_token_is_judged_as_one_token_decoding_would(model: Path, prompts: Path) -> None:
    report = run(setup(model, prompts), print)
    static = report.bursts[0.0]
    engine = load(str(model), dtype="fp32", burst="untrained")
    agreed = judged = 0
    try:
        # The long prompt does not fit, and is left out.
        for number, prompt in enumerate(p for p in PROMPTS if len(p) < 100):
            window = engine.vocabulary.chat(prompt)
            request = Request("think", Burst(engine.burst_limit, 0.0), 80)
            made = asyncio.run(engine.generate(f"{number}", window, request))
            assert static.texts[number] == made.token_ids
            before = list(window)
            for each in made.passes:
                for place, token in enumerate(each.token_ids):
                    if place:
                        [slow] = asyncio.run(engine.greedy(before, [token]))
                        judged, agreed = judged + 1, agreed + (slow == token)
                    before.append(token)
    finally:
        engine.close()
    assert (static.judged, static.agreed) == (judged, agreed)
    assert 0 < agreed < judged, "noise agrees now and then, so the test can tell"


def test_what_is_never_sure_is_slow_thinking(model: Path, prompts: Path) -> None:
    report = run(setup(model, prompts), print)
    cautious = report.bursts[1.0]
    assert cautious.tpf == 1
    assert cautious.agreement is None
    assert report.same(cautious) == 3
    told = figures(report)
    assert next(row["same_texts"] for row in told["bursts"]) == told["contexts"] == 3
    assert told["bursts"][1]["tpf"] > 4


def test_the_command_prints_a_table_and_a_line(model: Path, prompts: Path) -> None:
    options = ["--model", str(model), "--burst", "untrained", "--prompts", str(prompts)]
    done = CliRunner().invoke(
        app, ["bursts", *options, "-n", "2", "--tokens", "6", "--confidence", "0.25", "-k", "3"]
    )
    assert done.exit_code == 0, done.output
    last = json.loads(done.stdout.strip().splitlines()[-1])
    assert last["k"] == 3
    assert [row["confidence"] for row in last["bursts"]] == [0.25]
    assert "0.25" in done.stdout.splitlines()[-3]


def test_what_cannot_be_measured(model: Path, prompts: Path) -> None:
    for changes, message in (
        ({"burst": None}, "there is no burst adapter"),
        ({"k": 40}, "bursts of 40 tokens: this model can make 2 to 12"),
        ({"data": prompts}, "not from both"),
        ({"count": 4}, "has 3 prompts of at most 100 tokens, and 4 are wanted"),
    ):
        with pytest.raises(ConfigError, match=message):
            run(setup(model, prompts, **changes), print)
