"""What Steno's decoding is compared with: transformers' own generate, and llama.cpp."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True, slots=True)
class Decoded:
    """The tokens of one generation, and the seconds that they took after the context was prefilled."""

    ids: tuple[int, ...]
    seconds: float


class Generate:
    """transformers' `generate`, greedy, in the network's own dtype."""

    def __init__(self, network: Any) -> None:
        self._network = network

    @torch.inference_mode()
    def decode(self, context: Sequence[int], tokens: int) -> Decoded:
        """Exactly `tokens` tokens; all of the context but its last token is prefilled off the clock."""
        from transformers import DynamicCache, GenerationConfig

        ids = torch.tensor([list(context)], device=self._network.device)
        cache = DynamicCache(config=self._network.config)
        self._network(input_ids=ids[:, :-1], past_key_values=cache, logits_to_keep=1)
        # No token ends it: asking for a least length instead would change what it writes.
        settings = GenerationConfig(
            do_sample=False, max_new_tokens=tokens, eos_token_id=None, pad_token_id=0
        )
        started = time.perf_counter()
        made = self._network.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            past_key_values=cache,
            generation_config=settings,
        )
        seconds = time.perf_counter() - started
        return Decoded(tuple(made[0, len(context) :].tolist()), seconds)


class LlamaCpp:
    """llama.cpp through llama-cpp-python, greedy, on the embedded model's own Q4_1 file."""

    def __init__(self, gguf: str, context: int) -> None:
        import llama_cpp

        cores = len(os.sched_getaffinity(0))
        self._llama: Any = llama_cpp.Llama(  # its methods have no types
            gguf, n_ctx=context, n_threads=cores, n_threads_batch=cores, verbose=False
        )

    @staticmethod
    def installed() -> bool:
        """Whether llama-cpp-python is."""
        return importlib.util.find_spec("llama_cpp") is not None

    def decode(self, context: Sequence[int], tokens: int) -> Decoded:
        """Exactly `tokens` tokens, as `Generate.decode`."""
        llama = self._llama
        llama.reset()
        llama.eval(list(context[:-1]))
        made: list[int] = []
        last = context[-1]
        started = time.perf_counter()
        for _ in range(tokens):
            llama.eval([last])
            last = int(llama.sample(temp=0.0, repeat_penalty=1.0))
            made.append(last)
        return Decoded(tuple(made), time.perf_counter() - started)
