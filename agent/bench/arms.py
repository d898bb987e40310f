"""Steno's own ways to decode, each timed on warm sessions."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.lm.types import Burst, Generation, LanguageModel, Mode, Request, Sampling, Slow

if TYPE_CHECKING:
    from agent.lm.engine import Engine

STOP = "\n"  # where a thought ends


@dataclass(slots=True)
class Timed:
    """What an arm took, summed over its generations. Seconds count from the prefilled context on."""

    name: str
    tokens: int = 0
    passes: int = 0
    seconds: float = 0.0
    agreed: int = 0
    judged: int = 0
    texts: list[tuple[int, ...]] = field(default_factory=list)

    @property
    def tps(self) -> float:
        """Tokens a second."""
        return self.tokens / self.seconds if self.seconds else math.nan

    @property
    def tpf(self) -> float:
        """Tokens per forward pass."""
        return self.tokens / self.passes if self.passes else math.nan

    @property
    def pass_ms(self) -> float:
        """Milliseconds of a pass, the Python around it included."""
        return 1000 * self.seconds / self.passes if self.passes else math.nan

    @property
    def agreement(self) -> float | None:
        """Share of burst positions 2..k at which ordinary decoding would have chosen the same."""
        return self.agreed / self.judged if self.judged else None

    def add(self, made: Generation) -> None:
        """Count the tokens and passes of a generation; its time is counted by who measured it."""
        self.tokens += len(made.token_ids)
        self.passes += len(made.passes)
        self.texts.append(made.token_ids)


def sizes(burst_limit: int) -> list[int]:
    """The burst sizes that are timed: 2, 4 and 8, and the most that the adapter can."""
    return sorted({*(k for k in (2, 4, 8) if k < burst_limit), burst_limit} - {1})


def modes(burst_limit: int, confidence: float) -> dict[str, Mode]:
    """The arms of a model: bursts only where it has an adapter, up to its k."""
    arms: dict[str, Mode] = {"slow": Slow()}
    if burst_limit > 1:
        arms["slow verified"] = Slow(verified=True)
        for name, least in (("static", 0.0), (f"conf. {confidence}", confidence)):
            arms |= {f"burst k={k} {name}": Burst(k, least) for k in sizes(burst_limit)}
    return arms


def request(mode: Mode, tokens: int, *, stop: bool) -> Request:
    """A greedy thought of at most `tokens` tokens; `stop` ends it with its line."""
    return Request("think", mode, tokens, Sampling(), (STOP,) if stop else ())


async def decode(
    model: LanguageModel, contexts: Sequence[Sequence[int]], asked: Request
) -> tuple[list[Generation], float]:
    """Continue all contexts at once. Returns the generations and the seconds they took together.

    Each session is prefilled first, but for its last token: that is the first pass's.
    """
    names = [f"bench-{number}" for number in range(len(contexts))]
    for name, context in zip(names, contexts, strict=True):
        await model.generate(name, context[:-1], request(Slow(), 1, stop=False))
    started = asyncio.get_running_loop().time()
    made = await asyncio.gather(
        *(model.generate(n, c, asked) for n, c in zip(names, contexts, strict=True))
    )
    seconds = asyncio.get_running_loop().time() - started
    for name in names:
        model.forget(name)
    return list(made), seconds


async def judge(engine: Engine, timed: Timed, context: Sequence[int], made: Generation) -> None:
    """Count agreement over all positions 2..k, the last burst's too: one pass over the whole text."""
    ids = made.token_ids
    chosen = await engine.greedy(context, ids)
    at = 0
    for each in made.passes:
        for place in range(at + 1, at + len(each.token_ids)):
            timed.judged += 1
            timed.agreed += chosen[place] == ids[place]
        at += len(each.token_ids)
