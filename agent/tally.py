"""What an episode cost and what came of it, counted from the events of its trace.

The same count serves an episode that is being played and one that is read again, so a resumed episode's
figures cover all of it, and a row can be derived from the record.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.lm.types import Purpose


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

    def count(self, event: Mapping[str, Any]) -> None:
        """Count a `generate` event. Bits are -log2 p of the kept tokens under one-token decoding."""
        self.generations += 1
        for ids, logprobs, prefill, *judged in event["passes"]:
            self.passes += 1
            self.tokens += len(ids)
            self.prefill_tokens += prefill
            self.lengths[len(ids)] = self.lengths.get(len(ids), 0) + 1
            known = [x for x in logprobs if x is not None]
            if len(known) == len(ids):
                self.scored_passes += 1
                self.bits -= sum(known) / math.log(2)
            agreed = [each for each in (judged[0] if judged else ()) if each is not None]
            self.burst_positions += len(agreed)
            self.agreed += sum(agreed)
        self.wall_s += event["wall_ms"] / 1000


def _spent() -> dict[Purpose, Spent]:
    return {"think": Spent(), "summarise": Spent(), "act": Spent()}


@dataclass(slots=True)
class Tally:
    """Everything that a results row counts."""

    spent: dict[Purpose, Spent] = field(default_factory=_spent)
    steps: int = 0
    listed: int | None = None
    """Actions that the game had listed as possible; None before the first, and where it lists none."""
    notes_written: int = 0
    summaries: int = 0
    failed_summaries: int = 0
    prunes: int = 0
    evictions: int = 0
    window_max: int = 0
    """The longest window that a pass or a committed step has seen, in tokens."""
    clipped_observations: int = 0
    wall_ms: float = 0.0
    """From the episode's start to its last committed step, pauses of the run left out."""

    def count(self, event: Mapping[str, Any]) -> None:
        """Count one event of a trace."""
        kind = event["e"]
        if kind == "generate":
            self.spent[event["purpose"]].count(event)
            kept = sum(len(each[0]) for each in event["passes"])
            self.window_max = max(self.window_max, event["window"] + kept)
        elif kind == "segment":
            self.clipped_observations += event.get("clipped", False)
        elif kind == "summary":
            self.summaries += event["refused"] is None
            self.failed_summaries += event["refused"] is not None
            self.notes_written += event["notes"]
        elif kind == "prune" and event["kind"] != "rebuilt":
            self.prunes += 1
            self.evictions += event["kind"] == "evicted"
        elif kind == "step":
            self.steps = event["n"]
            if event["n"]:  # step 0 is the reset: nobody acted
                listed = event.get("listed")
                before = 0 if event["n"] == 1 else self.listed
                self.listed = None if listed is None or before is None else before + listed
            self.window_max = max(self.window_max, event["window"])
            self.wall_ms = event["wall_ms"]
