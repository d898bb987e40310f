"""The benchmarks on a small model: every arm is there, and what must be identical is."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.bench import contexts
from agent.bench.arms import Timed, sizes
from agent.bench.commands import app
from agent.bench.exact import compare
from agent.errors import ConfigError
from agent.lm import load_vocabulary
from agent.lm.types import Generation, Pass
from agent.train.sequences import TokenSequence, Written, write
from tests.agent.train.small import save_model

# What the benchmark promises to whoever reads its last line.
KEYS = {
    "generate_tps",
    "slow_tps",
    "slow_verified_tps",
    "slow_verified_identical",
    "burst_tps",
    "burst_confident_tps",
    "burst_confident_tpf",
    "burst_confident_agreement",
    "llama_cpp_tps",
    "pass15_ms",
    "ceiling_ms",
    "batch16_slow_over_1",
    "batch16_burst_over_1",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("bench") / "tiny")


def sequence(number: int, length: int = 60) -> TokenSequence:
    ids = tuple(3 + (7 * i * (number + 1)) % 250 for i in range(length))
    written = (
        Written(start=10, stop=20, purpose="think"),
        Written(start=40, stop=50, purpose="think"),
        Written(start=52, stop=58, purpose="act"),
    )
    return TokenSequence(ids=ids, written=written, source="textworld/simple", seed=number)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "data.jsonl"
    write(path, [sequence(number) for number in range(3)])
    return path


def test_sizes_go_up_to_what_the_adapter_can() -> None:
    assert [sizes(limit) for limit in (1, 4, 8, 12)] == [[], [2, 4], [2, 4, 8], [2, 4, 8, 12]]


def test_the_whole_benchmark(model: Path, data: Path) -> None:
    options = ["--model", str(model), "--data", str(data), "--context", "45", "--dtype", "fp32"]
    done = CliRunner().invoke(
        app, ["decode", *options, "--burst", "untrained", "--count", "2", "--tokens", "12"]
    )
    assert done.exit_code == 0, done.output
    last: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    assert last.keys() >= KEYS
    assert last["slow_identical"] == last["slow_verified_identical"] == 1.0
    assert set(last["burst_tps"]) == {"2", "4", "8", "12"}
    assert last["llama_cpp_tps"] is None, "there is no GGUF of this model"
    numbers = [last[key] for key in KEYS - {"llama_cpp_tps", "burst_tps"}]
    assert all(n is None or (math.isfinite(n) and n >= 0) for n in numbers)
    assert last["burst_confident_tpf"] >= 1
    assert last["pass15_ms"] > 0 < last["ceiling_ms"]
    for way in ("transformers generate", "slow verified", "burst k=8 static", "one session"):
        assert way in done.stdout


def test_without_an_adapter_there_are_no_bursts(model: Path, data: Path) -> None:
    options = ["--model", str(model), "--data", str(data), "--context", "45", "--count", "1"]
    done = CliRunner().invoke(app, ["decode", *options, "--tokens", "4"])
    last = json.loads(done.stdout.strip().splitlines()[-1])
    assert last["burst_tps"] == {}
    assert last["burst_confident_tps"] is last["slow_verified_tps"] is None


@pytest.mark.parametrize("burst", [None, "untrained"])
def test_exactness(model: Path, data: Path, burst: str | None) -> None:
    chosen = contexts.from_file(data, 45, 3)
    for result in compare(chosen, 30, model=str(model), burst=burst):
        assert (result.texts, result.identical, result.flips) == (3, 3, 0)
    done = CliRunner().invoke(
        app,
        [
            *["exact", "--context", "45", "--count", "3", "--tokens", "20", "--model"],
            str(model),
            "--data",
            str(data),
        ],
    )
    assert done.stdout.startswith("slow: 3 of 3 texts identical to generate's, 0 of ")


def test_a_context_ends_where_a_thought_begins(data: Path) -> None:
    assert contexts.from_file(data, 45, 3) == [list(sequence(n).ids[:40]) for n in range(3)]
    with pytest.raises(ConfigError, match="gave 3 contexts of 30 to 45 tokens .* 4 are wanted"):
        contexts.from_file(data, 45, 4)
    with pytest.raises(ConfigError, match="gave 0 contexts of 66 to 100 tokens"):
        contexts.from_file(data, 100, 1)


@pytest.mark.model
def test_contexts_of_games_are_about_to_be_thought_on() -> None:
    [context] = contexts.from_games("embedded", 400, 1)
    assert 3 * 400 >= 3 * len(context) >= 2 * 400
    assert load_vocabulary("embedded").decode(context).endswith("Thought:")


def test_what_is_counted() -> None:
    timed = Timed("x", seconds=0.5)
    timed.add(Generation((Pass((1, 2, 3), (0.0,) * 3), Pass((4,), (0.0,))), "max_tokens", 9.0))
    assert (timed.tokens, timed.passes, timed.tpf, timed.tps) == (4, 2, 2.0, 8.0)
    assert timed.pass_ms == 250
    assert timed.agreement is None


def test_a_wrong_dtype() -> None:
    done = CliRunner().invoke(app, ["decode", "--dtype", "fp8"])
    assert isinstance(done.exception, ConfigError)
    assert str(done.exception) == "--dtype 'fp8': use one of auto, fp32, bf16"
