"""Linear modules whose weights are re-ordered once for the processor, not at every call.

On a CPU `F.linear` re-orders a weight matrix into oneDNN's blocked layout each time; for narrow passes
that costs more than the product. Packed once, the same product is exact in the same precision.
"""

from __future__ import annotations

import torch
from torch import nn

from agent.lm.weights import native_bf16


class PackedLinear(nn.Module):
    """y = x W^T + b with W in oneDNN's own layout. Inference only; CPU; fp32 or bf16."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.bias = linear.bias
        self._packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """# (..., in) -> (..., out)"""
        result: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
            x, self._packed, self.bias, "none", [], ""
        )
        return result


def linear(weight: torch.Tensor, bias: torch.Tensor | None = None) -> nn.Module:
    """The linear module of a weight (out, in), packed where that helps."""
    plain = nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
    plain.weight = nn.Parameter(weight.detach(), requires_grad=False)
    plain.bias = nn.Parameter(bias.detach(), requires_grad=False) if bias is not None else None  # type: ignore[assignment]
    return PackedLinear(plain) if _packs(weight) else plain


def pack(network: nn.Module) -> None:
    """Replace every nn.Linear of a network on the CPU by its packed form, tied ones included."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear and _packs(child.weight):
                setattr(parent, name, PackedLinear(child))


def _packs(weight: torch.Tensor) -> bool:
    """Whether oneDNN packs such a weight here: bf16 only for processors that have AVX-512 or more."""
    if weight.device.type != "cpu":
        return False
    return weight.dtype != torch.bfloat16 or native_bf16(weight.device)
