"""From files of token sequences to micro-batches: what is refused, what is held out, in which order."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch.utils.data import Dataset

from agent.errors import TrainingFailed
from agent.seeds import FIRST_DEVELOPMENT_SEED, derive
from agent.train.sequences import TokenSequence, read
from agent.train.traces import of_run

PROMPTS = "prompts:"
"""How the source of a sequence begins that comes from a file of prompts: its seed is a line's number."""

_NOT_FOR_TRAINING = re.compile(r"[?&]split=(?!train(&|$))")

Batch = dict[str, torch.Tensor]


class Row(Protocol):
    """What a micro-batch has several of."""

    @property
    def ids(self) -> Sequence[int]:
        """Its positions."""
        ...


R = TypeVar("R", bound=Row)
Collate = Callable[[Sequence[R], int], Batch]


def load(files: Sequence[Path]) -> list[TokenSequence]:
    """The sequences that have something to learn, of files, or of the traces of run directories.

    Raises TrainingFailed where a file is damaged, nothing is left, or a game is not for training.
    """
    if not files:
        raise TrainingFailed(
            "no data was given; name a file of sequences, or a run directory, with --data"
        )
    found = [each for file in files for each in sequences_of(file) if each.written]
    if not found:
        names = ", ".join(str(file) for file in files)
        raise TrainingFailed(
            f"no sequence in {names} has text that the model wrote; there is nothing to learn"
        )
    for each in found:
        if not each.source.startswith(PROMPTS):
            _require_for_training(each)
    return found


def _require_for_training(sequence: TokenSequence) -> None:
    if sequence.seed >= FIRST_DEVELOPMENT_SEED:
        raise TrainingFailed(
            f"a sequence of {sequence.source!r} has seed {sequence.seed}; seeds from "
            f"{FIRST_DEVELOPMENT_SEED} on are for development and scores: train on smaller ones"
        )
    if _NOT_FOR_TRAINING.search(sequence.source):
        raise TrainingFailed(
            f"a sequence of {sequence.source!r} (seed {sequence.seed}) has foods that are for "
            "development and scores: train on those of split=train"
        )


def sequences_of(path: Path) -> Iterator[TokenSequence]:
    """Those of a file, or of a run directory. Raises TrainingFailed where they do not read."""
    return of_run(path) if path.is_dir() else read(path)


def require_fit(
    sequences: Sequence[TokenSequence], positions: int, vocabulary: int, identity: str
) -> None:
    """Raises TrainingFailed where a sequence is too long for the model, or is none of its tokenizer's.

    `positions` and `vocabulary` are how many of each the model has, `identity` is its tokenizer's.
    """
    for number, each in enumerate(sequences):
        if each.vocabulary not in {None, identity}:
            raise TrainingFailed(
                f"sequence {number} ({each.source!r}, seed {each.seed}) was made with another "
                "tokenizer than the model's; make the data with the same --model"
            )
        if len(each.ids) > positions:
            raise TrainingFailed(
                f"sequence {number} ({each.source!r}, seed {each.seed}) has {len(each.ids)} ids, and "
                f"the model has {positions} positions; make the windows smaller"
            )
        if not 0 <= min(each.ids) <= max(each.ids) < vocabulary:
            wrong = min(each.ids) if min(each.ids) < 0 else max(each.ids)
            raise TrainingFailed(
                f"sequence {number} ({each.source!r}, seed {each.seed}) has the id {wrong}, and the "
                f"model knows 0..{vocabulary - 1}; was it made with another tokenizer?"
            )


def split(
    sequences: Sequence[TokenSequence], share: float, seed: int
) -> tuple[list[TokenSequence], list[TokenSequence]]:
    """Sequences to train on, and those of the held-out seeds: at least one seed, never all.

    Raises TrainingFailed where all sequences have one seed.
    """
    seeds = sorted({each.seed for each in sequences}, key=lambda s: derive(seed, "held out", s))
    if len(seeds) < 2:
        raise TrainingFailed(
            f"all {len(sequences)} sequences have seed {seeds[0]}; some seeds are held out for "
            "evaluation, so give sequences of two seeds or more"
        )
    held = set(seeds[: min(max(1, round(share * len(seeds))), len(seeds) - 1)])
    return (
        [each for each in sequences if each.seed not in held],
        [each for each in sequences if each.seed in held],
    )


def sample(sequences: Sequence[TokenSequence], count: int, seed: int) -> list[TokenSequence]:
    """So many of them at the most, drawn at random: a file may have its kinds one after the other."""
    if len(sequences) <= count:
        return list(sequences)
    chosen = random.Random(derive(seed, "evaluated")).sample(range(len(sequences)), count)
    return [sequences[index] for index in sorted(chosen)]


def group(rows: Sequence[R], positions: int) -> list[list[R]]:
    """Micro-batches of rows of similar length, of at most so many positions with their padding.

    A row that is longer alone is a micro-batch of its own.
    """
    batches: list[list[R]] = []
    for each in sorted(rows, key=lambda row: len(row.ids)):
        last = batches[-1] if batches else []
        if last and (len(last) + 1) * len(each.ids) <= positions:
            last.append(each)
        else:
            batches.append([each])
    return batches


@dataclass
class Plan(Dataset[Batch]):
    """Every micro-batch of a training, in order: number i depends on the seed and i alone.

    So a training that resumes sees what it would have seen, without any state of random numbers.
    """

    batches: Sequence[Sequence[Any]]
    count: int
    seed: int
    collate: Collate[Any]

    def __post_init__(self) -> None:
        self._order: tuple[int, list[int]] = (-1, [])

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> Batch:
        epoch, place = divmod(number, len(self.batches))
        if self._order[0] != epoch:
            generator = torch.Generator().manual_seed(derive(self.seed, "order", epoch))
            self._order = epoch, torch.randperm(len(self.batches), generator=generator).tolist()
        members = self.batches[self._order[1][place]]
        return self.collate(members, derive(self.seed, "batch", number))


def padded(rows: Sequence[Sequence[int]], filler: int = 0) -> torch.Tensor:
    """Rows of unequal length, filled up at the right. # (B, T) int64"""
    width = max(len(row) for row in rows)
    made: Any = torch.full((len(rows), width), filler, dtype=torch.int64)
    for number, row in enumerate(rows):
        made[number, : len(row)] = torch.tensor(row)
    return made  # type: ignore[no-any-return]
