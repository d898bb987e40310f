"""Windows that begin alike, computed as one tree: what they share is computed once.

The windows of a game differ late: a correction repeats all that stood before the word it corrects, and
each window begins with the same instructions. In a tree every id stands once, after the ids that it saw,
and sees those alone: losses and gradients are those of the windows laid side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch

from agent.train.sequences import TokenSequence


@dataclass(frozen=True, slots=True)
class Tree:
    """Sequences, and where each of their ids stands in the row of ids that they share."""

    ids: tuple[int, ...]
    members: tuple[TokenSequence, ...]
    paths: tuple[tuple[int, ...], ...]
    """For each member the place of each of its ids in `ids`, in rising order."""

    def positions(self) -> torch.Tensor:
        """How many ids each id comes after: its position in the windows that it is of. # (N,)"""
        found = torch.zeros(len(self.ids), dtype=torch.int64)
        for path in self.paths:
            found[list(path)] = torch.arange(len(path))
        return found

    def seen(self) -> torch.Tensor:
        """Which ids each id sees: itself, and those before it in its windows. # (N, N), bool"""
        found = torch.zeros(len(self.ids), len(self.ids), dtype=torch.bool)
        for path in self.paths:
            along = torch.tensor(path)
            found[along[:, None], along] = torch.ones(len(path), len(path), dtype=torch.bool).tril()
        return found


def grow(sequences: Iterable[TokenSequence], positions: int) -> list[Tree]:
    """All sequences as trees of at most so many ids; one that is longer alone is a tree of its own."""
    trees: list[Tree] = []
    ids: list[int] = []
    members: list[TokenSequence] = []
    paths: list[tuple[int, ...]] = []
    # In this order nobody has more in common with a sequence than the one before it.
    for each in sorted(sequences, key=lambda s: s.ids):
        shared = _alike(members[-1].ids, each.ids) if members else 0
        if members and len(ids) + len(each.ids) - shared > positions:
            trees.append(Tree(tuple(ids), tuple(members), tuple(paths)))
            ids, members, paths, shared = [], [], [], 0
        before = paths[-1][:shared] if paths else ()
        paths.append((*before, *range(len(ids), len(ids) + len(each.ids) - shared)))
        ids += each.ids[shared:]
        members.append(each)
    return [*trees, Tree(tuple(ids), tuple(members), tuple(paths))] if members else trees


def _alike(one: Sequence[int], other: Sequence[int]) -> int:
    """How many ids both begin with."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
