"""Pure functions from logits to a token."""

from __future__ import annotations

import math
from typing import NoReturn

import torch

from agent.errors import ModelFailed
from agent.lm.types import Sampling


class Rows:
    """The ordinary logits of some positions, with what each of them needs computed for all at once."""

    def __init__(self, logits: torch.Tensor, sampling: Sampling) -> None:
        """`logits`: (R, V), float32. Raises ModelFailed where a row is no distribution."""
        self._logits, self._sampling = logits, sampling
        totals = logits.logsumexp(-1)  # (R,)
        if not bool(totals.isfinite().all()):
            _complain(logits)
        self._totals: list[float] = totals.tolist()
        best = logits.max(-1)
        self._best: list[int] = best.indices.tolist()
        self._highest: list[float] = best.values.tolist()

    def __len__(self) -> int:
        return len(self._totals)

    def choose(self, row: int, uniform: float) -> int:
        """Draw the token of a row; see `choose`."""
        if self._sampling.temperature == 0:
            return self._best[row]
        return choose(self._logits[row], self._sampling, uniform)

    def logits(self, row: int) -> torch.Tensor:
        """One row. # (V,)"""
        return self._logits[row]

    def logprob(self, row: int, token: int) -> float:
        """Natural log-probability of `token` under ordinary decoding at temperature 1."""
        return float(self._logits[row, token]) - self._totals[row]

    def top_probability(self, row: int) -> float:
        """Of the row's likeliest token, at temperature 1."""
        return math.exp(self._highest[row] - self._totals[row])


def _complain(logits: torch.Tensor) -> NoReturn:
    """-inf is legal for a token (it is forbidden), but not for all of them."""
    bad = int((torch.isnan(logits) | torch.isposinf(logits)).sum())
    if bad:
        raise ModelFailed(f"{bad} of the model's logits are NaN or infinite; try --dtype fp32")
    raise ModelFailed("the model's logits forbid every token; try --dtype fp32")


def choose(
    logits: torch.Tensor,  # (V,)
    sampling: Sampling,
    uniform: float,
) -> int:
    """Draw one token. Greedy at temperature 0; otherwise top-p, then min-p, then one draw.

    The draw inverts the cumulative distribution at `uniform` (0..1), the random number of the token's
    position: a position draws with the same number in every mode and in every batch.
    """
    if sampling.temperature == 0:
        return int(logits.argmax())
    # Less the maximum first, so that no temperature, however small, overflows.
    shifted = logits - logits.max()  # (V,), <= 0
    # min-p first: it leaves a handful of a whole vocabulary to be computed and sorted.
    floor = sampling.temperature * math.log(sampling.min_p) if sampling.min_p > 0 else -math.inf
    likely = torch.nonzero(shifted >= floor).flatten()
    weights = torch.exp(shifted[likely].double() / sampling.temperature)
    ordered, order = weights.sort(descending=True, stable=True)
    if sampling.top_p < 1:
        whole = torch.exp(shifted.double() / sampling.temperature).sum()
        keep = (ordered.cumsum(0) - ordered) < sampling.top_p * whole  # a prefix
        keep[0] = True  # top_p 0 keeps the likeliest, like any small top_p
        ordered = ordered[keep]
    kept = ordered.cumsum(0)
    index = int(torch.searchsorted(kept, uniform * kept[-1], right=True))
    return int(likely[order[min(index, len(kept) - 1)]])
