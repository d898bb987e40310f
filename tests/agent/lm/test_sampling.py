"""Sampling against sums over plain lists."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agent.errors import ModelFailed
from agent.lm.sampling import check, choose, logprob
from agent.lm.types import Sampling

NEVER = float("-inf")
Logits = st.lists(
    st.integers(-40, 40).map(lambda n: n / 8) | st.just(NEVER), min_size=1, max_size=9
)
Logits = Logits.filter(lambda values: max(values) > NEVER)
Share = st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.9, 1.0])


def draw(values: list[float], sampling: Sampling) -> int:
    return choose(torch.tensor(values), sampling, torch.Generator().manual_seed(sampling.seed))


def reference(values: list[float], sampling: Sampling) -> int:
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
    generator = torch.Generator().manual_seed(sampling.seed)
    uniform = float(torch.rand((), generator=generator, dtype=torch.float64))
    reached = 0.0
    for token in kept:
        reached += shares[token]
        if uniform * sum(shares[t] for t in kept) < reached:
            return token
    return kept[-1]


@settings(max_examples=300, deadline=None)
@given(
    values=Logits,
    temperature=st.sampled_from([1e-308, 0.1, 0.7, 1.0, 3.0]),
    top_p=Share,
    min_p=Share,
    seed=st.integers(0, 50),
)
def test_a_draw_is_the_obvious_one(
    values: list[float], temperature: float, top_p: float, min_p: float, seed: int
) -> None:
    sampling = Sampling(temperature, top_p, min_p, seed)
    expected = reference(values, sampling)
    assert values[expected] > NEVER
    assert draw(values, sampling) == expected


@given(values=Logits, seed=st.integers(0, 50))
def test_temperature_0_is_the_likeliest(values: list[float], seed: int) -> None:
    chosen = draw(values, Sampling(0.0, top_p=0.1, min_p=0.9, seed=seed))
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
    generator, rounds = torch.Generator().manual_seed(7), 4000
    drawn = torch.bincount(
        torch.tensor([choose(logits, sampling, generator) for _ in range(rounds)]), minlength=5
    )
    possible = expected > 0
    assert int(drawn[~possible].sum()) == 0
    chi_square = ((drawn - rounds * expected) ** 2 / (rounds * expected))[possible].sum()
    assert float(chi_square) < 18.5, "0.1% at 4 degrees of freedom"


def test_a_stream_is_one_number_a_draw() -> None:
    """So that what another session draws, or how, cannot shift this one's numbers."""
    used, watched = torch.Generator().manual_seed(3), torch.Generator().manual_seed(3)
    for sampling in (Sampling(1.0), Sampling(0.7, 0.5), Sampling(2.0, 1.0, 0.3)):
        choose(torch.randn(50), sampling, used)
        torch.rand((), generator=watched, dtype=torch.float64)
    assert torch.equal(used.get_state(), watched.get_state())
    choose(torch.randn(50), Sampling(0.0), used)
    assert torch.equal(used.get_state(), watched.get_state()), "greedy draws nothing"


@given(values=Logits)
def test_logprobs_are_normalised(values: list[float]) -> None:
    logits = torch.tensor(values)
    total = sum(math.exp(logprob(logits, token)) for token in range(len(values)))
    assert total == pytest.approx(1)


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
        check(torch.tensor(values))
    assert str(failed.value) == message


def test_a_forbidden_token_is_legal() -> None:
    check(torch.tensor([NEVER, 0.0]))
