"""Intervals of 95%: of a share, of a mean, and of what two arms differ by on the same games. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Z = 1.959963984540054  # the 97.5% point of the normal distribution
RESAMPLES = 10_000


class Interval(NamedTuple):
    """An estimate and the bounds between which the truth lies in 95 cases of 100."""

    value: float
    low: float
    high: float


def wilson(hits: int, total: int) -> Interval:
    """The share hits / total with Wilson's score interval (1927), which holds near 0 and 1 too.

    Raises ValueError unless 0 <= hits <= total and total > 0.
    """
    if not 0 <= hits <= total or total == 0:
        raise ValueError(f"{hits} of {total} is no share")
    share = hits / total
    middle = share + Z * Z / (2 * total)
    spread = Z * math.sqrt(share * (1 - share) / total + Z * Z / (4 * total * total))
    scale = 1 + Z * Z / total
    # Exact at the ends, where rounding would leave 1e-17 on the wrong side.
    low = 0.0 if hits == 0 else (middle - spread) / scale
    high = 1.0 if hits == total else (middle + spread) / scale
    return Interval(share, low, high)


def bootstrap_mean(values: Sequence[float], seed: int = 0) -> Interval:
    """The mean with its percentile bootstrap interval: RESAMPLES resamples from a seeded stream.

    Raises ValueError without values.
    """
    if not values:
        raise ValueError("no values have no mean")
    drawn = np.asarray(values, dtype=float)  # (n,)
    stream = np.random.default_rng(seed)
    # In blocks: an index of all resamples at once would take 80 MB for a thousand games.
    block = max(1, 1_000_000 // len(drawn))
    means: list[float] = []
    while len(means) < RESAMPLES:
        rows = min(block, RESAMPLES - len(means))
        picks = stream.integers(0, len(drawn), size=(rows, len(drawn)))  # (rows, n)
        means.extend(drawn[picks].mean(axis=1).tolist())
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(drawn.mean()), float(low), float(high))


def paired_difference(both: int, first: int, second: int, neither: int) -> Interval:
    """The difference of two shares over the same cases: first's less second's.

    `both`, `first`, `second` and `neither` count the cases in which both hit, only the first, only
    the second, and neither. Newcombe's interval (1998, Statistics in Medicine 17:2635, method 10):
    Wilson's intervals of the two shares, joined by their correlation. Unlike a bootstrap it does not
    shrink to nothing where no case tells the two apart. Raises ValueError without cases.
    """
    total = both + first + second + neither
    one, two = wilson(both + first, total), wilson(both + second, total)
    difference = (first - second) / total
    phi = _correlation(both, first, second, neither)

    def join(a: float, b: float) -> float:
        return math.sqrt(max(a * a - 2 * phi * a * b + b * b, 0.0))

    low = difference - join(one.value - one.low, two.high - two.value)
    high = difference + join(one.high - one.value, two.value - two.low)
    return Interval(difference, low, high)


def _correlation(both: int, first: int, second: int, neither: int) -> float:
    """The phi coefficient, with Newcombe's correction for continuity where it is positive."""
    margins = (both + first) * (second + neither) * (both + second) * (first + neither)
    if margins == 0:
        return 0.0
    product = both * neither - first * second
    if product > 0:
        product = max(product - (both + first + second + neither) / 2, 0)  # type: ignore[assignment]
    return product / math.sqrt(margins)
