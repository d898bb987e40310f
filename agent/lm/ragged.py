"""A ragged forward pass through any transformers causal LM: many sessions of unequal length at once.

The new positions of all sessions are laid end to end as one sequence, so every matrix product sees them
together and none of them is padding. Only attention looks at sessions one by one: it is registered with
transformers as an attention implementation of its own, so every architecture that uses that interface is
served without touching its source.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, Cache

from agent.errors import ModelFailed, ModelUnavailable
from agent.lm.adapter import BurstAdapter
from agent.lm.packed import pack
from agent.lm.slots import Slots
from agent.lm.trunk import Layout, causal

IMPLEMENTATION = "steno_ragged"


class RaggedTrunk:
    """The general path: the architecture's own layers, attending to the slots."""

    def __init__(self, backbone: Any, adapter: BurstAdapter | None, slots: Slots) -> None:
        """Raises ModelUnavailable for an architecture that transformers does not let us attend for."""
        backbone.set_attn_implementation(IMPLEMENTATION)
        if backbone.config._attn_implementation != IMPLEMENTATION:
            raise ModelUnavailable(
                f"{type(backbone).__name__} does not use transformers' attention interface, which "
                "batches of unequal sessions need; use a Llama, Qwen, Gemma, Mistral, Phi or GPT-2 kind"
            )
        self._backbone, self._adapter = backbone, adapter
        self._cache = _SlotCache(slots)
        self._hidden = torch.empty(0)
        if backbone.device.type == "cpu":
            pack(backbone)
        backbone.get_output_embeddings().register_forward_pre_hook(self._keep_hidden)
        if adapter is not None:
            adapter.attach(backbone)

    def compute(self, embedded: torch.Tensor, layout: Layout) -> tuple[torch.Tensor, torch.Tensor]:
        """See Trunk."""
        with _running(_Pass(layout)), _gate(self._adapter, layout.gated):
            output = self._backbone(
                inputs_embeds=embedded[None],
                position_ids=layout.positions[None],
                past_key_values=self._cache,
                use_cache=True,
                logits_to_keep=layout.wanted,
            )
        return output.logits[0], self._hidden[0]

    def _keep_hidden(self, _module: Any, args: tuple[torch.Tensor, ...]) -> None:
        self._hidden = args[0]


@contextmanager
def _gate(adapter: BurstAdapter | None, gated: slice | torch.Tensor | None) -> Iterator[None]:
    if adapter is None or gated is None:
        yield
    else:
        with adapter.gate(gated):
            yield


@dataclass(slots=True)
class _Pass:
    """A layout, and its stretches' masks by sliding window: built once a pass, not once a layer."""

    layout: Layout
    masks: dict[tuple[int, int | None], torch.Tensor | None] = field(default_factory=dict)

    def mask(
        self, index: int, window: int | None, device: torch.device
    ) -> torch.Tensor | None:  # (T, L), or None: all are seen
        if (index, window) not in self.masks:
            stretch = self.layout.stretches[index]
            everything = stretch.width == 1 and (window is None or stretch.total <= window)
            self.masks[index, window] = None if everything else causal(stretch, device, window)
        return self.masks[index, window]


_pass: ContextVar[_Pass] = ContextVar("pass")


@contextmanager
def _running(what: _Pass) -> Iterator[None]:
    token = _pass.set(what)
    try:
        yield
    finally:
        _pass.reset(token)


class _SlotCache(Cache):
    """What transformers sees of the slots: a cache that stores each session's part in its own row."""

    def __init__(self, slots: Slots) -> None:
        super().__init__(layers=[])
        self.slots = slots

    def update(
        self,
        key_states: torch.Tensor,
        value_states: torch.Tensor,
        layer_idx: int,
        *_args: Any,
        **_kwargs: Any,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Store (1, H, N, D) of the ragged sequence; attention reads the slots, not what returns."""
        layout = _pass.get().layout
        keys, values = key_states[0].transpose(0, 1), value_states[0].transpose(0, 1)
        self.slots.write(layer_idx, layout.rows, layout.positions, keys, values)
        return key_states, value_states

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """0: positions are given explicitly, so nobody may derive them from here."""
        return 0


def ragged_attention(
    module: torch.nn.Module,
    query: torch.Tensor,  # (1, Hq, N, D)
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of each session's new positions to its own keys. Returns (1, N, Hq, D)."""
    if s_aux is not None:
        raise ModelFailed(
            f"{type(module).__name__} uses attention sinks, which ragged batches do not support"
        )
    layer: int = module.layer_idx  # type: ignore[assignment]
    running = _pass.get()
    outputs = []
    for index, each in enumerate(running.layout.stretches):
        keys, values = each.slot.read(layer, each.total)
        part = query[:, :, each.start : each.stop]  # (1, Hq, T, D)
        mask = running.mask(index, sliding_window, query.device)
        if softcap is None:
            grouped = part.shape[1] != keys.shape[1]
            out = scaled_dot_product_attention(
                part, keys, values, attn_mask=mask, scale=scaling, enable_gqa=grouped
            )
        else:
            out = capped_attention(part, keys, values, mask, scaling, softcap)
        outputs.append(out)
    return torch.cat(outputs, dim=2).transpose(1, 2).contiguous(), None


def capped_attention(
    query: torch.Tensor,  # (1, Hq, T, D)
    keys: torch.Tensor,  # (1, H, L, D)
    values: torch.Tensor,
    mask: torch.Tensor | None,  # (T, L), or one that broadcasts to the scores
    scaling: float | None,
    softcap: float,
) -> torch.Tensor:
    """Attention whose scores are squashed to ±softcap (Gemma 2), written out."""
    groups = query.shape[1] // keys.shape[1]
    keys, values = keys.repeat_interleave(groups, 1), values.repeat_interleave(groups, 1)
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = softcap * torch.tanh(query @ keys.transpose(2, 3) * scale / softcap)  # (1, Hq, T, L)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return scores.softmax(-1, dtype=torch.float32).to(query.dtype) @ values


AttentionInterface.register(IMPLEMENTATION, ragged_attention)
