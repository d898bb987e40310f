"""Whether thoughts are templates in disguise: how well they compress, and how many come twice. Pure."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """What a set of thoughts looks like as text; None where there are none."""

    thoughts: int
    bits_per_token: float | None
    """Bits of the thoughts, compressed together by zlib at its best, for each of their tokens."""
    repeated: float | None
    """The share of thoughts whose exact words occur more than once in the set."""


def wording(thoughts: Sequence[str], tokens: int) -> Wording:
    """Statistics of thoughts that had so many tokens between them."""
    if not thoughts:
        return Wording(0, None, None)
    size = len(zlib.compress("\n".join(thoughts).encode("utf-8", "surrogatepass"), 9))
    counts = Counter(thoughts)
    again = sum(count for count in counts.values() if count > 1)
    return Wording(len(thoughts), 8 * size / tokens if tokens else None, again / len(thoughts))
