"""Sampling against sums over plain lists."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agent.errors import ModelFailed
from agent.lm.sampling import Rows, choose
from agent.lm.types import Sampling

NEVER = float("-inf")
Logits = st.lists(
    st.integers(-40, 40).map(lambda n: n / 8) | st.just(NEVER), min_size=1, max_size=9
)
Logits = Logits.filter(lambda values: max(values) > NEVER)
Share = st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.9, 1.0])


def draw(values: list[float], sampling: Sampling, uniform: float = 0.5) -> int:
    return choose(torch.tensor(values), sampling, uniform)


def reference(values: list[float], sampling: Sampling, uniform: float) -> int:
    """The same draw, one token after another."""
    weights = [math.exp((value - max(values)) / sampling.temperature) for value in values]
    shares = [weight / sum(weights) for weight in weights]
    order = sorted(range(len(values)), key=lambda token: (-shares[token], token))
    kept, before = [], 0.0
    for rank, token in enumerate(order):
        assume(abs(before - sampling.top_p) > 1e-9 or sampling.top_p == 0)
        floor = sampling.min_p * shares[order[0]]
        assume(shares[token] == shares[order[0]] or abs(shares[token] - floor) > 1e-9)
        if rank == 0 or (before < sampling.top_p and shares[token] >= floor):
            kept.append(token)
        before += shares[token]
    reached = 0.0
    for token in kept:
        reached += shares[token]
        # At the very edge between two tokens either is right, and rounding decides.
        assume(abs(uniform * sum(shares[t] for t in kept) - reached) > 1e-12)
        if uniform * sum(shares[t] for t in kept) < reached:
            return token
    return kept[-1]


@settings(max_examples=300, deadline=None)
@given(
    values=Logits,
    temperature=st.sampled_from([1e-308, 0.1, 0.7, 1.0, 3.0]),
    top_p=Share,
    min_p=Share,
    uniform=st.floats(0, 1, exclude_max=True),
)
def test_a_draw_is_the_obvious_one(
    values: list[float], temperature: float, top_p: float, min_p: float, uniform: float
) -> None:
    sampling = Sampling(temperature, top_p, min_p)
    expected = reference(values, sampling, uniform)
    assert values[expected] > NEVER
    assert draw(values, sampling, uniform) == expected


@given(values=Logits, uniform=st.floats(0, 1, exclude_max=True))
def test_temperature_0_is_the_likeliest(values: list[float], uniform: float) -> None:
    chosen = draw(values, Sampling(0.0, top_p=0.1, min_p=0.9), uniform)
    assert chosen == values.index(max(values))


@pytest.mark.parametrize(
    ("temperature", "top_p", "min_p"), [(1.0, 1.0, 0.0), (2.0, 0.8, 0.0), (1.0, 1.0, 0.2)]
)
def test_frequencies_are_the_probabilities(temperature: float, top_p: float, min_p: float) -> None:
    logits = torch.tensor([0.1, 2.0, 1.0, -1.0, 1.5])
    sampling = Sampling(temperature, top_p, min_p)
    expected = torch.softmax(logits.double() / temperature, 0)
    ordered = expected.sort(descending=True).values
    cut = ordered[(ordered.cumsum(0) - ordered) < top_p].min()
    expected[(expected < cut) | (expected < min_p * expected.max())] = 0
    expected /= expected.sum()
    rounds = 4000
    drawn = torch.bincount(
        torch.tensor([choose(logits, sampling, (i + 0.5) / rounds) for i in range(rounds)]),
        minlength=5,
    )
    possible = expected > 0
    assert int(drawn[~possible].sum()) == 0
    chi_square = ((drawn - rounds * expected) ** 2 / (rounds * expected))[possible].sum()
    assert float(chi_square) < 18.5, "0.1% at 4 degrees of freedom"


@given(values=Logits)
def test_logprobs_are_normalised(values: list[float]) -> None:
    rows = Rows(torch.tensor([[0.0] * len(values), values]), Sampling())
    total = sum(math.exp(rows.logprob(1, token)) for token in range(len(values)))
    assert total == pytest.approx(1, abs=1e-5)


@given(values=Logits, temperature=st.sampled_from([0.0, 0.7]), uniform=st.sampled_from([0.1, 0.9]))
def test_rows_are_each_row_alone(values: list[float], temperature: float, uniform: float) -> None:
    sampling = Sampling(temperature)
    rows = Rows(torch.tensor([values[::-1], values]), sampling)
    assert len(rows) == 2
    assert rows.choose(1, uniform) == draw(values, sampling, uniform)
    top = max(torch.softmax(torch.tensor(values), 0).tolist())
    assert rows.top_probability(1) == pytest.approx(top, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [0.0, float("nan")],
            "1 of the model's logits are NaN or infinite; try --dtype fp32",
        ),
        (
            [float("inf"), float("nan")],
            "2 of the model's logits are NaN or infinite; try --dtype fp32",
        ),
        ([NEVER, NEVER], "the model's logits forbid every token; try --dtype fp32"),
    ],
)
def test_logits_that_are_no_distribution(values: list[float], message: str) -> None:
    with pytest.raises(ModelFailed) as failed:
        Rows(torch.tensor([[0.0, 0.0], values]), Sampling())
    assert str(failed.value) == message


def test_a_forbidden_token_is_legal() -> None:
    assert Rows(torch.tensor([[NEVER, 0.0]]), Sampling()).choose(0, 0.5) == 1
