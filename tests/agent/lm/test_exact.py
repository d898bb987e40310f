"""Invariant 1 with the embedded model: slow modes write what transformers' generate writes (fp32).

A few contexts in each run of the tests; all of them by `make soak`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from agent.bench.contexts import from_games
from agent.bench.exact import compare
from agent.lm import shipped
from agent.lm.adapter import AdapterConfig, BurstAdapter
from agent.lm.weights import load_network


@pytest.fixture(scope="module")
def random_adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise that is not near zero: what it does at masks must stay there."""
    loaded = load_network("embedded", dtype="bf16")
    torch.manual_seed(3)
    hidden = int(loaded.network.config.hidden_size)
    adapter = BurstAdapter.untrained(
        loaded.network, AdapterConfig(base=loaded.fingerprint, hidden_size=hidden)
    )
    for lora in adapter.lora.values():
        nn.init.normal_(lora.b, std=0.1)  # type: ignore[arg-type]
    nn.init.normal_(adapter.sampler.outer.weight, std=0.1)
    path = tmp_path_factory.mktemp("adapter")
    adapter.save_pretrained(path)
    return path


def check(count: int, tokens: int, burst: str, policy: str | None = None) -> None:
    for result in compare(from_games("embedded", 400, count), tokens, burst=burst, policy=policy):
        assert (result.identical, result.flips) == (count, 0), result


@pytest.mark.model
@pytest.mark.timeout(400)
def test_slow_modes_are_generate(random_adapter: Path) -> None:
    check(3, 32, str(random_adapter))


@pytest.mark.soak
@pytest.mark.model
@pytest.mark.timeout(0)
def test_slow_modes_are_generate_at_length(random_adapter: Path) -> None:
    check(50, 128, str(random_adapter))


@pytest.mark.model
@pytest.mark.timeout(400)
def test_slow_modes_are_generate_with_the_adapters_that_ship() -> None:
    check(2, 32, str(shipped.BURST), str(shipped.POLICY))


@pytest.mark.soak
@pytest.mark.model
@pytest.mark.timeout(0)
def test_slow_modes_are_generate_at_length_with_the_adapters_that_ship() -> None:
    check(50, 128, str(shipped.BURST), str(shipped.POLICY))
