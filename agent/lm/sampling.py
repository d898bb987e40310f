"""Pure functions from logits to a token."""

from __future__ import annotations

import torch

from agent.errors import ModelFailed
from agent.lm.types import Sampling


def check(logits: torch.Tensor) -> None:
    """Raise ModelFailed where logits are no distribution; -inf is legal (a forbidden token)."""
    bad = int((torch.isnan(logits) | torch.isposinf(logits)).sum())
    if bad:
        raise ModelFailed(f"{bad} of the model's logits are NaN or infinite; try --dtype fp32")
    if bool(torch.isneginf(logits).all()):
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
    shifted = logits.double() - logits.max()  # (V,), <= 0
    probabilities = torch.softmax(shifted / sampling.temperature, dim=-1)  # (V,)
    # min-p first: it leaves a handful of a whole vocabulary to be sorted.
    likely = torch.nonzero(probabilities >= sampling.min_p * probabilities.max()).flatten()
    ordered, order = probabilities[likely].sort(descending=True, stable=True)
    keep = (ordered.cumsum(0) - ordered) < sampling.top_p  # a prefix
    keep[0] = True  # top_p 0 keeps the likeliest, like any small top_p
    kept = ordered[keep].cumsum(0)
    index = int(torch.searchsorted(kept, uniform * kept[-1], right=True))
    return int(likely[order[min(index, len(kept) - 1)]])


def logprob(logits: torch.Tensor, token: int) -> float:
    """Natural log-probability of `token` under ordinary decoding at temperature 1. `logits`: (V,)."""
    return float(logits[token].double() - torch.logsumexp(logits.double(), dim=-1))
