"""Intervals against published values and against what defines them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.intervals import Interval, Z, bootstrap_mean, paired_difference, wilson

SHARES = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
COUNTS = st.tuples(*[st.integers(0, 60)] * 4).filter(lambda each: sum(each) > 0)


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(hits: int, total: int, low: float, high: float) -> None:
    found = wilson(hits, total)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert found.value == hits / total


@given(SHARES)
def test_wilson_bounds_are_where_the_score_test_turns(share: tuple[int, int]) -> None:
    hits, total = share
    found = wilson(hits, total)
    assert 0 <= found.low <= found.value <= found.high <= 1
    for bound in (found.low, found.high):
        if 0 < bound < 1:
            assert math.isclose(
                (bound - found.value) ** 2, Z * Z * bound * (1 - bound) / total, rel_tol=1e-6
            )
    mirrored = wilson(total - hits, total)
    assert math.isclose(mirrored.low, 1 - found.high, abs_tol=1e-12)


@pytest.mark.parametrize(("hits", "total"), [(0, 0), (3, 2), (-1, 4)])
def test_what_is_no_share(hits: int, total: int) -> None:
    with pytest.raises(ValueError, match=f"{hits} of {total} is no share"):
        wilson(hits, total)


def test_the_bootstrap_is_seeded_and_near_the_normal_interval() -> None:
    values = [(7 * i % 101) / 100 for i in range(150)]  # no ties: each resample has its own mean
    found = bootstrap_mean(values, seed=3)
    assert found == bootstrap_mean(values, seed=3) != bootstrap_mean(values, seed=4)
    mean = sum(values) / len(values)
    error = Z * math.sqrt(sum((v - mean) ** 2 for v in values)) / len(values)
    assert math.isclose(found.value, mean)
    assert abs(found.low - (mean - error)) < 0.004 > abs(found.high - (mean + error))


@settings(deadline=None, max_examples=30)  # each example draws ten thousand resamples
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_the_bootstrap_stays_within_the_values(values: list[float]) -> None:
    found = bootstrap_mean(values)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9


def test_no_values_have_no_mean() -> None:
    with pytest.raises(ValueError, match="no values"):
        bootstrap_mean([])


def test_the_paired_difference_as_published() -> None:
    # Newcombe 1998, Statistics in Medicine 17:2635, tables II and III, method 10.
    found = paired_difference(36, 12, 2, 0)
    assert tuple(round(x, 4) for x in found) == (0.2, 0.0569, 0.3404)
    same = paired_difference(53, 0, 0, 1)
    assert same.low < 0 < same.high, "no difference seen is not no difference"


@given(COUNTS)
def test_the_paired_difference_turns_with_the_arms(counts: tuple[int, int, int, int]) -> None:
    both, first, second, neither = counts
    found = paired_difference(*counts)
    turned = paired_difference(both, second, first, neither)
    assert -1 - 1e-9 <= found.low <= found.value <= found.high <= 1 + 1e-9
    opposite = Interval(-turned.value, -turned.high, -turned.low)
    assert found == pytest.approx(opposite, abs=1e-9)
