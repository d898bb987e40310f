"""Going round in circles: the same observation comes again and again.

A greedy model that gives one command twice in the same situation gives it for ever: what it reads is its
own circle. A drawn thought may leave it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

SPAN = 12
"""Observations that are looked back on: circles of up to five steps show TIMES in them."""
TIMES = 3
"""So often the newest of them has to stand there. Twice is common on a way back."""


class Circles:
    """The last observations of an episode, by their digests."""

    def __init__(self) -> None:
        self._last: deque[str] = deque(maxlen=SPAN)

    def see(self, digests: Iterable[str]) -> None:
        """Take in what was observed, oldest first."""
        self._last.extend(digests)

    @property
    def closed(self) -> bool:
        """Whether the newest observation has come so often that the episode goes in circles."""
        return bool(self._last) and self._last.count(self._last[-1]) >= TIMES
