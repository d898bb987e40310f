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
    scored_passes: int = 0
    """Passes all of whose tokens are known under one-token decoding: what `bits` is over."""
    burst_positions: int = 0
    """Tokens at positions 2..k of a burst of which it is known whether they agree."""
    agreed: int = 0
    lengths: dict[int, int] = field(default_factory=dict)
    """Passes by how many tokens they kept."""
    wall_s: float = 0.0

    def add(self, generation: Generation) -> None:
        """Count one generation. Bits are -log2 p of the kept tokens under one-token decoding."""
        self.generations += 1
        self.passes += len(generation.passes)
        self.tokens += len(generation.token_ids)
        self.prefill_tokens += generation.prefill_tokens
        for each in generation.passes:
            kept = len(each.token_ids)
            self.lengths[kept] = self.lengths.get(kept, 0) + 1
            known = [x for x in each.logprobs if x is not None]
            if len(known) == kept:
                self.scored_passes += 1
                self.bits -= sum(known) / math.log(2)
            judged = [agreed for agreed in each.agreed if agreed is not None]
            self.burst_positions += len(judged)
            self.agreed += sum(judged)
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
