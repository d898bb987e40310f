"""A frozen model and its burst adapter in training: the prefix, the masks, and the teacher's verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from agent.lm.adapter import BurstAdapter
from agent.train.losses import Candidates, candidates, moved
from agent.train.regions import Layout, Prefix, use_regions
from agent.train.wanted import Wanted


@dataclass(slots=True)
class Ordinary:
    """What the frozen model computes of the real ids: no masks, the gate closed."""

    prefix: Prefix
    hidden: torch.Tensor  # (B, T, D)
    logits: torch.Tensor  # (W, V), float32, at the positions that were asked for


@dataclass(slots=True)
class Guessed:
    """What the masks say. N: masks, region by region; filler is left out."""

    hidden: torch.Tensor  # (N, D)
    logits: torch.Tensor  # (N, V), float32
    found: Candidates


@dataclass(slots=True)
class Written:
    """What a student wrote greedily from its anchors on. N as above."""

    previous: torch.Tensor  # (N,): y_j, the token before the one that mask j gives
    chosen: torch.Tensor  # (N,): y_(j+1)
    sure: torch.Tensor  # (N,): its top-1 probability, as agent/lm/burst.py cuts by


class Student:
    """The passes of training. The network is frozen; only the adapter has gradients."""

    def __init__(self, network: Any, adapter: BurstAdapter) -> None:
        """Raises ModelUnavailable and AdapterMismatch where the two do not fit."""
        use_regions(network)
        adapter.attach(network)
        self.network, self.adapter = network, adapter
        self._embed = network.get_input_embeddings()
        self.unembed: torch.Tensor = network.get_output_embeddings().weight  # (V, D)
        self._wanted = Wanted(network)

    @torch.no_grad()
    def ordinary(self, ids: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> Ordinary:
        """One pass over the real ids (B, T); logits at the positions (rows, columns), each (W,)."""
        prefix = Prefix()
        positions = torch.arange(ids.shape[1], device=ids.device).expand_as(ids)
        with prefix.use(), self._wanted.at(rows, columns):
            logits = self.network(
                inputs_embeds=self._embed(ids), position_ids=positions, use_cache=False
            ).logits.float()
        return Ordinary(prefix, self._wanted.everywhere, logits)

    def guess(self, ordinary: Ordinary, layout: Layout) -> Guessed:
        """One pass of all masks over the prefix, the gate open."""
        vectors = self.adapter.masks[(layout.place - 1).clamp(min=0)]  # (B, M, D)
        with self.adapter.gate(slice(None)):
            hidden, logits = self._pass(ordinary.prefix, layout, vectors)
        found = candidates(logits, self.adapter.config.candidates, self.unembed)
        return Guessed(hidden, logits, found)

    @torch.no_grad()
    def teach(
        self, ordinary: Ordinary, layout: Layout, tokens: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The frozen model's own next token after each of the student's, and its hidden states.

        `tokens` (N,) stand where the masks stood: y_j at position anchor + j. Returns (N,) and (N, D).
        """
        ids = torch.zeros_like(layout.place)
        ids[layout.real] = tokens
        hidden, logits = self._pass(ordinary.prefix, layout, self._embed(ids))
        return logits.argmax(-1), hidden

    def change(self, previous: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """What the sampler head says, given the tokens before. # (N,), (N, D) -> (N, D)"""
        result: torch.Tensor = self.adapter.sampler(self._embed(previous), hidden)
        return result

    @torch.no_grad()
    def write(self, guessed: Guessed, layout: Layout, first: torch.Tensor) -> Written:
        """Greedy tokens place by place, each seeing the one before it. `first` is y_1, (N,)."""
        place = layout.place[layout.real]  # (N,)
        previous, chosen = first.clone(), first.clone()
        sure = torch.zeros(len(first), device=first.device)
        for number in range(1, int(place.max()) + 1 if len(place) else 1):
            at = (place == number).nonzero()[:, 0]
            if number > 1:  # masks of a region lie side by side
                previous[at] = chosen[at - 1]
            found = guessed.found
            part = Candidates(
                found.ids[at],
                found.logits[at],
                found.words[at],
                found.everything[at],
                found.rest[at],
            )
            logits, total = moved(part, self.change(previous[at], guessed.hidden[at]))
            best, choice = logits.max(-1)
            chosen[at] = part.ids.gather(1, choice[:, None])[:, 0]
            sure[at] = torch.exp(best - total)
        return Written(previous, chosen, sure)

    def _pass(
        self, prefix: Prefix, layout: Layout, vectors: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden states (N, D) and logits (N, V) of vectors (B, M, D) in the regions' places."""
        rows, columns = layout.real
        with prefix.regions(layout), self._wanted.at(rows, columns):
            logits = self.network(
                inputs_embeds=vectors, position_ids=layout.position, use_cache=False
            ).logits.float()
        return self._wanted.everywhere[rows, columns], logits
