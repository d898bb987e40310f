"""`steno bench bursts`: what a burst adapter keeps and how often it is right, by confidence.

No clock: this is for choosing a confidence, and for saying what an adapter is worth on any text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.bench.arms import Timed, decode, judge, request
from agent.bench.contexts import from_file, from_games, from_prompts, mean_length
from agent.errors import ConfigError
from agent.lm.types import Burst, Mode, Slow
from agent.lm.weights import Dtype, load

if TYPE_CHECKING:
    from rich.table import Table

    from agent.lm.engine import Engine

CONFIDENCES = (0.99, 0.95, 0.9, 0.8, 0.7, 0.5)


@dataclass(frozen=True, slots=True)
class Setup:
    """Which model, on what, and how its bursts are cut. Without data and prompts: windows of games."""

    model: str = "embedded"
    policy: str | None = None
    burst: str | None = None
    dtype: Dtype = "auto"
    data: Path | None = None
    prompts: Path | None = None
    context: int = 512
    count: int = 50
    tokens: int = 128
    k: int | None = None
    confidences: tuple[float, ...] = CONFIDENCES
    together: int = 16
    stop: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it, over the same contexts."""

    setup: Setup
    k: int
    numerics: str
    context: float
    """Tokens of a context, on average."""
    slow: Timed
    bursts: dict[float, Timed]
    """By confidence."""

    def same(self, row: Timed) -> int:
        """How many of a row's texts are slow thinking's, token for token."""
        return sum(a == b for a, b in zip(row.texts, self.slow.texts, strict=True))


def run(setup: Setup, say: Callable[[str], None]) -> Report:
    """Continue every context slowly, and in bursts at each confidence, greedily.

    Raises ModelUnavailable, AdapterMismatch, EnvUnavailable where there is no TextWorld to take contexts
    from, TrainingFailed for a file that cannot be read, and ConfigError where there are too few contexts
    or the model has no burst adapter.
    """
    if setup.data and setup.prompts:
        raise ConfigError("contexts come from --data or from --prompts, not from both")
    engine = load(setup.model, dtype=setup.dtype, policy=setup.policy, burst=setup.burst)
    try:
        k = engine.burst_limit if setup.k is None else setup.k
        if not 1 < k <= engine.burst_limit:
            raise ConfigError(
                f"bursts of {k} tokens: this model can make 2 to {engine.burst_limit}"
                if engine.burst_limit > 1
                else "there is no burst adapter: name one with --burst"
            )
        contexts = _contexts(setup, engine)
        slow, *bursts = asyncio.run(
            _rows(engine, [Slow(), *(Burst(k, c) for c in setup.confidences)], contexts, setup, say)
        )
        by_confidence = dict(zip(setup.confidences, bursts, strict=True))
        return Report(setup, k, engine.numerics, mean_length(contexts), slow, by_confidence)
    finally:
        engine.close()


def _contexts(setup: Setup, engine: Engine) -> list[list[int]]:
    if setup.prompts:
        return from_prompts(setup.prompts, engine.vocabulary, setup.context, setup.count)
    if setup.data:
        return from_file(setup.data, setup.context, setup.count)
    return from_games(setup.model, setup.context, setup.count)


async def _rows(
    engine: Engine,
    modes: Sequence[Mode],
    contexts: Sequence[list[int]],
    setup: Setup,
    say: Callable[[str], None],
) -> list[Timed]:
    rows = []
    for mode in modes:
        row = Timed(str(mode))
        rows.append(row)
        asked = request(mode, setup.tokens, stop=setup.stop)
        for start in range(0, len(contexts), setup.together):
            say(f"{mode}: {start} of {len(contexts)}")
            group = contexts[start : start + setup.together]
            made, _ = await decode(engine, group, asked)
            for context, each in zip(group, made, strict=True):
                row.add(each)
                await judge(engine, row, context, each)
    return rows


def table(report: Report) -> Table:
    """Slow thinking, then a row a confidence; `of`: how many tokens agreement is a share of."""
    from rich.table import Table

    shown = Table()
    for heading in ("confidence", "tokens", "TPF", "agreement", "of", "same text"):
        shown.add_column(heading, justify="right")
    rows = {"slow": report.slow} | {f"{c:g}": row for c, row in report.bursts.items()}
    for name, row in rows.items():
        agreement = "" if row.agreement is None else f"{100 * row.agreement:.2f}%"
        cells = (name, row.tokens, f"{row.tpf:.2f}", agreement, row.judged or "")
        shown.add_row(*map(str, cells), f"{report.same(row)}/{len(row.texts)}")
    return shown


def figures(report: Report) -> dict[str, Any]:
    """The run as one record."""
    setup = report.setup
    return {
        "model": setup.model,
        "policy": setup.policy,
        "burst": setup.burst,
        "numerics": report.numerics,
        "k": report.k,
        "contexts": len(report.slow.texts),
        "context": round(report.context),
        "slow_tokens": report.slow.tokens,
        "bursts": [
            {
                "confidence": confidence,
                "tokens": row.tokens,
                "passes": row.passes,
                "tpf": round(row.tpf, 3),
                "agreement": None if row.agreement is None else round(row.agreement, 4),
                "judged": row.judged,
                "same_texts": report.same(row),
            }
            for confidence, row in report.bursts.items()
        ],
    }
