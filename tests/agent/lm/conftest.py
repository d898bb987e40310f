from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch

from agent.lm.engine import Engine

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(autouse=True, scope="session")
def _one_thread_a_pass() -> Iterator[None]:
    """The networks here are tiny: waking a second thread costs more than it saves."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def embedded() -> Iterator[Engine]:
    """The embedded model in fp32, from the user's own cache."""
    from agent.lm import weights

    engine = weights.load("embedded", dtype="fp32", device="cpu")
    yield engine
    engine.close()
