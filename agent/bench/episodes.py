"""`steno bench episodes`: many episodes at once against one at a time, and one that goes on and on."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent.bench import endless, together
from agent.bench.arithmetic import measured_flops, shape_of
from agent.bench.decode import machine
from agent.bench.drift import (
    Edges,
    bytes_a_step,
    pass_time_drift,
    resident_drift,
    time_drift,
    time_trend,
)
from agent.bench.endless import Endless
from agent.bench.together import Together
from agent.bench.work import Shape
from agent.config import RunConfig
from agent.errors import ConfigError
from agent.files import write_atomically
from agent.lm.engine import Engine
from agent.lm.types import LanguageModel
from agent.runner import load

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Setup:
    """What is played, and how much of it."""

    config: RunConfig
    """What an episode is: environment, model, settings, the first seed."""
    jobs: int = 16
    steps: int = 16
    """Of each of the short episodes."""
    rounds: int = 2
    """Of short episodes; 0: none."""
    long_steps: int = 2_000
    """Of the long episode; 0: none."""
    edges: Edges = Edges(100, 200)  # noqa: RUF009 -- it is frozen
    out: Path | None = None
    """Where what is played is kept, and gone on with where it was cut off."""


@dataclass(slots=True)
class Report:
    """Everything that was measured; None for what was not asked for."""

    setup: Setup
    model: str
    machine: str
    numerics: str
    short: Together | None = None
    long: Endless | None = None
    flops: float | None = None
    """The most operations a second; None for a model without arithmetic."""
    shape: Shape | None = None

    @property
    def cap(self) -> float | None:
        """The most that many at once can gain, were they nothing but arithmetic at full speed."""
        if self.short is None or self.shape is None or self.flops is None:
            return None
        one, many = self.short.one, self.short.many
        least_s = many.work.flops(self.shape) / self.flops / many.episodes
        return one.wall_s / one.episodes / least_s


def run(setup: Setup, say: Say) -> Report:
    """Measure. Raises ConfigError, ModelUnavailable, AdapterMismatch, and what ends an episode."""
    if setup.long_steps:
        setup.edges.require(setup.long_steps)
    say("loading")
    model = load(setup.config.model)
    try:
        report = Report(setup, model.name, machine(), model.numerics)
        with _folder(setup.out) as folder:
            asyncio.run(_measure(report, model, folder, say))
        return report
    finally:
        model.close()


@contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    if out is None:
        with tempfile.TemporaryDirectory() as place:
            yield Path(place)
    else:
        out.mkdir(parents=True, exist_ok=True)
        yield out


async def _measure(report: Report, model: LanguageModel, folder: Path, say: Say) -> None:
    setup = report.setup
    if isinstance(model, Engine):
        say("measuring what the cores can do")
        report.shape = shape_of(setup.config.model.name)
        report.flops = await measured_flops(model)
    if setup.rounds:
        report.short = await _short(report, model, folder, say)
    if setup.long_steps:
        config = setup.config.model_copy(update={"max_steps": setup.long_steps})
        report.long = await endless.play(model, config, folder / "long", say)
        if report.long.steps < setup.long_steps:
            raise ConfigError(
                f"an episode of {config.env} ended after {report.long.steps} steps, and "
                f"{setup.long_steps} were to be played: use an environment that does not end"
            )


async def _short(report: Report, model: LanguageModel, folder: Path, say: Say) -> Together:
    """The short episodes, unless the same ones were measured in this folder before."""
    setup, kept = report.setup, folder / "short.json"
    config = setup.config.model_copy(update={"max_steps": setup.steps})
    of = {
        "config": config.model_dump(mode="json"),
        "jobs": setup.jobs,
        "rounds": setup.rounds,
        "machine": report.machine,
        "model": model.fingerprint,
        "numerics": report.numerics,
    }
    if kept.exists():
        told = json.loads(kept.read_bytes())
        if told["of"] == of:
            return together.from_told(told["found"])
    with tempfile.TemporaryDirectory(dir=folder) as place:
        found = await together.measure(
            model, config, jobs=setup.jobs, rounds=setup.rounds, folder=Path(place), say=say
        )
    write_atomically(kept, json.dumps({"of": of, "found": asdict(found)}).encode())
    return found


def figures(report: Report) -> dict[str, Any]:
    """The run as one flat record; None for what was not measured."""
    setup = report.setup
    return {
        "model": report.model,
        "policy": setup.config.model.policy,
        "burst": setup.config.model.burst,
        "machine": report.machine,
        "numerics": report.numerics,
        "env": setup.config.env,
        **_of_short(report, setup.jobs),
        **_of_long(report.long, setup),
    }


def _of_short(report: Report, jobs: int) -> dict[str, Any]:
    short, shape, flops, cap = report.short, report.shape, report.flops, report.cap
    if short is None:
        return {f"speedup_{jobs}": None, f"overhead_share_{jobs}": None}
    one, many = short.one, short.many
    work, gflop = many.work, 1e-9
    a_step = None if shape is None else gflop * work.flops(shape) / max(work.steps, 1)
    return {
        "short_steps": report.setup.steps,
        "rounds": report.setup.rounds,
        "episodes_per_hour_1": round(one.episodes_per_hour, 2),
        f"episodes_per_hour_{jobs}": round(many.episodes_per_hour, 2),
        f"speedup_{jobs}": round(short.speedup, 3),
        f"cap_{jobs}": _rounded(cap),
        f"share_of_cap_{jobs}": _rounded(short.speedup / cap if cap else None),
        f"overhead_share_{jobs}": round(short.overhead_share, 4),
        "gflops": _rounded(None if flops is None else gflop * flops, 1),
        "gflop_per_step": _rounded(a_step, 2),
        "positions_per_step": round(work.positions / max(work.steps, 1), 1),
        "prefilled_share": round(work.prefilled / max(work.positions, 1), 3),
        "passes_per_step": round(work.passes / max(work.steps, 1), 1),
    }


def _of_long(long: Endless | None, setup: Setup) -> dict[str, Any]:
    if long is None:
        return {"step_time_drift": None, "bytes_per_step": None}
    edges, steps = setup.edges, setup.long_steps
    first, last = edges.first(), edges.last(steps)
    whole = bytes_a_step(long.samples, range(edges.warm_up, steps + 1))
    grown = [bytes_a_step(long.samples, each) for each in (first, last)]
    return {
        "long_steps": steps,
        "long_step_ms": round(1000 * long.wall_s / steps, 1),
        "step_time_drift": _rounded(time_drift(long.costs, edges, steps), 4),
        "step_time_trend": _rounded(time_trend(long.costs, edges), 4),
        "pass_time_drift": _rounded(pass_time_drift(long.costs, edges, steps), 4),
        "prunes": long.prunes,
        "score_per_100": _rounded(None if long.score is None else 100 * long.score / steps, 2),
        "resident_mb": round(max(each.resident for each in long.samples) / 1e6, 1),
        "resident_drift": _rounded(resident_drift(long.samples, edges), 4),
        "bytes_per_step": round(sum(whole)) if whole else None,
        "trace_bytes_per_step": round(whole[0]) if whole else None,
        "memory_bytes_per_step": round(whole[1]) if whole else None,
        "bytes_drift": _rounded(_bytes_drift(*grown), 4),
    }


def _bytes_drift(
    first: tuple[float, float] | None, last: tuple[float, float] | None
) -> float | None:
    return sum(last) / sum(first) - 1 if first and last and sum(first) else None


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)


def in_words(told: dict[str, Any], jobs: int) -> list[str]:
    """The figures as lines for a person, each beside what it is held against."""
    lines = [f"{told['machine']}; {told['model']}, {told['numerics']}; {told['env']}"]
    if told[f"speedup_{jobs}"] is not None:
        lines.append(
            f"episodes an hour, {told['short_steps']} steps each: {told['episodes_per_hour_1']} one at "
            f"a time, {told[f'episodes_per_hour_{jobs}']} with {jobs} at once: "
            f"{told[f'speedup_{jobs}']} times"
        )
        if told[f"cap_{jobs}"] is not None:
            lines.append(
                f"the cap: {told['gflop_per_step']} GFLOP a step ({told['positions_per_step']} "
                f"positions, {100 * told['prefilled_share']:.0f}% of them prefilled) at "
                f"{told['gflops']} GFLOP/s: {told[f'cap_{jobs}']} times; reached "
                f"{100 * told[f'share_of_cap_{jobs}']:.0f}% of it"
            )
        lines.append(
            f"wall time with {jobs} at once that is not the model: "
            f"{100 * told[f'overhead_share_{jobs}']:.1f}%"
        )
    if told["bytes_per_step"] is not None:
        lines.append(
            f"one episode of {told['long_steps']} steps, {told['prunes']} prunes, "
            f"{told['long_step_ms']} ms a step; the end against the start: time a step "
            f"{_percent(told['step_time_drift'])} (along all {_percent(told['step_time_trend'])}), "
            f"time a pass {_percent(told['pass_time_drift'])}, "
            f"resident memory {_percent(told['resident_drift'])} (at most {told['resident_mb']} MB), "
            f"bytes a step {_percent(told['bytes_drift'])}"
        )
        lines.append(
            f"bytes a step: {told['bytes_per_step']} (trace {told['trace_bytes_per_step']}, memory "
            f"file {told['memory_bytes_per_step']})"
        )
    return lines


def _percent(share: float | None) -> str:
    return "not known" if share is None else f"{100 * share:+.1f}%"
