"""Attention by plain products, against torch's own kernel in fp32."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from agent.lm.weights import native_bf16
from agent.train import attention
from agent.train.attention import attend
from tests.agent.lm.tiny import make_network

needs_bf16 = pytest.mark.skipif(
    not native_bf16(torch.device("cpu")), reason="plain products serve native bf16"
)


Tensors = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def drawn(heads: int, groups: int, queries: int, keys: int) -> Tensors:
    torch.manual_seed(0)
    query = torch.randn(2, heads * groups, queries, 8, requires_grad=True)
    key, value = (torch.randn(2, heads, keys, 8, requires_grad=True) for _ in range(2))
    return query, key, value


def reference(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, seen: torch.Tensor | None
) -> torch.Tensor:
    groups = query.shape[1] // key.shape[1]
    return scaled_dot_product_attention(
        query,
        key.repeat_interleave(groups, 1),
        value.repeat_interleave(groups, 1),
        attn_mask=seen,
        is_causal=seen is None,
    )


@needs_bf16
@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("masked", [False, True])
def test_plain_products_are_attention(groups: int, masked: bool) -> None:
    tensors = drawn(2, groups, 7, 11 if masked else 7)
    seen = None
    if masked:
        seen = torch.rand(2, 1, 7, 11) > 0.4
        seen[..., 0] = True
    weight = torch.randn(2, 2 * groups, 7, 8)
    expected = reference(*tensors, seen)
    wanted = torch.autograd.grad((expected * weight).sum(), tensors)
    with torch.autocast("cpu", torch.bfloat16):
        assert attention._by_products(tensors[0])
        out = attend(*tensors, seen, None)
    got = torch.autograd.grad((out.float() * weight).sum(), tensors)
    for name, a, b in zip("oqkv", (expected, *wanted), (out, *got), strict=True):
        assert (a - b.float()).abs().max() < 0.03 * a.abs().max(), name


def test_without_autocast_it_is_the_kernel_itself() -> None:
    tensors = drawn(2, 3, 7, 7)
    assert torch.equal(attend(*tensors, None, None), reference(*tensors, None))


@pytest.mark.parametrize("family", ["llama", "gemma3", "mistral"])
@pytest.mark.parametrize("half", [False, pytest.param(True, marks=needs_bf16)])
def test_a_network_computes_the_same_with_it(family: str, half: bool) -> None:
    network = make_network(family, 0)
    ids = torch.randint(0, 200, (2, 24), generator=torch.Generator().manual_seed(0))
    network.set_attn_implementation("eager")
    exact = network(input_ids=ids, use_cache=False).logits
    network.set_attn_implementation(attention.IMPLEMENTATION)
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        found = network(input_ids=ids, use_cache=False).logits.float()
    assert (found - exact).norm() < (0.03 if half else 1e-5) * exact.norm()
