"""`steno bench exact`: are slow and verified slow mode what transformers' generate writes?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from agent.bench.arms import request
from agent.bench.rivals import Generate
from agent.lm.engine import Engine
from agent.lm.types import Mode, Slow
from agent.lm.weights import Dtype, apart, load, load_network

MODES: dict[str, Mode] = {"slow": Slow(), "slow verified": Slow(verified=True)}


@dataclass(slots=True)
class Compared:
    """How one mode's texts compare with generate's."""

    mode: str
    texts: int = 0
    identical: int = 0
    tokens: int = 0
    flips: int = 0
    """Tokens at which one-token decoding, given this mode's own text so far, would have gone another
    way. After a first difference texts part, so differing texts say little of how often it happens."""


def compare(
    contexts: Sequence[list[int]],
    tokens: int,
    *,
    model: str = "embedded",
    policy: str | None = None,
    burst: str | None = None,
    dtype: Dtype = "fp32",
    say: Callable[[str], None] = lambda _: None,
) -> list[Compared]:
    """Continue every context by `tokens` greedy tokens in each mode and with `generate`.

    Raises ModelUnavailable and AdapterMismatch.
    """
    loaded = apart(lambda: load_network(model, dtype=dtype, policy=policy))
    reference = Generate(loaded.network)
    engine = load(model, dtype=dtype, policy=policy, burst=burst)
    modes = {name: mode for name, mode in MODES.items() if engine.burst_limit > 1 or name == "slow"}
    results = {name: Compared(name) for name in modes}
    try:
        for number, context in enumerate(contexts):
            say(f"context {number + 1} of {len(contexts)}")
            written = asyncio.run(engine.call(partial(reference.decode, context, tokens))).ids
            expected = _until(written, engine.vocabulary.end_ids)
            for name, mode in modes.items():
                asyncio.run(_one(engine, results[name], context, expected, mode, tokens))
    finally:
        engine.close()
    return list(results.values())


def _until(ids: Sequence[int], ends: frozenset[int]) -> tuple[int, ...]:
    """Up to the first end of a turn: the benchmark makes generate go on after it."""
    stop = next((at for at, token in enumerate(ids, 1) if token in ends), len(ids))
    return tuple(ids[:stop])


async def _one(
    engine: Engine,
    result: Compared,
    context: list[int],
    expected: tuple[int, ...],
    mode: Mode,
    tokens: int,
) -> None:
    made = await engine.generate("exact", context, request(mode, tokens, stop=False))
    chosen = await engine.greedy(context, made.token_ids)
    result.texts += 1
    result.identical += made.token_ids == expected
    result.tokens += len(made.token_ids)
    result.flips += sum(a != b for a, b in zip(made.token_ids, chosen, strict=True))
