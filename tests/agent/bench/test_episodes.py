"""`steno bench episodes`: its arithmetic by hand, its counts against what is computed, all of it."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from agent.bench import endless
from agent.bench.arithmetic import shape_of
from agent.bench.asked import Listening, ask_again
from agent.bench.commands import app
from agent.bench.drift import (
    Edges,
    Sample,
    StepCost,
    bytes_a_step,
    pass_time_drift,
    resident_drift,
    time_drift,
    time_trend,
)
from agent.bench.endless import resident_bytes
from agent.bench.episodes import Report, Setup, figures
from agent.bench.together import Arm, Together, from_told
from agent.bench.work import Shape, Work, masks_of
from agent.config import RunConfig
from agent.errors import ConfigError, ModelFailed
from agent.lm.job import GUESS_CONFIDENCE
from agent.lm.network import Heads, Network, Part
from agent.lm.scripted import ScriptedModel
from agent.lm.types import Burst, Generation, OnPass, Request, Slow
from agent.lm.weights import burst_adapter
from agent.results import read_results
from agent.runner import run_async
from agent.trace import Trace, read
from memory import MemoryFile
from memory.bench.growth import committed_bytes
from tests.agent.lm.tiny import CHATML, make_engine, make_network, make_tokenizer

PROMISED = {"speedup_16", "overhead_share_16", "step_time_drift", "bytes_per_step"}
EDGES = Edges(warm_up=2, width=3)


# --- the arithmetic ---


def test_what_a_generation_computes_by_hand() -> None:
    """Ten tokens prefilled on top of twenty, then tokens 3 and 2, with bursts of 4 (3 masks)."""
    event = {
        "e": "generate",
        "mode": "burst(4, 0.9)",
        "window": 30,
        "passes": [[[7, 7, 7], [0.0], 10], [[7, 7], [0.0], 0]],
    }
    work = Work()
    work.count(event, burst_limit=8)
    assert (work.passes, work.tokens, work.prefilled) == (2, 5, 10)
    assert work.positions == (10 + 3) + (3 + 3)
    assert work.rows == (1 + 3) + (3 + 3)
    assert work.keys == sum(range(21, 34)) + sum(range(31, 37))
    work.count({"e": "step", "n": 0}, 8)
    work.count({"e": "step", "n": 1}, 8)
    assert work.steps == 1, "a reset is no step"
    shape = Shape(layers=1000, unembedding=100, attention=10)
    assert work.flops(shape) == 2 * 19 * 1000 + 2 * 10 * 100 + 4 * work.keys * 10


def test_masks_of_a_mode() -> None:
    assert masks_of(str(Burst(8, 0.9)), 4) == (3, 0.9)
    assert masks_of(str(Burst(2, 1e-5)), 8) == (1, 1e-5)
    assert masks_of(str(Burst(8, 0.9)), 1)[0] == masks_of(str(Slow()), 8)[0] == 0
    assert masks_of(str(Slow(verified=True)), 8) == (7, GUESS_CONFIDENCE)


class Counting(Network):
    """Counts what it really computes."""

    positions = rows = keys = 0

    def forward(self, parts: Sequence[Part]) -> list[Heads]:
        for part in parts:
            width = len(part.tokens) + part.masks
            self.positions += width
            self.rows += part.scored + part.masks
            self.keys += sum(part.slot.length + place + 1 for place in range(width))
        return super().forward(parts)


@pytest.mark.parametrize("mode", [Slow(), Burst(3, 0.0), Burst(8, 0.3)])
def test_what_is_counted_from_a_trace_is_what_was_computed(mode: Any, tmp_path: Path) -> None:
    backbone = make_network("llama")
    adapter = burst_adapter("untrained", backbone, "0") if mode != Slow() else None
    network = Counting(backbone, adapter)
    engine = make_engine(network)
    trace = Trace(tmp_path / "trace")
    kept: list[Any] = []

    async def talk() -> None:
        window = list(range(30, 60))
        for length in (9, 1, 14):
            request = Request("think", mode, length)
            made = await engine.generate("one", window, request)
            kept.extend(made.token_ids)
            trace.generate(1, request, made, len(window))
            window += [*made.token_ids, 5, 6, 7]

    try:
        asyncio.run(talk())
    finally:
        engine.close()
    trace.close()
    work = Work()
    for event in read(tmp_path / "trace"):
        work.count(event, engine.burst_limit)
    assert (work.positions, work.rows, work.keys) == (network.positions, network.rows, network.keys)
    assert work.tokens == len(kept) > 5


def test_the_shape_of_a_model(tmp_path: Path) -> None:
    backbone = make_network("llama")
    backbone.save_pretrained(tmp_path)
    shape = shape_of(str(tmp_path))
    attention = 32 * 32 + 2 * 32 * 16 + 32 * 32
    assert shape == Shape(2 * (attention + 3 * 32 * 64), 320 * 32, 2 * 4 * 8)


def test_the_ratios_by_hand() -> None:
    """Two episodes in 200 s alone; eight in 400 s together, of which the model alone takes 370."""
    work = Work(steps=80, passes=800, tokens=800, positions=10**6, rows=0, keys=0, prefilled=10**5)
    short = Together(Arm(2, 200.0, Work(steps=20)), Arm(8, 400.0, work), 370.0)
    assert short.speedup == pytest.approx(2.0)
    assert short.overhead_share == pytest.approx(0.075)
    setup = Setup(RunConfig(env="courier/town"), jobs=8, long_steps=0)
    shape = Shape(layers=10**8, unembedding=0, attention=0)  # 0.2 PFLOP in all, 25 TFLOP an episode
    report = Report(setup, "m", "a machine", "fp32", short, None, 10**12, shape)
    assert report.cap == pytest.approx(100 / 25)
    told = figures(report)
    assert (told["speedup_8"], told["cap_8"], told["share_of_cap_8"]) == (2.0, 4.0, 0.5)
    assert (told["gflop_per_step"], told["prefilled_share"]) == (2500.0, 0.1)
    assert from_told(json.loads(json.dumps(asdict(short)))) == short
    report.shape = None
    assert figures(report)["cap_8"] is None


def test_drift_by_hand() -> None:
    costs = {step: StepCost(100.0 + (step > 7) * 20, 10 + (step > 7) * 2) for step in range(1, 11)}
    assert time_drift(costs, EDGES, 10) == pytest.approx(0.2)
    assert pass_time_drift(costs, EDGES, 10) == pytest.approx(0.0)
    costs[1] = StepCost(9e9, 1)  # the warm-up counts for nothing
    del costs[9]  # a step that a resume began with is not there
    assert time_drift(costs, EDGES, 10) == pytest.approx(0.2)
    assert time_drift({}, EDGES, 10) is None
    grown = {step: StepCost(1000.0 + 10 * step, 1) for step in (1, 3, 4, 6, 10)}
    assert time_trend(grown, EDGES) == pytest.approx(1100 / 1030 - 1)
    dip = {step: StepCost(100.0 - 50 * (step in (3, 5, 8, 10)), 1) for step in range(3, 11)}
    assert time_trend(dip, EDGES) == pytest.approx(0, abs=1e-9), "noise is no trend"
    assert time_trend({3: StepCost(1.0, 1)}, EDGES) is None
    samples = [Sample(s, 0, 1000 + 10 * s, 100 * s, 4000 + 50 * s) for s in range(1, 11)]
    assert bytes_a_step(samples, range(2, 11)) == (100.0, 50.0)
    assert bytes_a_step(samples[:1], range(2, 11)) is None
    assert resident_drift(samples, EDGES) == pytest.approx((1090 - 1050) / 1050)
    # Another process holds another amount: only one is compared with itself.
    others = [Sample(s, 1, 9_000_000, 100 * s, 0) for s in range(11, 14)]
    assert resident_drift([*samples, *others], EDGES) == resident_drift(samples, EDGES)
    assert resident_drift([], EDGES) is None


@settings(deadline=None)
@given(st.integers(1, 50), st.integers(2, 50), st.integers(0, 100))
def test_the_edges_never_overlap(warm_up: int, width: int, more: int) -> None:
    edges, steps = Edges(warm_up, width), warm_up + 2 * width + more
    edges.require(steps)
    assert warm_up < edges.first().start
    assert edges.first().stop <= edges.last(steps).start
    assert edges.last(steps).stop == steps + 1
    with pytest.raises(ConfigError, match=f"--long-steps {warm_up + 2 * width - 1} is too short"):
        edges.require(warm_up + 2 * width - 1)


def test_resident_memory_is_this_process_s() -> None:
    before = resident_bytes()
    held = bytearray(80_000_000)
    assert 60_000_000 < resident_bytes() - before < 200_000_000
    del held


def test_committed_bytes_count_what_the_log_holds(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    with MemoryFile.open(path) as file:
        bank = file.bank("episode", "a/0")
        file.start_episode(uid="a/0", run="a", index=0, env="e", seed=0, agent="model", bank=bank)
        before, on_disk = committed_bytes(path), path.stat().st_size
        for number in range(60):
            file.bank("company", f"{number}" * 40)
        grown = committed_bytes(path)
        assert grown > before
        assert path.stat().st_size == on_disk, "it still lies in the log"
    assert path.stat().st_size == grown


# --- asking again ---


class Keeping(ScriptedModel):
    """Keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, tuple[int, ...], Request]] = []
        self.forgotten: list[str] = []

    async def generate(
        self, session: str, window: Sequence[int], request: Request, on_pass: OnPass | None = None
    ) -> Generation:
        self.heard.append((session, tuple(window), request))
        await asyncio.sleep(0)
        return await super().generate(session, window, request, on_pass)

    def forget(self, session: str) -> None:
        self.forgotten.append(session)
        super().forget(session)


def test_the_model_alone_is_asked_the_same(tmp_path: Path) -> None:
    model = Keeping()
    listening = Listening(model)
    config = RunConfig(
        env="courier/town", episodes=3, jobs=3, max_steps=12, seed=10_000, out=tmp_path / "run"
    )
    done = asyncio.run(run_async(config, model=listening))
    played, model.heard = model.heard, []
    assert len(listening.asked) == 3
    seconds = asyncio.run(ask_again(model, listening.asked))
    assert seconds > 0
    for row in done.rows:
        mine = [each for each in played if each[0] == row.uid]
        assert len(mine) >= 24
        assert [each for each in model.heard if each[0] == row.uid] == mine
    assert sorted(model.forgotten[-3:]) == sorted(row.uid for row in done.rows)


# --- the long episode ---


def config(**more: Any) -> RunConfig:
    scripted: dict[str, Any] = {"name": "scripted"}
    return RunConfig(
        **{
            "env": "courier/town?level=2",
            "seed": 10_000,
            "max_steps": 40,
            "model": scripted,
            **more,
        }
    )


def play(model: ScriptedModel, out: Path, **more: Any) -> endless.Endless:
    return asyncio.run(endless.play(model, config(**more), out, lambda _: None))


def test_a_long_episode_is_watched_step_by_step(tmp_path: Path) -> None:
    found = play(ScriptedModel(), tmp_path / "long")
    assert [each.step for each in found.samples] == list(range(1, 41))
    assert sorted(found.costs) == list(range(1, 41))
    assert found.steps == 40
    assert found.prunes >= 5
    assert found.score is not None
    grown = bytes_a_step(found.samples, range(5, 41))
    assert grown is not None
    assert all(100 < each < 50_000 for each in grown)
    assert all(cost.passes > 2 and 0 < cost.wall_ms < 10_000 for cost in found.costs.values())
    assert sum(cost.wall_ms for cost in found.costs.values()) <= 1000 * found.wall_s + 1


class Failing(ScriptedModel):
    """Ends the process, as it were, at a generation."""

    left = 50

    async def generate(self, *args: Any, **kwargs: Any) -> Generation:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return await super().generate(*args, **kwargs)


def test_it_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    out = tmp_path / "long"
    with pytest.raises(KeyboardInterrupt):
        play(Failing(), out)
    cut = len((tmp_path / "long-samples.jsonl").read_text().splitlines())
    assert 0 < cut < 40
    with (tmp_path / "long-samples.jsonl").open("a") as file:
        file.write('{"step": 99')  # cut off in the middle
    found = play(ScriptedModel(), out)
    assert [each.step for each in found.samples] == list(range(1, 41))
    assert [each.life for each in found.samples] == [0] * cut + [1] * (40 - cut)
    assert sorted(found.costs) == [step for step in range(1, 41) if step != cut + 1]
    again = play(ScriptedModel(), out)
    assert again == found, "and what is done is only told"
    with pytest.raises(
        ConfigError, match=r"holds an episode of other settings \(seed, max_steps\)"
    ):
        play(ScriptedModel(), out, max_steps=41, seed=10_001)
    whole = play(ScriptedModel(), tmp_path / "whole")
    assert (whole.score, whole.prunes) == (found.score, found.prunes)


def test_an_episode_that_fails_is_no_benchmark(tmp_path: Path) -> None:
    class Broken(ScriptedModel):
        async def generate(self, *args: Any, **kwargs: Any) -> Generation:
            raise ModelFailed("no")

    with pytest.raises(ModelFailed, match="an episode of the benchmark failed: ModelFailed: no"):
        play(Broken(), tmp_path / "long")
    assert read_results(tmp_path / "long")[0].outcome == "error"


# --- all of it ---

QUICK = ["--steps", "6", "--rounds", "1", "--long-steps", "14", "--warm-up", "4", "--edge", "5"]


def bench(*options: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["episodes", *options])
    assert done.exit_code == 0, (done.output, done.exception)
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    assert ("that is not the model" in done.stdout) == ("short_steps" in told)
    assert ("bytes a step" in done.stdout) == ("long_steps" in told)
    return told


def test_the_whole_benchmark_with_the_scripted_model(tmp_path: Path) -> None:
    options = [*QUICK, "--model", "scripted", "--out", str(tmp_path / "out")]
    told = bench(*options)
    assert told.keys() >= PROMISED
    for key in PROMISED | {"bytes_drift", "resident_drift", "pass_time_drift", "step_time_trend"}:
        assert math.isfinite(told[key]), key
    assert told["speedup_16"] > 0
    assert 0.5 < told["overhead_share_16"] <= 1, (
        "a model that takes no time is all but nothing of it"
    )
    assert told["cap_16"] is told["gflops"] is None
    assert told["bytes_per_step"] == pytest.approx(
        told["trace_bytes_per_step"] + told["memory_bytes_per_step"], abs=2
    )
    timed = ("speedup_16", "overhead_share_16", "step_time_drift", "bytes_per_step", "resident_mb")
    again = bench(*options)
    assert [again[key] for key in timed] == [told[key] for key in timed], "it was kept"
    kept = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert kept == ["long", "long-samples.jsonl", "short.json"]


def test_the_whole_benchmark_with_arithmetic(tmp_path: Path) -> None:
    backbone = make_network("llama")
    backbone.config.max_position_embeddings = 4096
    backbone.save_pretrained(tmp_path)
    # Bytes are tokens here: the marks around a turn must be few.
    make_tokenizer(template=CHATML.replace("m['role']", "m['role'][0]")).save_pretrained(tmp_path)
    sizes = {
        "window.budget": 3000,
        "think.max_tokens": 4,
        "act.max_tokens": 4,
        "notes.max_tokens": 24,
    }
    options = ["--model", str(tmp_path), "--dtype", "fp32", "-j", "2", "--steps", "2"]
    options += [part for key, size in sizes.items() for part in ("--set", f"{key}={size}")]
    told = bench(*options, "--rounds", "1", "--long-steps", "0")
    for key in ("speedup_2", "cap_2", "share_of_cap_2", "gflops", "gflop_per_step"):
        assert told[key] > 0, key
    assert told["speedup_2"] / told["cap_2"] == pytest.approx(told["share_of_cap_2"], rel=0.2)
    assert 0 < told["prefilled_share"] < 1
    assert told["positions_per_step"] > told["passes_per_step"] > 2


def test_what_is_not_asked_for_is_not_measured() -> None:
    told = bench("--model", "scripted", "--rounds", "0", *QUICK[4:])
    assert told["speedup_16"] is told["overhead_share_16"] is None
    assert told["bytes_per_step"] > 0
    told = bench("--model", "scripted", *QUICK[:4], "--long-steps", "0")
    assert told["speedup_16"] > 0
    assert told["step_time_drift"] is told["bytes_per_step"] is None


def test_what_cannot_be_measured_is_said() -> None:
    done = CliRunner().invoke(app, ["episodes", "--model", "scripted", "--long-steps", "400"])
    assert str(done.exception).startswith(
        "--long-steps 400 is too short to compare 200 steps after"
    )
    done = CliRunner().invoke(
        app,
        [
            *["episodes", "--model", "scripted", "--rounds", "0", *QUICK[4:]],
            *["--env", "courier/town?length=9"],
        ],
    )
    assert "ended after 9 steps, and 14 were to be played" in str(done.exception)
