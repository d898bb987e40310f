"""A growing sequence and its KV cache: prefill, commit, crop."""

from __future__ import annotations

from collections.abc import Sequence

from agent.lm.slots import Slot


class Session:
    """Mirrors one window: the token ids whose keys and values are in the slot, in order."""

    def __init__(self, slot: Slot) -> None:
        """`slot` is empty, and this session's alone."""
        self.slot = slot
        self.ids: list[int] = []

    def crop(self, length: int) -> None:
        """Keep the first `length` positions."""
        del self.ids[length:]
        self.slot.length = len(self.ids)

    def follow(self, window: Sequence[int]) -> list[int]:
        """Crop to the longest common prefix with `window` and return the ids still to be computed.

        At least one id is returned, since the logits that continue the window are those of its last
        position.
        """
        common = 0
        limit = min(len(self.ids), len(window) - 1)
        while common < limit and self.ids[common] == window[common]:
            common += 1
        self.crop(common)
        return list(window[common:])

    def commit(self, ids: Sequence[int]) -> None:
        """Count `ids` in, after a pass that computed them; what it computed behind them is cropped."""
        self.ids.extend(ids)
        self.crop(len(self.ids))
