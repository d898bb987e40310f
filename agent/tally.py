"""Counters of one episode: what it cost and what came of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from agent.lm.types import Generation, Purpose


@dataclass(slots=True)
class Spent:
    """What the generations of one purpose cost."""

    generations: int = 0
    passes: int = 0
    tokens: int = 0
    prefill_tokens: int = 0
    bits: float = 0.0
    wall_s: float = 0.0

    def add(self, generation: Generation) -> None:
        """Count one generation. Bits are -log2 p of the kept tokens under one-token decoding."""
        self.generations += 1
        self.passes += len(generation.passes)
        self.tokens += len(generation.token_ids)
        self.prefill_tokens += generation.prefill_tokens
        self.bits -= sum(x for each in generation.passes for x in each.logprobs) / math.log(2)
        self.wall_s += generation.wall_s


def _spent() -> dict[Purpose, Spent]:
    return {"think": Spent(), "summarise": Spent(), "act": Spent()}


@dataclass(slots=True)
class Tally:
    """Everything that a results row counts."""

    spent: dict[Purpose, Spent] = field(default_factory=_spent)
    notes_written: int = 0
    summaries: int = 0
    failed_summaries: int = 0
    prunes: int = 0
    evictions: int = 0
    window_max: int = 0
    clipped_observations: int = 0
