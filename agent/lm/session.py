"""A growing sequence and its KV cache: prefill, commit, crop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache

from agent.errors import ModelFailed


class Session:
    """Mirrors one window: the token ids whose keys and values are in the cache, in order."""

    def __init__(self) -> None:
        # Built without a config: every layer keeps all positions, so that any of them can be cropped,
        # sliding-window layers included (their mask is the model's own business).
        self.cache = DynamicCache()
        self.ids: list[int] = []

    def crop(self, length: int) -> None:
        """Keep the first `length` positions."""
        surplus = len(self.ids) - length
        if surplus > 0:
            self.cache.crop(-surplus)
            del self.ids[length:]

    def follow(self, window: Sequence[int]) -> list[int]:
        """Crop to the longest common prefix with `window` and return the ids still to be computed.

        At least one id is returned, since the logits that continue the window are those of its last
        position. Raises ModelFailed for an empty window.
        """
        if not window:
            raise ModelFailed("the window is empty; a generation needs at least one token")
        common = 0
        limit = min(len(self.ids), len(window) - 1)
        while common < limit and self.ids[common] == window[common]:
            common += 1
        self.crop(common)
        return list(window[common:])

    def extend(self, network: Any, ids: Sequence[int]) -> torch.Tensor:
        """Compute `ids` on top of the cache; returns the logits after the last one. # (V,)"""
        tokens = torch.tensor([list(ids)], device=network.device)  # (1, T)
        output = network(
            input_ids=tokens, past_key_values=self.cache, use_cache=True, logits_to_keep=1
        )
        self.ids.extend(ids)
        logits: torch.Tensor = output.logits[0, -1]  # (V,)
        return logits
