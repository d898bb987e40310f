"""Regions of masks at random anchors, and attention over a prefix that is computed once.

A region stands for the masks of one burst: it sees the real ids up to its anchor and its own earlier
masks, and nothing sees it. So many regions share one prefix, whose keys and values need no gradient.
The layout of a pass is that of agent/lm/network.py: mask j of a region lies at position anchor + j.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import AttentionInterface

from agent.errors import ModelUnavailable
from agent.lm.ragged import capped_attention
from agent.train.attention import attend
from agent.train.sequences import TokenSequence

IMPLEMENTATION = "steno_regions"


@dataclass(frozen=True, slots=True)
class Region:
    """Masks 1..masks after `anchor`, the last real position that they see."""

    anchor: int
    masks: int


def draw(
    sequence: TokenSequence,
    most: int,
    budget: int,
    generator: torch.Generator,
    *,
    purposes: Sequence[str],
    full: bool = False,
) -> list[Region]:
    """Regions at anchors drawn without replacement, until `budget` masks are spent.

    A region has 1..most masks at random, the longer of two draws, since masks see only what is before
    them: a long region has every shorter one in it. At the beginning of a stretch, where each text's
    first burst begins, and with `full`, it has as many as fit. Those beginnings come first. A region
    stays inside the written stretch that its anchor lies in or just before: its last mask has the
    stretch's last id as target.
    """
    stretches = [
        part
        for part in sequence.written
        if part.purpose in purposes and part.stop - part.start >= 2
    ]
    first = [(part.start - 1, part.stop - 1 - part.start) for part in stretches]
    later = [
        (anchor, part.stop - 2 - anchor)
        for part in stretches
        for anchor in range(part.start, part.stop - 2)
    ]
    regions = []
    for number, (anchor, fits) in enumerate(_mixed(first, generator) + _mixed(later, generator)):
        whole = full or number < len(first)
        wanted = most if whole else 1 + int(torch.randint(most, (2,), generator=generator).max())
        masks = min(wanted, fits, budget)
        if masks <= 0:
            break
        regions.append(Region(anchor, masks))
        budget -= masks
    return regions


def _mixed(anchors: list[tuple[int, int]], generator: torch.Generator) -> list[tuple[int, int]]:
    return [anchors[i] for i in torch.randperm(len(anchors), generator=generator).tolist()]


@dataclass(slots=True)
class Layout:
    """Where the masks of a micro-batch are. Filler at the end of a row has place 0 and region -1."""

    anchor: torch.Tensor  # (B, M)
    place: torch.Tensor  # (B, M): 1, 2, ... inside its region
    region: torch.Tensor  # (B, M)

    @property
    def position(self) -> torch.Tensor:
        """Position ids. # (B, M)"""
        return self.anchor + self.place

    @property
    def real(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows and columns of the masks, filler left out, region by region. # (N,) and (N,)"""
        rows, columns = (self.place > 0).nonzero(as_tuple=True)
        return rows, columns

    def seen(self, prefix: int, window: int | None) -> torch.Tensor:
        """Which keys each mask sees: those of the prefix, then the masks'. # (B, 1, M, prefix + M)"""
        query = self.position[:, :, None]  # (B, M, 1)
        key = torch.arange(prefix, device=query.device)[None, None]  # (1, 1, prefix)
        before = key <= self.anchor[:, :, None]  # (B, M, prefix)
        own = (self.region[:, :, None] == self.region[:, None]) & (
            self.place[:, None] <= self.place[:, :, None]
        )  # (B, M, M)
        if window is not None:
            before &= query - key < window
            own &= query - self.position[:, None] < window
        return torch.cat([before, own], dim=-1)[:, None]


def lay_out(rows: Sequence[Sequence[Region]]) -> Layout:
    """The regions of each sequence, one after the other."""
    width = max(1, max(sum(region.masks for region in row) for row in rows))
    anchor = torch.zeros(len(rows), width, dtype=torch.int64)
    place, number = anchor.clone(), anchor - 1
    for i, row in enumerate(rows):
        at = 0
        for n, region in enumerate(row):
            part = slice(at, at + region.masks)
            anchor[i, part] = region.anchor
            place[i, part] = torch.arange(1, region.masks + 1)
            number[i, part] = n
            at = part.stop
    return Layout(anchor, place, number)


@dataclass(slots=True)
class Prefix:
    """Keys and values of real ids, layer by layer: recorded by one pass, read by those of regions."""

    keys: dict[int, torch.Tensor] = field(default_factory=dict)  # a layer: (B, H, T, D)
    values: dict[int, torch.Tensor] = field(default_factory=dict)
    layout: Layout | None = None
    """The regions of the pass that runs; None while the prefix itself is computed."""
    masks: dict[int | None, torch.Tensor] = field(default_factory=dict)

    def seen(self, length: int, window: int | None, device: torch.device) -> torch.Tensor:
        """Which keys each query of the pass sees, by sliding window: built once a layout."""
        if window not in self.masks:
            if self.layout is not None:
                self.masks[window] = self.layout.seen(length, window)
            else:
                query, key = torch.meshgrid(
                    *[torch.arange(length, device=device)] * 2, indexing="ij"
                )
                inside = query - key < (length if window is None else window)
                self.masks[window] = ((key <= query) & inside)[None, None]
        return self.masks[window]

    @contextmanager
    def regions(self, layout: Layout) -> Iterator[None]:
        """The passes inside compute these regions on top of the prefix."""
        self.layout, self.masks = layout, {}
        with self.use():
            yield

    @contextmanager
    def use(self) -> Iterator[None]:
        """The passes inside attend through this prefix."""
        token = _prefix.set(self)
        try:
            yield
        finally:
            _prefix.reset(token)


_prefix: ContextVar[Prefix] = ContextVar("prefix")


def use_regions(network: Any) -> None:
    """Make a causal LM attend through a Prefix. Raises ModelUnavailable where it cannot."""
    network.set_attn_implementation(IMPLEMENTATION)
    if network.config._attn_implementation != IMPLEMENTATION:
        raise ModelUnavailable(
            f"{type(network).__name__} does not use transformers' attention interface, which the "
            "regions of a burst need; use a Llama, Qwen, Gemma, Mistral, Phi or GPT-2 kind"
        )


# The prefix grows from layer to layer: captured, this would be compiled for each of them.
@torch.compiler.disable  # type: ignore[untyped-decorator]
def regions_attention(
    module: torch.nn.Module,
    query: torch.Tensor,  # (B, Hq, N, D)
    key: torch.Tensor,  # (B, H, N, D)
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of real ids among themselves, or of regions to prefix and region. # (B, N, Hq, D)"""
    if s_aux is not None:
        raise ModelUnavailable(
            f"{type(module).__name__} uses attention sinks, which bursts do not support"
        )
    prefix = _prefix.get()
    layer: int = module.layer_idx  # type: ignore[assignment]
    if prefix.layout is None:
        prefix.keys[layer], prefix.values[layer] = key, value
    else:
        key = torch.cat([prefix.keys[layer].to(key.dtype), key], dim=2)
        value = torch.cat([prefix.values[layer].to(value.dtype), value], dim=2)
    length = prefix.keys[layer].shape[2]
    plain = prefix.layout is None and (sliding_window is None or length <= sliding_window)
    seen = None if plain else prefix.seen(length, sliding_window, query.device)
    if softcap is None:
        out = attend(query, key, value, seen, scaling)
    else:
        groups = query.shape[1] // key.shape[1]
        key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
        seen = prefix.seen(length, sliding_window, query.device)
        out = capped_attention(query, key, value, seen, scaling, softcap)
    return out.transpose(1, 2).contiguous(), None


AttentionInterface.register(IMPLEMENTATION, regions_attention)
