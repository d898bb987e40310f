"""What both trainings do around their loop: model, data, held-out seeds, sizes that fit the device."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch

from agent.errors import TrainingFailed
from agent.lm.policy import find
from agent.lm.shipped import chosen
from agent.lm.tokenizer import identity
from agent.lm.weights import Loaded, load_network, native_bf16
from agent.train import data, directory
from agent.train.card import command_line, data_facts, machine
from agent.train.loop import fit
from agent.train.report import Report
from agent.train.sequences import TokenSequence
from agent.train.settings import LoopSettings
from agent.train.task import Task

S = TypeVar("S", bound=LoopSettings)


@dataclass
class Run(Generic[S]):
    """One training: its settings, the frozen model in fp32, and the data that it may see."""

    settings: S
    out: Path
    loaded: Loaded
    training: list[TokenSequence]
    held_out: list[TokenSequence]
    files: tuple[Path, ...]
    seconds: float = 0.0
    positions: int = 0

    @property
    def device(self) -> torch.device:
        """Where the model lies."""
        device: torch.device = self.loaded.network.device
        return device

    def command(self, name: str) -> str:
        """The command line that makes this training again."""
        return command_line(name, self.settings, self.out)

    def facts(self) -> dict[str, Any]:
        """What the card tells."""
        return {
            "base model": f"{self.loaded.name}, fingerprint {self.loaded.base}",
            **data_facts(self.files, self.training, self.held_out),
            "machine": machine(self.device, self.settings.dtype),
            "time": f"{self.seconds / 60:.1f} minutes",
            "positions trained on": self.positions,
        }


def prepare(kind: type[S], given: Mapping[str, Any], out: Path, *, resume: bool) -> Run[S]:
    """Settings, model and data of a training. Raises TrainingFailed, ModelUnavailable, ConfigError."""
    settings = directory.begin(kind, given, out, resume=resume)
    sequences = data.load(settings.data)
    return with_sequences(settings, out, sequences, settings.data, load(settings))


def begin_with(place: str | None) -> Path:
    """The directory of the adapter that a training goes on from, as `chosen` names its place.

    Raises TrainingFailed where none ships for this model and policy, ModelUnavailable where it is
    nowhere.
    """
    if place is None:
        raise TrainingFailed("no adapter ships for this model and policy; give --init a directory")
    return find(place)


def load(settings: LoopSettings) -> Loaded:
    """The frozen model that is trained beside, in fp32. Raises ModelUnavailable, AdapterMismatch."""
    return load_network(
        settings.model, dtype="fp32", device=settings.device, policy=policy_of(settings)
    )


def policy_of(settings: LoopSettings) -> str | None:
    """Where the policy adapter is that bursts are distilled from; None where none was named.

    Raises TrainingFailed where the one that ships was, and none ships for this model.
    """
    named = getattr(settings, "policy", None)
    place, _ = chosen(settings.model, named, None)
    if place is None and named is not None:
        raise TrainingFailed(
            f"no policy ships for the model {settings.model!r}; give --policy a directory, or none"
        )
    return place


def fitted(settings: S, device: torch.device) -> S:
    """The settings with what they leave to the device: a resume elsewhere must keep it.

    Raises TrainingFailed where the device has no products of the precision that was asked for.
    """
    if settings.dtype == "bf16" and not native_bf16(device):
        raise TrainingFailed(f"the training has dtype bf16, and {device} has no products in it")
    cuda = device.type == "cuda"
    found = {
        "batch_tokens": settings.batch_tokens or (16_384 if cuda else 1024),
        "accumulate": settings.accumulate or (1 if cuda else 4),
        "dtype": "bf16" if settings.dtype != "fp32" and native_bf16(device) else "fp32",
    }
    return settings.model_copy(update=found)


def with_sequences(
    settings: S,
    out: Path,
    sequences: list[TokenSequence],
    files: tuple[Path, ...],
    loaded: Loaded,
) -> Run[S]:
    """Check the sequences of `files`, and hold some back."""
    settings = fitted(settings, loaded.network.device)
    config = loaded.network.config.get_text_config()
    tokens = identity(loaded.tokenizer)
    data.require_fit(sequences, config.max_position_embeddings, config.vocab_size, tokens)
    training, held_out = data.split(sequences, settings.held_out, settings.seed)
    held_out = data.sample(held_out, settings.eval_sequences, settings.seed)
    return Run(settings, out, loaded, training, held_out, files)


def train(
    run: Run[S],
    task: Task,
    collate: data.Collate[data.R],
    *,
    resume: bool,
    started: float,
    rows: Callable[[Sequence[TokenSequence]], Sequence[data.R]],
    collate_held_out: data.Collate[data.R] | None = None,
) -> Report:
    """Write down what is trained on what, run the loop over the data, and note how long it took.

    `rows` makes of sequences what micro-batches have several of. Raises TrainingFailed where a resume
    has another model or other data, and what `fit` raises.
    """
    settings = run.settings
    positions, accumulate = settings.batch_tokens, settings.accumulate
    assert positions is not None
    assert accumulate is not None
    hashed = directory.data_hash(run.files)
    directory.record(settings, run.out, model=run.loaded.fingerprint, data=hashed)
    batches = data.group(rows(run.training), positions)
    steps = settings.steps or ceil(settings.epochs * len(batches) / accumulate)
    plan = data.Plan(batches, steps * accumulate, settings.seed, collate)
    measured = [
        (collate_held_out or collate)(members, number)
        for number, members in enumerate(data.group(rows(run.held_out), positions))
    ]
    report = fit(
        task,
        plan,
        measured,
        settings,
        run.out,
        accumulate=accumulate,
        device=run.device,
        resume=resume,
        started=started,
    )
    run.seconds, run.positions = report.seconds, report.positions
    return report
