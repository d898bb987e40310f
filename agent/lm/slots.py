"""KV storage: one preallocated tensor a layer, a row of it for each session.

Nothing is concatenated when a session joins or leaves a batch. Rows stand side by side, so that sessions
decoded together can attend in one call; the lowest free row is handed out first, which keeps them dense.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import torch

_FIRST_CAPACITY = 256


class Slots:
    """Keys and values of all sessions. Rows and capacity double when they run out."""

    def __init__(self) -> None:
        self.keys: list[torch.Tensor] = []  # a layer: (rows, H, capacity, D)
        self.values: list[torch.Tensor] = []
        self._rows = 0
        self._capacity = _FIRST_CAPACITY
        self._free: list[int] = []
        self._used: set[int] = set()

    def take(self) -> Slot:
        """An empty row."""
        if not self._free:
            more = max(self._rows, 1)
            self._free = list(range(self._rows, self._rows + more))
            self._rows += more
            self._grow()
        row = heapq.heappop(self._free)
        if row in self._used:
            # Attention multiplies what it masks out by zero, and zero times NaN is NaN: whatever a
            # failed session left behind must not reach the next one.
            for store in (*self.keys, *self.values):
                store[row].zero_()
        self._used.add(row)
        return Slot(self, row)

    def give_back(self, slot: Slot) -> None:
        """Free the row of a slot that nobody uses any more."""
        heapq.heappush(self._free, slot.row)

    def reserve(self, positions: int) -> None:
        """Make room for so many positions in every row."""
        if positions > self._capacity:
            self._capacity = max(2 * self._capacity, positions)
            self._grow()

    def write(
        self,
        layer: int,
        rows: Sequence[int] | torch.Tensor,
        positions: Sequence[int] | torch.Tensor,
        keys: torch.Tensor,  # (N, H, D)
        values: torch.Tensor,
    ) -> None:
        """Put the keys and values of N new positions into their rows."""
        for store, new in ((self.keys, keys), (self.values, values)):
            if layer == len(store):
                shape = (self._rows, new.shape[1], self._capacity, new.shape[2])
                store.append(new.new_zeros(shape))
            store[layer][rows, :, positions] = new

    def _grow(self) -> None:
        for store in (self.keys, self.values):
            for layer, old in enumerate(store):
                larger = old.new_zeros(self._rows, old.shape[1], self._capacity, old.shape[3])
                larger[: old.shape[0], :, : old.shape[2]] = old
                store[layer] = larger


class Slot:
    """One session's row. `length` positions count.

    Shortening `length` is all that a crop takes: what lies behind it is overwritten.
    """

    def __init__(self, slots: Slots, row: int) -> None:
        self.slots, self.row = slots, row
        self.length = 0

    def read(self, layer: int, end: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Views of the first `end` keys and values of a layer. # (1, H, end, D) each"""
        row = slice(self.row, self.row + 1)
        return self.slots.keys[layer][row, :, :end], self.slots.values[layer][row, :, :end]
