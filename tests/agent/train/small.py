"""Small models on disk and predictable text, for trainings that take seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch

from agent.train.sequences import TokenSequence, Written, write
from tests.agent.lm.tiny import make_network, make_tokenizer

# A sentence is one of these, always the same from its first id on; between them stands what was read.
SENTENCES = [[20 + 12 * s + (5 * i + s) % 12 for i in range(12)] for s in range(6)]


def save_model(directory: Path, family: str = "llama", seed: int = 0) -> Path:
    """A random model with its tokenizer, as save_pretrained writes them."""
    make_network(family, seed).save_pretrained(directory)
    make_tokenizer().save_pretrained(directory)
    return directory


def sequence(seed: int, *, source: str = "textworld/simple", turns: int = 3) -> TokenSequence:
    """Turns of [something read, a sentence written]: which sentence, the last id read tells."""
    generator = torch.Generator().manual_seed(seed)
    ids: list[int] = [5]
    written = []
    for turn in range(turns):
        length, which = torch.randint(3, 8, (2,), generator=generator).tolist()
        which %= len(SENTENCES)
        ids += [*torch.randint(120, 250, (length,), generator=generator).tolist(), 260 + which]
        purpose: Any = ("think", "act", "summarise")[turn % 3]
        written.append(Written(start=len(ids), stop=len(ids) + 12, purpose=purpose))
        ids += SENTENCES[which]
    return TokenSequence(ids=tuple(ids), written=tuple(written), source=source, seed=seed)


def write_data(
    path: Path, seeds: Iterable[int], make: Callable[[int], TokenSequence] = sequence
) -> Path:
    write(path, [make(seed) for seed in seeds])
    return path


def quick(model: Path, data: Path, **more: Any) -> dict[str, Any]:
    """Settings of a short training of a small model, exact on a CPU."""
    return {
        "model": str(model),
        "data": [data],
        "device": "cpu",
        "dtype": "fp32",
        "batch_tokens": 200,
        "accumulate": 2,
        "held_out": 0.2,
        "log_steps": 5,
        **more,
    }
