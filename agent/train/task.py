"""What a training trains: some parameters of a frozen network, a loss, and what is measured."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from agent.train.data import Batch

Sums = dict[str, torch.Tensor]
"""By name, [sum, count] of something that is averaged over a step. # (2,) each"""


class Task(nn.Module, ABC):
    """The module that the training loop sees: its state is what is trained, and no more.

    The network is out of the loop's sight: it is neither saved, nor moved, nor put into training mode,
    so nothing in it is random and whatever is not `trained` keeps its bits.
    """

    def __init__(self, network: Any, trained: Mapping[str, nn.Parameter]) -> None:
        super().__init__()
        self._out_of_sight = (network,)
        # A module's names may have no dots in them.
        self.trained = nn.ParameterDict({k.replace(".", "/"): p for k, p in trained.items()})

    @property
    def network(self) -> Any:
        """The transformers causal LM."""
        return self._out_of_sight[0]

    @abstractmethod
    def forward(self, batch: Batch, progress: float) -> tuple[torch.Tensor, Sums]:
        """The loss summed over the micro-batch's `count` places, and what else is to be averaged.

        `progress` is the share of the schedule that is done.
        """

    @abstractmethod
    def measure(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Evaluate on held-out micro-batches."""


def pair(values: torch.Tensor) -> torch.Tensor:
    """[sum, count] of a tensor of any shape. # (2,) float32"""
    total = values.detach().float().sum()
    return torch.stack([total, torch.tensor(float(values.numel()), device=total.device)])


def means(sums: Mapping[str, torch.Tensor]) -> dict[str, float]:
    """The averages of [sum, count] pairs, without those that counted nothing."""
    both = {name: each.tolist() for name, each in sums.items()}
    return {name: total / count for name, (total, count) in both.items() if count}


def add(sums: Sums, more: Mapping[str, torch.Tensor]) -> None:
    """Add pairs to `sums`, in place."""
    for name, each in more.items():
        sums[name] = sums[name] + each if name in sums else each
