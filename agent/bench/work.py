"""What forward passes computed, counted from a trace, and the arithmetic that this takes. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.lm.burst import masks_carried
from agent.lm.job import GUESS_CONFIDENCE

_BURST = re.compile(r"burst\((\d+), ([\d.e-]+)\)")


@dataclass(frozen=True, slots=True)
class Shape:
    """A causal LM's sizes, in weights: what each position costs."""

    layers: int
    """Weights of all the layers' products."""
    unembedding: int
    """Weights of the output embedding: hidden size times vocabulary."""
    attention: int
    """Layers times heads times the size of a head."""


@dataclass(slots=True)
class Work:
    """Passes, summed up."""

    steps: int = 0
    passes: int = 0
    tokens: int = 0
    positions: int = 0
    """New positions that went through the layers: tokens prefilled or kept, and masks."""
    prefilled: int = 0
    """Those of them that were prefilled."""
    rows: int = 0
    """Positions whose logits were computed."""
    keys: int = 0
    """Keys that all the new positions attended to."""

    def count(self, event: Mapping[str, Any], burst_limit: int) -> None:
        """Count an event of a trace. Guesses of verified slow mode that were rejected are not told."""
        if event["e"] == "step":
            self.steps += event["n"] > 0
        if event["e"] != "generate":
            return
        most, confidence = masks_of(event["mode"], burst_limit)
        # What a pass keeps, the next one computes; the last pass's tokens are in the next prefill.
        kept_before, end = 0, event["window"] - sum(each[2] for each in event["passes"])
        for ids, _, prefill, *_ in event["passes"]:
            masks = masks_carried(most, confidence, kept_before or None)
            fed = prefill + kept_before
            width = fed + masks
            self.passes += 1
            self.tokens += len(ids)
            self.prefilled += prefill
            self.positions += width
            self.rows += max(kept_before, 1) + masks
            self.keys += width * end + width * (width + 1) // 2
            end += fed
            kept_before = len(ids)

    def flops(self, shape: Shape) -> int:
        """Multiplications and additions of the products; norms and the like are not worth counting."""
        return (
            2 * self.positions * shape.layers
            + 2 * self.rows * shape.unembedding
            + 4 * self.keys * shape.attention
        )


def masks_of(mode: str, burst_limit: int) -> tuple[int, float]:
    """The most masks of a pass and the confidence of its cut, from a mode as a trace tells it."""
    burst = _BURST.match(mode)
    if burst:
        return min(int(burst[1]), burst_limit) - 1, float(burst[2])
    return (burst_limit - 1 if "verified" in mode else 0), GUESS_CONFIDENCE
