"""From embedded positions to logits: what each implementation of the forward pass takes and gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from agent.lm.slots import Slot


@dataclass(frozen=True, slots=True)
class Stretch:
    """One session's part of a pass: positions `start:stop` of the ragged sequence, on top of a slot."""

    slot: Slot
    start: int
    stop: int

    @property
    def width(self) -> int:
        """New positions."""
        return self.stop - self.start

    @property
    def total(self) -> int:
        """Positions that count, and the new ones."""
        return self.slot.length + self.width


@dataclass(frozen=True, slots=True)
class Layout:
    """A ragged pass: the new positions of all sessions laid end to end. N of them in all."""

    stretches: Sequence[Stretch]
    positions: torch.Tensor  # (N,): each one's place in its own session
    rows: torch.Tensor  # (N,): each one's row in the slots
    gated: slice | torch.Tensor | None
    """The masks, where the burst adapter is active."""
    wanted: torch.Tensor  # (W,): the positions whose logits somebody reads


class Trunk(Protocol):
    """The backbone's layers and output embedding, adapter included."""

    def compute(self, embedded: torch.Tensor, layout: Layout) -> tuple[torch.Tensor, torch.Tensor]:
        """(N, D) embeddings to logits (W, V) and the hidden states before the output embedding (W, D).

        Writes the keys and values of all N positions into their slots; the lengths stay as they are.
        """
        ...


def causal(stretch: Stretch, device: torch.device, window: int | None = None) -> torch.Tensor:
    """Which keys each new position sees: itself and what lies before it. # (T, L), bool"""
    query = torch.arange(stretch.slot.length, stretch.total, device=device)[:, None]
    key = torch.arange(stretch.total, device=device)[None, :]
    seen = key <= query
    return seen if window is None else seen & (query - key < window)
