"""A causal LM, and the burst adapter where there is one, behind one ragged forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from agent.errors import AdapterMismatch, ModelUnavailable
from agent.lm.adapter import BurstAdapter
from agent.lm.packed import pack
from agent.lm.ragged import IMPLEMENTATION, Slot, SlotCache, Stretch, stretches


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
    mask_logits: torch.Tensor  # (masks, V), float32
    mask_hidden: torch.Tensor  # (masks, D)


@dataclass(frozen=True, slots=True)
class Ranked:
    """The likeliest tokens of every mask of a pass. M: masks of all sessions, C: candidates."""

    starts: list[int]  # where each session's masks begin
    ids: torch.Tensor  # (M, C)
    logits: torch.Tensor  # (M, C)
    rest: torch.Tensor  # (M,): log of what all other tokens add to the sum of exponentials
    hidden: torch.Tensor  # (M, D)


class PassFailed(Exception):
    """The backbone raised in a forward pass; the cause is what it raised. No slot has changed."""


class Network:
    """The forward pass. Owns the backbone and the adapter; one thread may use it."""

    def __init__(self, backbone: Any, adapter: BurstAdapter | None = None) -> None:
        """Raises ModelUnavailable for an architecture that transformers does not let us attend for."""
        self.backbone, self.adapter = backbone, adapter
        self.device: torch.device = backbone.device
        backbone.set_attn_implementation(IMPLEMENTATION)
        if backbone.config._attn_implementation != IMPLEMENTATION:
            raise ModelUnavailable(
                f"{type(backbone).__name__} does not use transformers' attention interface, which "
                "batches of unequal sessions need; use a Llama, Qwen, Gemma, Mistral, Phi or GPT-2 kind"
            )
        self._cache = SlotCache()
        self._embed = backbone.get_input_embeddings()
        self._unembed: torch.Tensor = backbone.get_output_embeddings().weight  # (V, D)
        self._hidden: torch.Tensor = torch.empty(0)
        if self.device.type == "cpu":
            pack(backbone)
        backbone.get_output_embeddings().register_forward_pre_hook(self._keep_hidden)
        if adapter is not None:
            adapter.attach(backbone)

    @property
    def most_masks(self) -> int:
        """How many masks a pass may carry."""
        return self.adapter.config.k - 1 if self.adapter else 0

    def forward(self, parts: Sequence[Part]) -> list[Heads]:
        """One pass. Afterwards each slot counts the new tokens, and no slot counts a mask."""
        layout = [len(part.tokens) + part.masks for part in parts]
        starts = [sum(layout[:i]) for i in range(len(parts))]
        wanted: list[int] = []
        gated: list[int] = []
        positions: list[int] = []
        rows = [
            Stretch(part.slot, start, start + size)
            for part, start, size in zip(parts, starts, layout, strict=True)
        ]
        for part, start, size in zip(parts, starts, layout, strict=True):
            first_mask = start + len(part.tokens)
            wanted += range(first_mask - part.scored, start + size)
            gated += range(first_mask, start + size)
            positions += range(part.slot.length, part.slot.length + size)
        try:
            with stretches(rows), self._gate(gated):
                output = self.backbone(
                    inputs_embeds=self._embeddings(parts),
                    position_ids=torch.tensor([positions], device=self.device),
                    past_key_values=self._cache,
                    use_cache=True,
                    logits_to_keep=torch.tensor(wanted, device=self.device),
                )
        except Exception as error:
            raise PassFailed from error
        for part in parts:
            part.slot.length += len(part.tokens)
        return self._split(parts, output.logits[0].float(), self._hidden[0])

    def _split(
        self, parts: Sequence[Part], logits: torch.Tensor, hidden: torch.Tensor
    ) -> list[Heads]:
        heads, at = [], 0
        for part in parts:
            masks = at + part.scored
            end = masks + part.masks
            heads.append(Heads(logits[at:masks], logits[masks:end], hidden[masks:end]))
            at = end
        return heads

    def _embeddings(self, parts: Sequence[Part]) -> torch.Tensor:
        """Embeddings of all new positions, masks included. # (1, N, D)"""
        tokens = [token for part in parts for token in part.tokens]
        embedded = self._embed(torch.tensor(tokens, device=self.device))  # (T, D)
        if self.adapter is None or not any(part.masks for part in parts):
            return embedded[None]  # type: ignore[no-any-return]
        masks = self.adapter.masks.to(embedded.dtype)
        pieces, at = [], 0
        for part in parts:
            pieces += [embedded[at : at + len(part.tokens)], masks[: part.masks]]
            at += len(part.tokens)
        return torch.cat(pieces)[None]

    def _gate(self, gated: list[int]) -> Any:
        if not gated:
            return nullcontext()
        if self.adapter is None:
            raise AdapterMismatch("masks were asked for, and the model has no burst adapter")
        contiguous = gated[-1] - gated[0] + 1 == len(gated)
        at = (
            slice(gated[0], gated[-1] + 1)
            if contiguous
            else torch.tensor(gated, device=self.device)
        )
        return self.adapter.gate(at)

    def _keep_hidden(self, _module: Any, args: tuple[torch.Tensor, ...]) -> None:
        self._hidden = args[0]

    def rank(self, heads: Sequence[Heads]) -> Ranked | None:
        """Each mask's candidates, all sessions together; None where the pass had no masks."""
        counts = [len(head.mask_logits) for head in heads]
        if self.adapter is None or not any(counts):
            return None
        logits = torch.cat([head.mask_logits for head in heads])  # (M, V)
        best, ids = logits.topk(min(self.adapter.config.candidates, logits.shape[1]))
        everything, top = logits.logsumexp(-1), best.logsumexp(-1)
        rest = everything + torch.log1p(-torch.exp(top - everything).clamp(max=1 - 1e-6))
        hidden = torch.cat([head.mask_hidden for head in heads])
        starts = [sum(counts[:i]) for i in range(len(counts))]
        return Ranked(starts, ids, best, rest, hidden)

    def resample(
        self, ranked: Ranked, rows: Sequence[int], place: int, previous: Sequence[int]
    ) -> tuple[torch.Tensor, list[float]]:
        """Candidates' logits for these sessions' token at `place`, given the token before it.

        Returns logits (B, C) and each session's top-1 probability over the whole vocabulary.
        """
        assert self.adapter is not None
        at = torch.tensor([ranked.starts[row] + place - 1 for row in rows], device=self.device)
        before = self._embed(torch.tensor(previous, device=self.device))  # (B, D)
        change = self.adapter.sampler(before, ranked.hidden[at])  # (B, D)
        words = self._unembed[ranked.ids[at]]  # (B, C, D)
        logits = ranked.logits[at] + torch.einsum("bcd,bd->bc", words, change).float()
        total = torch.logaddexp(logits.logsumexp(-1), ranked.rest[at])
        return logits, torch.exp(logits.max(-1).values - total).tolist()

    def candidate(self, ranked: Ranked, row: int, place: int, choice: int) -> int:
        """The token that a candidate's index stands for."""
        return int(ranked.ids[ranked.starts[row] + place - 1, choice])
