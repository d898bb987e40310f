"""The losses of bursts: at the masks, after the sampler head, and between hidden states.

What the sampler head re-ranks, and the probabilities that come of it, are those of agent/lm/network.py
(`rank`, `resample`): the head moves the logits of a mask's likeliest tokens and of no other.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from agent.lm.resampler import without


@dataclass(slots=True)
class Candidates:
    """The likeliest tokens of each mask, before the sampler head. N: masks, C: candidates."""

    ids: torch.Tensor  # (N, C)
    logits: torch.Tensor  # (N, C), float32
    words: torch.Tensor  # (N, C, D): their output embeddings
    everything: torch.Tensor  # (N,): log of the sum of all exponentials
    rest: torch.Tensor  # (N,): the same without the candidates


def candidates(logits: torch.Tensor, count: int, unembed: torch.Tensor) -> Candidates:
    """Rank each mask's tokens. # (N, V) float32, (V, D)"""
    best, ids = logits.topk(min(count, logits.shape[1]))
    everything, top = logits.logsumexp(-1), best.logsumexp(-1)
    return Candidates(ids, best, unembed[ids], everything, without(everything, top))


def moved(found: Candidates, change: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The candidates' logits after the sampler head, and the log of the new sum of all exponentials.

    `change` is what the head gave, (N, D). Returns (N, C) and (N,).
    """
    products = torch.einsum("ncd,nd->nc", found.words.to(change.dtype), change)
    logits = found.logits + products.float()
    return logits, torch.logaddexp(logits.logsumexp(-1), found.rest)


def mask_loss(logits: torch.Tensor, found: Candidates, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy at each mask. # (N, V), targets (N,) -> (N,)"""
    return found.everything - logits.gather(1, targets[:, None])[:, 0]


def sampler_loss(
    logits: torch.Tensor,
    found: Candidates,
    change: torch.Tensor,
    targets: torch.Tensor,
    unembed: torch.Tensor,
) -> torch.Tensor:
    """Cross-entropy of each mask's token after the sampler head. # (N,)

    A target that is no candidate counts as one more, so that the head learns to raise it; at inference
    it could not have been chosen.
    """
    _, total = moved(found, change)
    words = unembed[targets].to(change.dtype)  # (N, D)
    target = logits.gather(1, targets[:, None])[:, 0] + (words * change).sum(-1).float()
    among = (found.ids == targets[:, None]).any(-1)
    return torch.where(among, total, torch.logaddexp(total, target)) - target


def survival(sure: torch.Tensor, starts: torch.Tensor, least: float) -> torch.Tensor:
    """How likely each mask's token is to be reached at play, where a burst is cut at an unsure one.

    The product of the top-1 probabilities of the masks before it in its region, and never less than
    `least`. # (N,), (N,) bool at the first mask of each region -> (N,)
    """
    logs = sure.clamp(min=1e-6).log()
    before = logs.cumsum(0) - logs
    return (before - before[starts][starts.cumsum(0) - 1]).exp().clamp(min=least)


def consistency_loss(hidden: torch.Tensor, ordinary: torch.Tensor) -> torch.Tensor:
    """Squared distance of each mask's hidden state to the ordinary one at its position. # (N, D) -> (N,)

    Relative to the ordinary one's square, so that its weight means the same for every model.
    """
    ordinary = ordinary.detach().float()
    return (hidden.float() - ordinary).square().sum(-1) / ordinary.square().sum(-1).clamp(min=1e-9)
