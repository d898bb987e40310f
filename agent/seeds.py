"""Streams of random numbers, each derived from what it is for, so that none depends on another."""

from __future__ import annotations

import hashlib

# Which games are for what (docs/architecture.md).
FIRST_DEVELOPMENT_SEED = 10_000
"""Games below are trained on; from here on they are developed with, and never trained on."""
FIRST_TEST_SEED = 20_000
"""Games from here on are looked at by whoever quotes a score, and by nobody before."""


def derive(*parts: int | str) -> int:
    """A seed in 0..2^63-1 from (run seed, episode, step, purpose, ...). Same parts, same seed."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
