"""The fast path for plain Llama models: the same arithmetic in fewer, wider operations.

On a CPU a narrow pass spends more on transformers' Python and on small operations than on arithmetic.
Here the projections that read one input are one product, the adapter's down-projections ride along in
it as a few more of its columns, and sessions attend together. Tested against the general path.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.functional import rms_norm, scaled_dot_product_attention, silu
from transformers import LlamaForCausalLM

from agent.lm.adapter import BurstAdapter, GatedLora
from agent.lm.packed import linear
from agent.lm.slots import Slots
from agent.lm.trunk import Layout, causal

# A batch is padded to its widest session; from here on a session at a time wastes less.
_MOST_PADDING = 4


def serves(backbone: Any) -> bool:
    """Whether the fast path computes what this backbone does."""
    config = backbone.config
    return (
        type(backbone) is LlamaForCausalLM
        and config.hidden_act == "silu"
        and not config.attention_bias
        and not config.mlp_bias
    )


class LlamaTrunk:
    """Takes over the backbone's layers: their own copies of the weights are freed."""

    def __init__(self, backbone: Any, adapter: BurstAdapter | None, slots: Slots) -> None:
        if adapter is not None:
            adapter.check(backbone)
        self._slots = slots
        self._rotary = backbone.model.rotary_emb
        self._norm = backbone.model.norm.weight
        self._eps = float(backbone.config.rms_norm_eps)
        first = backbone.model.layers[0].self_attn
        self._head_dim = int(first.head_dim)
        self._kv_heads = first.k_proj.out_features // self._head_dim
        self._groups = first.q_proj.out_features // first.k_proj.out_features
        self._layers = []
        for index, layer in enumerate(backbone.model.layers):
            self._layers.append(_Layer(layer, f"model.layers.{index}", adapter))
            backbone.model.layers[index] = nn.Identity()  # free its copy before the next is made
        self._unembed = linear(backbone.get_output_embeddings().weight)

    def compute(self, embedded: torch.Tensor, layout: Layout) -> tuple[torch.Tensor, torch.Tensor]:
        """See Trunk."""
        x = embedded  # (N, D)
        attention = _attention(layout, self._groups, x)
        rotation = self._rotation(x, layout.positions)
        for index, layer in enumerate(self._layers):
            attended = self._attend(index, layer, x, rotation, layout, attention)
            x = x + layer.out(attended, layout.gated)
            gate, up = layer.gate_up(self._normed(x, layer.norm_mlp), layout.gated).chunk(2, -1)
            x = x + layer.down(silu(gate).mul_(up), layout.gated)
        hidden = self._normed(x[layout.wanted], self._norm)  # (W, D)
        return self._unembed(hidden), hidden

    def _normed(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return rms_norm(x, (x.shape[-1],), weight, self._eps)

    def _rotation(
        self, x: torch.Tensor, positions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines, and sines with the sign of the half they multiply. # (N, 1, head_dim) each"""
        cos, sin = self._rotary(x[None], positions[None])
        signed = sin[0, :, None].clone()
        signed[..., : self._head_dim // 2].neg_()
        return cos[0, :, None], signed

    def _attend(
        self,
        index: int,
        layer: _Layer,
        x: torch.Tensor,
        rotation: tuple[torch.Tensor, torch.Tensor],
        layout: Layout,
        attention: _Attention,
    ) -> torch.Tensor:
        """# (N, D) -> (N, heads * head_dim)"""
        kv, size = self._kv_heads, self._head_dim
        qkv = layer.qkv(self._normed(x, layer.norm_attention), layout.gated)
        qkv = qkv.unflatten(-1, (-1, size))  # (N, heads + 2 kv, head_dim)
        turned = qkv[:, :-kv]  # queries and keys
        cos, sin = rotation
        turned = turned * cos + turned.roll(size // 2, -1) * sin
        self._slots.write(index, layout.rows, layout.positions, turned[:, -kv:], qkv[:, -kv:])
        queries = turned[:, :-kv].unflatten(1, (kv, self._groups))  # (N, kv, groups, head_dim)
        return attention.attend(self._slots.keys[index], self._slots.values[index], queries)


class _Layer:
    """One decoder layer's weights."""

    def __init__(self, layer: Any, name: str, adapter: BurstAdapter | None) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        self.norm_attention = layer.input_layernorm.weight
        self.norm_mlp = layer.post_attention_layernorm.weight

        def fused(parent: Any, within: str, *names: str) -> _Fused:
            weights = [getattr(parent, each).weight for each in names]
            loras = [adapter.update_of(f"{name}.{within}.{n}") if adapter else None for n in names]
            return _Fused(weights, loras)

        self.qkv = fused(attention, "self_attn", "q_proj", "k_proj", "v_proj")
        self.out = fused(attention, "self_attn", "o_proj")
        self.gate_up = fused(mlp, "mlp", "gate_proj", "up_proj")
        self.down = fused(mlp, "mlp", "down_proj")


class _Fused:
    """Linear modules that read one input, as one product, with their gated low-rank updates."""

    def __init__(self, weights: Sequence[torch.Tensor], loras: Sequence[GatedLora | None]) -> None:
        self._outputs = sum(len(weight) for weight in weights)
        downs = [lora.a for lora in loras if lora is not None]
        self._linear = linear(torch.cat([*weights, *downs]))
        self._up: torch.Tensor | None = None  # (all ranks, outputs): block-diagonal
        if downs:
            up = weights[0].new_zeros(sum(len(down) for down in downs), self._outputs)
            row = column = 0
            for weight, lora in zip(weights, loras, strict=True):
                if lora is not None:
                    rank = len(lora.a)
                    up[row : row + rank, column : column + len(weight)] = lora.scale * lora.b.T
                    row += rank
                column += len(weight)
            self._up = up

    def __call__(self, x: torch.Tensor, gated: slice | torch.Tensor | None) -> torch.Tensor:
        """# (N, in) -> (N, out)"""
        both: torch.Tensor = self._linear(x)
        if self._up is None:
            return both
        y = both[:, : self._outputs]
        if isinstance(gated, slice):
            y[gated].addmm_(both[gated, self._outputs :], self._up)
        elif gated is not None:
            y.index_add_(0, gated, both[gated, self._outputs :] @ self._up)
        return y


class _Attention:
    """How the queries of a pass meet the slots. Heads of a group stand as more rows of one product."""

    def attend(
        self, keys: torch.Tensor, values: torch.Tensor, queries: torch.Tensor
    ) -> torch.Tensor:
        """(rows, kv, capacity, D) twice and (N, kv, groups, D) -> (N, kv * groups * D)"""
        raise NotImplementedError


def _attention(layout: Layout, groups: int, like: torch.Tensor) -> _Attention:
    """The cheaper of the two ways for this pass."""
    rows = [each.slot.row for each in layout.stretches]
    padded = (max(rows) - min(rows) + 1) * max(each.width for each in layout.stretches)
    if len(rows) > 1 and padded <= _MOST_PADDING * len(layout.positions):
        return _Together(layout, groups, like)
    return _OneByOne(layout, groups, like)


class _OneByOne(_Attention):
    """A session at a time: no padding, a call each."""

    def __init__(self, layout: Layout, groups: int, like: torch.Tensor) -> None:
        self._parts = [
            (each, _additive(causal(each, like.device), like).repeat(groups, 1))
            if each.width > 1
            else (each, None)
            for each in layout.stretches
        ]

    def attend(
        self, keys: torch.Tensor, values: torch.Tensor, queries: torch.Tensor
    ) -> torch.Tensor:
        """See _Attention."""
        kv, groups, size = queries.shape[1:]
        outputs = []
        for each, mask in self._parts:
            row = slice(each.slot.row, each.slot.row + 1)
            asked = queries[each.start : each.stop].permute(1, 2, 0, 3)
            seen = scaled_dot_product_attention(
                asked.reshape(1, kv, groups * each.width, size),
                keys[row, :, : each.total],
                values[row, :, : each.total],
                attn_mask=mask,
            )
            shaped = seen.view(kv, groups, each.width, size).permute(2, 0, 1, 3)
            outputs.append(shaped.reshape(each.width, -1))
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs)


class _Together(_Attention):
    """All sessions in one call over the rows between the first and the last, padded to the widest."""

    def __init__(self, layout: Layout, groups: int, like: torch.Tensor) -> None:
        stretches = layout.stretches
        self._first = min(each.slot.row for each in stretches)
        self._rows = max(each.slot.row for each in stretches) - self._first + 1
        self._width = max(each.width for each in stretches)
        self._total = max(each.total for each in stretches)
        # Padding sees everything: what it computes is finite, and nobody reads it.
        mask = like.new_zeros(self._rows, self._width, self._total)
        places: list[int] = []
        for each in stretches:
            row = each.slot.row - self._first
            mask[row, : each.width, : each.total] = _additive(causal(each, like.device), like)
            mask[row, : each.width, each.total :] = float("-inf")
            places += range(row * self._width, row * self._width + each.width)
        self._mask = mask[:, None].repeat(1, 1, groups, 1)  # (R, 1, groups * T, L)
        self._places = torch.tensor(places, device=like.device)

    def attend(
        self, keys: torch.Tensor, values: torch.Tensor, queries: torch.Tensor
    ) -> torch.Tensor:
        """See _Attention."""
        kv, groups, size = queries.shape[1:]
        rows = slice(self._first, self._first + self._rows)
        padded = queries.new_zeros(self._rows * self._width, kv, groups, size)
        padded[self._places] = queries
        asked = padded.view(self._rows, self._width, kv, groups, size).permute(0, 2, 3, 1, 4)
        seen = scaled_dot_product_attention(
            asked.reshape(self._rows, kv, groups * self._width, size),
            keys[rows, :, : self._total],
            values[rows, :, : self._total],
            attn_mask=self._mask,
        )
        shaped = seen.view(self._rows, kv, groups, self._width, size).permute(0, 3, 1, 2, 4)
        return shaped.reshape(self._rows * self._width, -1)[self._places]


def _additive(seen: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """A mask to be added to scores: 0 where seen, else minus infinity."""
    return like.new_zeros(seen.shape).masked_fill_(~seen, float("-inf"))
