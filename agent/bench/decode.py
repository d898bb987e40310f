"""`steno bench decode`: every way to decode, side by side, on the same contexts in one run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch

from agent.bench import contexts as source
from agent.bench.arms import Timed, decode, judge, modes, request, sizes
from agent.bench.ceiling import read_bandwidth, weight_bytes
from agent.bench.rivals import Decoded, Generate, LlamaCpp
from agent.lm.engine import Engine
from agent.lm.network import Network, Part
from agent.lm.types import Mode
from agent.lm.weights import Dtype, apart, embedded_gguf, load, load_network
from agent.machine import processor

BATCHES = (4, 16)
STATIC_K = 8
"""Of the static arms that stand for all in batches: the width of a pass follows from it."""
_WIDTH = 15  # eight tokens of the last burst and seven masks


@dataclass(frozen=True, slots=True)
class Setup:
    """What is timed, and on what."""

    model: str = "embedded"
    policy: str | None = None
    burst: str | None = None
    dtype: Dtype = "auto"
    data: Path | None = None
    context: int = 512
    count: int = 12
    tokens: int = 64
    confidence: float = 0.9
    stop: bool | None = None
    """Whether a thought ends with its line; None: where there is a policy that learnt to end it."""

    @property
    def stops(self) -> bool:
        """`stop`, decided."""
        return self.policy is not None if self.stop is None else self.stop


@dataclass(slots=True)
class Report:
    """Everything that a run measured."""

    setup: Setup
    machine: str
    numerics: str
    context: float = 0.0
    burst_limit: int = 1
    rivals: dict[str, Timed] = field(default_factory=dict)
    arms: dict[str, Timed] = field(default_factory=dict)
    batches: dict[tuple[str, int], Timed] = field(default_factory=dict)
    pass_ms: dict[int, float] = field(default_factory=dict)
    """Of a bare pass without adapter, by positions."""
    ceiling_ms: float = 0.0
    bandwidth: float = 0.0


Say = Callable[[str], None]


def run(setup: Setup, say: Say) -> Report:
    """Time everything. Raises ModelUnavailable, AdapterMismatch, ConfigError."""
    chosen = (
        source.from_file(setup.data, setup.context, setup.count)
        if setup.data
        else source.from_games(setup.model, setup.context, setup.count)
    )
    engine = load(setup.model, dtype=setup.dtype, policy=setup.policy, burst=setup.burst)
    try:
        report = Report(
            setup, machine(), engine.numerics, source.mean_length(chosen), engine.burst_limit
        )
        asyncio.run(_single(engine, chosen, report, say))
        asyncio.run(_batches(engine, chosen, report, say))
    finally:
        engine.close()
    apart(partial(_bare, setup, chosen[0], report, say))
    return report


async def _single(engine: Engine, contexts: Sequence[list[int]], report: Report, say: Say) -> None:
    """Context by context, each arm once: what slows the machine down meanwhile slows all of them."""
    setup = report.setup
    arms = modes(engine.burst_limit, setup.confidence)
    report.arms = {name: Timed(name) for name in arms}
    rivals = apart(partial(_rivals, setup))
    report.rivals = {name: Timed(name) for name in rivals}
    for number, context in enumerate(
        [contexts[0], *contexts]
    ):  # the first time warms everything up
        say(f"context {number} of {len(contexts)}")
        for name, mode in arms.items():
            [made], seconds = await decode(
                engine, [context], request(mode, setup.tokens, stop=setup.stops)
            )
            if number:
                timed = report.arms[name]
                timed.add(made)
                timed.seconds += seconds
                await judge(engine, timed, context, made)
        # As many tokens as slow mode wrote, so that the same text is compared.
        length = len(report.arms["slow"].texts[-1]) if number else 8
        for name, rival in rivals.items():
            done = await engine.call(partial(rival.decode, context, length))
            if number:
                _count(report.rivals[name], done)


def _count(timed: Timed, done: Decoded) -> None:
    timed.tokens += len(done.ids)
    timed.passes += len(done.ids)
    timed.seconds += done.seconds
    timed.texts.append(done.ids)


def _rivals(setup: Setup) -> dict[str, Any]:
    rivals: dict[str, Any] = {}
    loaded = load_network(setup.model, dtype=setup.dtype, policy=setup.policy)
    rivals["transformers generate"] = Generate(loaded.network)
    if setup.model == "embedded" and LlamaCpp.installed():
        rivals["llama.cpp Q4_1"] = LlamaCpp(str(embedded_gguf()), setup.context + setup.tokens + 8)
    return rivals


def batched(confidence: float, burst_limit: int) -> dict[str, Mode]:
    """The arms that are timed in batches."""
    arms = modes(burst_limit, confidence)
    k = min(STATIC_K, burst_limit)
    wanted = ["slow", f"burst k={k} static", f"burst k={burst_limit} conf. {confidence}"]
    return {name: arms[name] for name in wanted if name in arms}


async def _batches(engine: Engine, contexts: Sequence[list[int]], report: Report, say: Say) -> None:
    """Sessions together, beside one alone: the same contexts, as often as they have to be repeated."""
    setup = report.setup
    for name, mode in batched(setup.confidence, engine.burst_limit).items():
        asked = request(mode, setup.tokens, stop=False)  # all as long as each other
        for size in (1, *BATCHES):
            say(f"{name}, {size} together")
            timed = report.batches[name, size] = Timed(name)
            # One alone over several contexts, so that its time is no single moment's.
            groups = _groups(contexts, size)
            for group in groups:
                made, seconds = await decode(engine, group, asked)
                for each in made:
                    timed.add(each)
                timed.seconds += seconds


def _groups(contexts: Sequence[list[int]], size: int) -> list[list[list[int]]]:
    if size == 1:
        return [[context] for context in contexts[:4]]
    return [[contexts[i % len(contexts)] for i in range(size)]]


@torch.inference_mode()
def _bare(setup: Setup, context: list[int], report: Report, say: Say) -> None:
    """Bare passes without an adapter, and the ceiling."""
    loaded = load_network(setup.model, dtype=setup.dtype, policy=setup.policy)
    device = loaded.network.device
    read = weight_bytes(loaded.network)
    network = Network(loaded.network)
    slot = network.slots.take()
    network.forward([Part(slot, context)])
    bandwidths = []
    for width in (1, 8, _WIDTH):
        say(f"passes of {width} positions")
        bandwidths.append(read_bandwidth(device))

        def once(width: int = width) -> None:
            network.forward([Part(slot, context[:width], scored=width)])
            slot.length = len(context)

        report.pass_ms[width] = _median_ms(once)
    report.bandwidth = max(bandwidths)
    report.ceiling_ms = 1000 * read / report.bandwidth


def _median_ms(once: Callable[[], None], rounds: int = 30) -> float:
    for _ in range(3):
        once()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        once()
        times.append(time.perf_counter() - started)
    return 1000 * sorted(times)[rounds // 2]


def identical(one: Iterable[tuple[int, ...]], other: Iterable[tuple[int, ...]]) -> float | None:
    """Share of texts that are the same, token for token; None where there are none."""
    pairs = list(zip(one, other, strict=True))
    return sum(a == b for a, b in pairs) / len(pairs) if pairs else None


def machine() -> str:
    """The processor or the GPU, in words."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{processor()}, {torch.get_num_threads()} threads"


def figures(report: Report) -> dict[str, Any]:
    """The run as one flat record; None where an arm was not there."""
    arms, confidence = report.arms, report.setup.confidence

    def tps(timed: Timed | None) -> float | None:
        return round(timed.tps, 1) if timed and timed.tokens else None

    bursts = {k: arms[f"burst k={k} static"] for k in sizes(report.burst_limit)}
    confident = arms.get(f"burst k={report.burst_limit} conf. {confidence}")
    static = bursts[min(STATIC_K, report.burst_limit)] if bursts else None
    verified = arms.get("slow verified")
    agreement = confident.agreement if confident else None
    return {
        "model": report.setup.model,
        "policy": report.setup.policy,
        "burst": report.setup.burst,
        "machine": report.machine,
        "numerics": report.numerics,
        "context": round(report.context),
        "generate_tps": tps(report.rivals.get("transformers generate")),
        "llama_cpp_tps": tps(report.rivals.get("llama.cpp Q4_1")),
        "slow_tps": tps(arms["slow"]),
        "slow_identical": identical(
            arms["slow"].texts, report.rivals["transformers generate"].texts
        ),
        "slow_verified_tps": tps(verified),
        "slow_verified_tpf": round(verified.tpf, 2) if verified else None,
        "slow_verified_identical": identical(arms["slow"].texts, verified.texts)
        if verified
        else None,
        "burst_tps": {str(k): tps(timed) for k, timed in bursts.items()},
        "confidence": confidence,
        "burst_confident_tps": tps(confident),
        "burst_confident_tpf": round(confident.tpf, 2) if confident else None,
        "burst_confident_agreement": round(agreement, 4) if agreement is not None else None,
        "pass1_ms": round(report.pass_ms[1], 1),
        "pass15_ms": round(report.pass_ms[_WIDTH], 1),
        "pass15_adapter_ms": round(bursts[STATIC_K].pass_ms, 1) if STATIC_K in bursts else None,
        "ceiling_ms": round(report.ceiling_ms, 4),
        "bandwidth_gb_s": round(report.bandwidth / 1e9, 1),
        "batch16_slow_over_1": _over_one(report, "slow"),
        "batch16_burst_over_1": _over_one(report, static.name) if static else None,
        "batch16_confident_over_1": _over_one(report, confident.name) if confident else None,
    }


def _over_one(report: Report, name: str) -> float:
    return round(report.batches[name, 16].tps / report.batches[name, 1].tps, 2)
