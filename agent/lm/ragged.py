"""A ragged forward pass: many sessions of unequal length through one model at once.

The new positions of all sessions are laid end to end as one sequence, so every matrix product sees them
together and none of them is padding. Only attention looks at sessions one by one: it is registered with
transformers as an attention implementation of its own, so every architecture that uses that interface is
served without touching its source. Keys and values live in a preallocated slot per session and are never
concatenated; whoever joins or leaves the batch moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, Cache

from agent.errors import ModelFailed

IMPLEMENTATION = "steno_ragged"
_FIRST_CAPACITY = 256


class Slot:
    """The keys and values of one session, layer by layer, with room to grow. `length` positions count.

    Shortening `length` is all that a crop takes: what lies behind it is overwritten.
    """

    def __init__(self) -> None:
        self.length = 0
        self._keys: list[torch.Tensor] = []  # a layer: (1, H, capacity, D)
        self._values: list[torch.Tensor] = []

    def write(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Put new keys and values, (1, H, T, D), behind the positions that count."""
        end = self.length + keys.shape[2]
        for store, new in ((self._keys, keys), (self._values, values)):
            if layer == len(store):
                store.append(_room(new, max(_FIRST_CAPACITY, end)))
            elif store[layer].shape[2] < end:
                larger = _room(new, max(2 * store[layer].shape[2], end))
                larger[:, :, : self.length] = store[layer][:, :, : self.length]
                store[layer] = larger
            store[layer][:, :, self.length : end] = new

    def read(self, layer: int, end: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Views of the first `end` keys and values of a layer. # (1, H, end, D) each"""
        return self._keys[layer][:, :, :end], self._values[layer][:, :, :end]


def _room(like: torch.Tensor, capacity: int) -> torch.Tensor:
    return like.new_empty(1, like.shape[1], capacity, like.shape[3])


@dataclass(slots=True)
class Stretch:
    """One session's part of a pass: positions `start:stop` of the ragged sequence, on top of a slot."""

    slot: Slot
    start: int
    stop: int
    masks: dict[int | None, torch.Tensor | None] = field(default_factory=dict)

    def mask(self, window: int | None, device: torch.device) -> torch.Tensor | None:
        """Which keys each query sees, by sliding window: built once a pass. # (T, L) or None: all"""
        if window not in self.masks:
            self.masks[window] = self._build(window, device)
        return self.masks[window]

    def _build(self, window: int | None, device: torch.device) -> torch.Tensor | None:
        new, total = self.stop - self.start, self.slot.length + self.stop - self.start
        if new == 1 and (window is None or total <= window):
            return None
        query = torch.arange(self.slot.length, total, device=device)[:, None]
        key = torch.arange(total, device=device)[None, :]
        seen = key <= query
        return seen if window is None else seen & (query - key < window)


_stretches: ContextVar[Sequence[Stretch]] = ContextVar("stretches")


@contextmanager
def stretches(rows: Sequence[Stretch]) -> Iterator[None]:
    """The sessions that the passes inside are made of."""
    token = _stretches.set(rows)
    try:
        yield
    finally:
        _stretches.reset(token)


class SlotCache(Cache):
    """The Cache that the model writes to: it scatters new keys and values into the sessions' slots."""

    def __init__(self) -> None:
        super().__init__(layers=[])

    def update(
        self,
        key_states: torch.Tensor,
        value_states: torch.Tensor,
        layer_idx: int,
        *_args: Any,
        **_kwargs: Any,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Store (1, H, N, D) of the ragged sequence; attention reads the slots, not what returns."""
        for each in _stretches.get():
            part = slice(each.start, each.stop)
            each.slot.write(layer_idx, key_states[:, :, part], value_states[:, :, part])
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
    outputs = []
    for each in _stretches.get():
        keys, values = each.slot.read(layer, each.slot.length + each.stop - each.start)
        part = query[:, :, each.start : each.stop]  # (1, Hq, T, D)
        mask = each.mask(sliding_window, query.device)
        if softcap is None:
            grouped = part.shape[1] != keys.shape[1]
            out = scaled_dot_product_attention(
                part, keys, values, attn_mask=mask, scale=scaling, enable_gqa=grouped
            )
        else:
            out = _capped_attention(part, keys, values, mask, scaling, softcap)
        outputs.append(out)
    return torch.cat(outputs, dim=2).transpose(1, 2).contiguous(), None


def _capped_attention(
    query: torch.Tensor,  # (1, Hq, T, D)
    keys: torch.Tensor,  # (1, H, L, D)
    values: torch.Tensor,
    mask: torch.Tensor | None,  # (T, L)
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
