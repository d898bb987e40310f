"""Layers compiled by torch: what lies between the matrix products of a layer becomes a few loops.

SmolLM2-135M under bf16 on 2 cores of an AMD EPYC: 370 positions a second for 311 (`steno train policy`).
"""

from __future__ import annotations

from typing import Any

import torch

VARIANTS = 32
"""Of one layer's code, at most: with and without gradients, with the gate open and closed, by shape."""


def compile_layers(network: Any, backend: str = "inductor") -> int:
    """Compile each decoder layer in place, for any lengths. Returns how many there are.

    Names of weights stay. The first step of a training takes a minute or two longer. Layers are the
    modules that transformers says not to split; a network that names none stays as it is.
    """
    kinds = set(getattr(network, "_no_split_modules", None) or ())
    layers = [each for each in network.modules() if type(each).__name__ in kinds]
    limits = torch._dynamo.config
    limits.recompile_limit = max(limits.recompile_limit, VARIANTS)
    for layer in layers:
        layer.compile(dynamic=True, backend=backend)
    return len(layers)
