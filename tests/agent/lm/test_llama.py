"""The fast path for Llama models against the general one."""

from __future__ import annotations

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import AdapterMismatch
from agent.lm import llama
from agent.lm.adapter import AdapterConfig, BurstAdapter
from agent.lm.network import Network, Part
from agent.lm.ragged import RaggedTrunk
from tests.agent.lm.test_burst import random_adapter
from tests.agent.lm.tiny import make_network


def network(*, fast: bool, adapted: bool = True) -> Network:
    backbone = make_network("llama")
    return Network(backbone, random_adapter(backbone) if adapted else None, fast=fast)


FAST, GENERAL = network(fast=True), network(fast=False)
# A session's share of a pass: old tokens, new tokens, masks, scored.
Share = st.tuples(st.integers(0, 40), st.integers(1, 9), st.integers(0, 7), st.integers(1, 3))


def test_each_takes_its_path() -> None:
    assert type(FAST._trunk) is llama.LlamaTrunk
    assert type(GENERAL._trunk) is RaggedTrunk
    assert not llama.serves(make_network("mistral"))
    biased = transformers.LlamaConfig(
        vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, mlp_bias=True
    )
    assert not llama.serves(transformers.LlamaForCausalLM(biased))


@settings(max_examples=60, deadline=None)
@given(shares=st.lists(Share, min_size=1, max_size=6))
def test_a_pass_is_that_of_the_general_path(shares: list[tuple[int, int, int, int]]) -> None:
    results = []
    with torch.inference_mode():
        for made in (FAST, GENERAL):
            slots = [made.slots.take() for _ in shares]
            for slot, (old, *_) in zip(slots, shares, strict=True):
                if old:
                    made.forward([Part(slot, [3 + i % 250 for i in range(old)])])
            parts = [
                Part(slot, [5 + (7 * i) % 250 for i in range(new)], masks, min(scored, new))
                for slot, (_, new, masks, scored) in zip(slots, shares, strict=True)
            ]
            heads = made.forward(parts)
            caches = [slot.read(layer, slot.length) for slot in slots for layer in range(2)]
            results.append((heads, made.rank(heads), caches))
            for slot in slots:
                made.slots.give_back(slot)
        (heads, ranked, caches), (heads_2, ranked_2, caches_2) = results
        for one, other in zip(heads, heads_2, strict=True):
            torch.testing.assert_close(one.logits, other.logits, atol=1e-4, rtol=1e-4)
            torch.testing.assert_close(one.mask_logits, other.mask_logits, atol=1e-4, rtol=1e-4)
            torch.testing.assert_close(one.mask_hidden, other.mask_hidden, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(caches, caches_2, atol=1e-4, rtol=1e-4)
        assert (ranked is None) == (ranked_2 is None)


def test_an_adapter_of_another_model_is_refused() -> None:
    other = make_network("gpt2")
    config = AdapterConfig(base="", hidden_size=32, rank=2, targets=("c_attn",))
    with pytest.raises(AdapterMismatch, match="expects a module"):
        Network(make_network("llama"), BurstAdapter.untrained(other, config))
