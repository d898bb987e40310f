"""The sampler head at work: each mask's likeliest tokens, ranked anew once the token before is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import silu

from agent.lm.adapter import BurstAdapter
from agent.lm.packed import linear


@dataclass(frozen=True, slots=True)
class Ranked:
    """The likeliest tokens of every mask of a pass. M: masks of all sessions, C: candidates."""

    ids: torch.Tensor  # (M, C)
    logits: torch.Tensor  # (M, C), float32
    rest: torch.Tensor  # (M,): log of what all other tokens add to the sum of exponentials
    words: torch.Tensor  # (M, C, D): their output embeddings
    prepared: (
        torch.Tensor
    )  # (M, S): the half of the sampler's first layer that the hidden state gives


def without(everything: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
    """log(exp(everything) - exp(part)), finite where the part is nearly all. # (M,), (M,) -> (M,)"""
    return everything + torch.log1p(-torch.exp(part - everything).clamp(max=1 - 1e-6))


class Resampler:
    """The sampler head over a few candidates: on the whole vocabulary it would cost more than a pass."""

    def __init__(self, adapter: BurstAdapter, embed: Any, unembed: torch.Tensor) -> None:
        """`embed` maps token ids to embeddings, `unembed` is the output embedding (V, D)."""
        sampler, hidden = adapter.sampler, adapter.config.hidden_size
        self._candidates = min(adapter.config.candidates, len(unembed))
        self._embed, self._unembed = embed, unembed
        # One layer on [previous; hidden], in two halves: the second is known for all masks at once.
        self._before = linear(sampler.inner.weight[:, :hidden].contiguous())
        self._here = linear(sampler.inner.weight[:, hidden:].contiguous(), sampler.inner.bias)
        self._outer = linear(sampler.outer.weight, sampler.outer.bias)

    def rank(self, logits: torch.Tensor, hidden: torch.Tensor) -> Ranked:
        """Candidates of all masks, from their logits (M, V) and hidden states (M, D)."""
        best, ids = logits.float().topk(self._candidates)
        everything, top = logits.float().logsumexp(-1), best.logsumexp(-1)
        return Ranked(ids, best, without(everything, top), self._unembed[ids], self._here(hidden))

    def resample(
        self, ranked: Ranked, masks: Sequence[int], previous: Sequence[int]
    ) -> tuple[torch.Tensor, list[float]]:
        """Candidates' logits (B, C) for these masks, given the token before each.

        And each one's top-1 probability over the whole vocabulary.
        """
        device = ranked.ids.device
        at: Any = slice(masks[0], masks[0] + 1)  # one session's: a view
        if len(masks) > 1:
            at = torch.tensor(masks, device=device)
        before = self._before(self._embed(torch.tensor(previous, device=device)))  # (B, S)
        change = self._outer(silu(before + ranked.prepared[at]))  # (B, D)
        logits = ranked.logits[at] + (ranked.words[at] @ change[:, :, None])[..., 0].float()
        total = torch.logaddexp(logits.logsumexp(-1), ranked.rest[at])
        return logits, torch.exp(logits.amax(-1) - total).tolist()
