"""The least that a pass can take: every weight is read once from memory."""

from __future__ import annotations

import time
from typing import Any

import torch

_BUFFER_BYTES = 2**29  # far more than any cache


def read_bandwidth(device: torch.device) -> float:
    """Bytes per second at which written memory is read: the best of several sums over a large buffer."""
    buffer = torch.empty(_BUFFER_BYTES // 4, dtype=torch.float32, device=device).normal_()
    best = float("inf")
    for _ in range(7):
        started = time.perf_counter()
        float(buffer.sum())  # the conversion waits for the device
        best = min(best, time.perf_counter() - started)
    return _BUFFER_BYTES / best


def weight_bytes(network: Any, dtype_bytes: int = 2) -> int:
    """Bytes of the weights that a pass reads, as bf16: tied embeddings once, an untied input one not."""
    unembed = network.get_output_embeddings().weight
    embed = network.get_input_embeddings().weight
    parameters = {id(each): each for each in network.parameters()}
    if embed is not unembed:
        parameters.pop(id(embed), None)
    count: int = sum(each.numel() for each in parameters.values())
    return dtype_bytes * count
