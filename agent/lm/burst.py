"""THE idea: one forward pass -> a burst of tokens; the first-token filter.

A pass computes [the tokens kept last time | k-1 masks]. The last kept token's logits give the first
token of the burst: ordinary next-token decoding, and the whole of slow mode. Each mask gives one token
more, made to see the token before it by the sampler head. Then the masks' keys and values are
forgotten, so nothing is left of them but the tokens that were kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch

from agent.lm.network import Network, Part


class Drawn(NamedTuple):
    """A token, and the top-1 probability where it was drawn."""

    token: int
    sure: float


class Reader(Protocol):
    """Draws one session's tokens. Logits are float32."""

    def first(self, logits: torch.Tensor) -> Drawn | None:
        """The burst's first token from the ordinary logits (scored, V); None: the burst is off."""
        ...

    def further(self, logits: torch.Tensor, place: int) -> int:
        """Which of the candidates (C,) becomes the token at `place` (1, 2, ...) of the burst."""
        ...


@dataclass(slots=True)
class Burst:
    """The tokens that one pass emitted, none verified, and each one's top-1 probability."""

    ids: list[int]
    sure: list[float]


def burst_pass(network: Network, parts: Sequence[Part], readers: Sequence[Reader]) -> list[Burst]:
    """One forward pass for several sessions at once."""
    # 1. One pass over [kept tokens | masks] of every session; it keeps nothing of the masks.
    heads = network.forward(parts)
    bursts = [Burst([], []) for _ in parts]
    # 2. The first token of each burst: what one-token decoding would emit.
    for burst, head, reader in zip(bursts, heads, readers, strict=True):
        drawn = reader.first(head.logits)
        if drawn is not None:
            burst.ids.append(drawn.token)
            burst.sure.append(drawn.sure)
    # 3. Place by place, all sessions together: the sampler head sees the token before.
    ranked = network.rank(heads)
    if ranked is None:
        return bursts
    for place in range(1, 1 + max(part.masks for part in parts)):
        rows = [i for i, b in enumerate(bursts) if b.ids and parts[i].masks >= place]
        if not rows:
            break
        logits, sure = network.resample(ranked, rows, place, [bursts[i].ids[-1] for i in rows])
        for row, i in enumerate(rows):
            choice = readers[i].further(logits[row], place)
            bursts[i].ids.append(network.candidate(ranked, i, place, choice))
            bursts[i].sure.append(sure[row])
    return bursts


def confidence_cut(burst: Burst, confidence: float) -> int:
    """How many tokens stay: the longest prefix that is sure enough, and never less than one."""
    unsure = (place for place, p in enumerate(burst.sure) if p < confidence)
    return max(next(unsure, len(burst.ids)), 1)


# How many more tokens behind the first a pass may keep than the last one did.
MORE_MASKS = 3


def masks_carried(most: int, confidence: float, kept: int | None) -> int:
    """How many masks the next pass carries, where the mode has `most`.

    A burst that is cut at an unsure token leaves the masks behind it unread, and on a CPU each costs as
    much as a token. Bursts come in runs of a length, so a pass carries a few more than the last one had
    use for; `kept` is what that kept, None for the first pass of a generation.
    """
    if confidence == 0 or kept is None:
        return most  # nothing is cut, or nothing is known
    return min(most, kept - 1 + MORE_MASKS)


def first_token_filter(ids: Sequence[int]) -> list[int]:
    """Slow mode: keep the first token of a burst and delete the rest."""
    return list(ids[:1])
