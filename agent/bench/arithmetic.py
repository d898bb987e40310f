"""How much arithmetic this machine does, and how much a model's passes take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import torch

from agent.bench.work import Shape
from agent.lm.packed import linear
from agent.lm.weights import resolve

if TYPE_CHECKING:
    from agent.lm.engine import Engine

_ROWS = (32, 128, 512)
_TRIES = 9


def shape_of(model: str) -> Shape:
    """The sizes of a model by name; nothing is loaded but its config. Adapters are not counted.

    Raises ModelUnavailable.
    """
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(resolve(model).location)
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(config)
    text = config.get_text_config()
    embeddings = {id(network.get_input_embeddings().weight)}
    unembedding = network.get_output_embeddings().weight
    embeddings.add(id(unembedding))
    layers = sum(
        each.numel()
        for each in network.parameters()
        if each.dim() > 1 and id(each) not in embeddings
    )
    head = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    attention = text.num_hidden_layers * text.num_attention_heads * head
    return Shape(layers, unembedding.numel(), attention)


async def measured_flops(engine: Engine) -> float:
    """The most operations a second that matrix products reach here, on the engine's own thread.

    Of the best of several tries at several widths, in the engine's precision, with weights as it
    packs them: what the machine's cores can do, not what they do while a model runs.
    """
    dtype = getattr(torch, engine.numerics.partition(" ")[0])
    return await engine.call(lambda: _best(dtype))


@torch.inference_mode()
def _best(dtype: torch.dtype) -> float:
    size = 1024
    device = "cuda" if torch.cuda.is_available() else "cpu"
    product = linear(torch.randn(3 * size, size, dtype=dtype, device=device))
    best = 0.0
    for rows in _ROWS:
        x = torch.randn(rows, size, dtype=dtype, device=device)
        product(x)
        for _ in range(_TRIES):
            started = time.perf_counter()
            float(product(x)[0, 0])  # the conversion waits for the device
            best = max(best, 2 * rows * 3 * size * size / (time.perf_counter() - started))
    return best
