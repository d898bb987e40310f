"""Logits only where they are wanted: over a vocabulary they cost more than all layers together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


class Wanted:
    """Makes a causal LM compute logits at chosen positions only, (N, V) instead of (B, T, V).

    It hands the output embedding a gathered (N, D), so whatever an architecture does to logits
    afterwards (a scale, a soft cap) still happens to them.
    """

    def __init__(self, network: Any) -> None:
        self._at: tuple[torch.Tensor, torch.Tensor] | None = None
        self.everywhere = torch.empty(0)
        """Last hidden states of the last pass. # (B, T, D)"""
        network.get_output_embeddings().register_forward_pre_hook(self._gather)

    @contextmanager
    def at(self, rows: torch.Tensor, columns: torch.Tensor) -> Iterator[None]:
        """The positions whose logits the passes inside give. # (N,) and (N,)"""
        self._at = rows, columns
        try:
            yield
        finally:
            self._at = None

    def _gather(self, _module: Any, args: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor] | None:
        self.everywhere = args[0]
        return (args[0][self._at],) if self._at is not None else None
