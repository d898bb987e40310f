"""A causal LM, and the burst adapter where there is one, behind one ragged forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from agent.errors import AdapterMismatch
from agent.lm import llama
from agent.lm.adapter import BurstAdapter
from agent.lm.llama import LlamaTrunk
from agent.lm.ragged import RaggedTrunk
from agent.lm.resampler import Ranked, Resampler
from agent.lm.slots import Slot, Slots
from agent.lm.trunk import Layout, Stretch, Trunk


@dataclass(frozen=True, slots=True)
class Part:
    """One session's share of a pass: new tokens, then masks.

    Logits are wanted for the last `scored` of the tokens (at least one).
    """

    slot: Slot
    tokens: Sequence[int]
    masks: int = 0
    scored: int = 1


@dataclass(frozen=True, slots=True)
class Heads:
    """What a pass computed for one session. V: vocabulary, D: hidden size."""

    logits: torch.Tensor  # (scored, V), float32: ordinary next-token logits
    mask_logits: torch.Tensor  # (masks, V)
    mask_hidden: torch.Tensor  # (masks, D)


@dataclass(frozen=True, slots=True)
class Candidates:
    """The ranked masks of a pass, and where each session's begin among them."""

    starts: list[int]
    ranked: Ranked


class PassFailed(Exception):
    """The backbone raised in a forward pass; the cause is what it raised. No slot has changed."""


class Network:
    """The forward pass. Owns the backbone and the adapter; one thread may use it."""

    def __init__(
        self, backbone: Any, adapter: BurstAdapter | None = None, *, fast: bool = True
    ) -> None:
        """`fast` takes the Llama path where it serves the backbone.

        Raises ModelUnavailable for an architecture that no path serves.
        """
        self.adapter = adapter
        self.device: torch.device = backbone.device
        self.dtype: torch.dtype = backbone.dtype
        self.config: Any = backbone.config.get_text_config()
        self.slots = Slots()
        self._embed = backbone.get_input_embeddings()
        unembed: torch.Tensor = backbone.get_output_embeddings().weight  # (V, D)
        self._resampler = Resampler(adapter, self._embed, unembed) if adapter else None
        path: Any = LlamaTrunk if fast and llama.serves(backbone) else RaggedTrunk
        self._trunk: Trunk = path(backbone, adapter, self.slots)

    @property
    def most_masks(self) -> int:
        """How many masks a pass may carry."""
        return self.adapter.config.k - 1 if self.adapter else 0

    def forward(self, parts: Sequence[Part]) -> list[Heads]:
        """One pass. Afterwards each slot counts the new tokens, and no slot counts a mask."""
        try:
            layout = self._layout(parts)
            logits, hidden = self._trunk.compute(self._embeddings(parts), layout)
        except Exception as error:
            raise PassFailed from error
        heads, at = [], 0
        for part in parts:
            part.slot.length += len(part.tokens)
            masks = at + part.scored
            end = masks + part.masks
            heads.append(Heads(logits[at:masks].float(), logits[masks:end], hidden[masks:end]))
            at = end
        return heads

    def _layout(self, parts: Sequence[Part]) -> Layout:
        stretches: list[Stretch] = []
        positions: list[int] = []
        rows: list[int] = []
        gated: list[int] = []
        wanted: list[int] = []
        start = 0
        for part in parts:
            size = len(part.tokens) + part.masks
            first_mask, stop = start + len(part.tokens), start + size
            stretches.append(Stretch(part.slot, start, stop))
            positions += range(part.slot.length, part.slot.length + size)
            rows += [part.slot.row] * size
            gated += range(first_mask, stop)
            wanted += range(first_mask - part.scored, stop)
            start = stop
        if gated and self.adapter is None:
            raise AdapterMismatch("masks were asked for, and the model has no burst adapter")
        self.slots.reserve(max(each.total for each in stretches))
        return Layout(
            stretches,
            self._indices(positions),
            self._indices(rows),
            self._span(gated),
            self._indices(wanted),
        )

    def _indices(self, numbers: Sequence[int]) -> torch.Tensor:
        return torch.tensor(numbers, device=self.device)

    def _span(self, gated: list[int]) -> slice | torch.Tensor | None:
        if not gated:
            return None
        contiguous = gated[-1] - gated[0] + 1 == len(gated)
        return slice(gated[0], gated[-1] + 1) if contiguous else self._indices(gated)

    def _embeddings(self, parts: Sequence[Part]) -> torch.Tensor:
        """Embeddings of all new positions, masks included. # (N, D)"""
        tokens = [token for part in parts for token in part.tokens]
        embedded: torch.Tensor = self._embed(self._indices(tokens))  # (T, D)
        if self.adapter is None or not any(part.masks for part in parts):
            return embedded
        masks = self.adapter.masks.to(embedded.dtype)
        pieces, at = [], 0
        for part in parts:
            pieces += [embedded[at : at + len(part.tokens)], masks[: part.masks]]
            at += len(part.tokens)
        return torch.cat(pieces)

    def rank(self, heads: Sequence[Heads]) -> Candidates | None:
        """Each mask's candidates, all sessions together; None where the pass had no masks."""
        counts = [len(head.mask_logits) for head in heads]
        if self._resampler is None or not any(counts):
            return None
        ranked = self._resampler.rank(
            torch.cat([head.mask_logits for head in heads]),
            torch.cat([head.mask_hidden for head in heads]),
        )
        return Candidates([sum(counts[:i]) for i in range(len(counts))], ranked)

    def resample(
        self, candidates: Candidates, rows: Sequence[int], place: int, previous: Sequence[int]
    ) -> tuple[torch.Tensor, list[float]]:
        """Candidates' logits for these sessions' token at `place`, given the token before it.

        Returns logits (B, C) and each session's top-1 probability over the whole vocabulary.
        """
        assert self._resampler is not None
        masks = [candidates.starts[row] + place - 1 for row in rows]
        return self._resampler.resample(candidates.ranked, masks, previous)

    def candidate(self, candidates: Candidates, row: int, place: int, choice: int) -> int:
        """The token that a candidate's index stands for."""
        return int(candidates.ranked.ids[candidates.starts[row] + place - 1, choice])
