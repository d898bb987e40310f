"""Coin collector: take the coin where it lies, else explore depth first."""

from __future__ import annotations

from agent.train.player.belief import Belief
from agent.train.player.decision import Decision
from agent.train.player.explore import explore


def decide(belief: Belief) -> Decision:
    """The next move."""
    here = belief.here
    if here is not None and "coin" in here.items:
        return Decision("take coin", "coin", {"here": here.name})
    return explore(belief, "the coin")
