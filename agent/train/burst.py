"""`steno train burst`: distil the burst adapter from the frozen model that it belongs to.

After Samragh et al. (arXiv 2507.11851: gated LoRA, sampler head, consistency) and Kirchenbauer et al.
(arXiv 2602.06019: hard targets from the frozen model, given the student's own prefix).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from agent.errors import AdapterMismatch, TrainingFailed
from agent.lm.adapter import TARGETS, AdapterConfig, BurstAdapter
from agent.lm.shipped import chosen
from agent.train import data, directory
from agent.train.card import write_card
from agent.train.compiled import compile_layers
from agent.train.data import Batch, padded
from agent.train.losses import consistency_loss, mask_loss, sampler_loss, survival
from agent.train.measures import measure
from agent.train.prompts import read_prompts
from agent.train.regions import Layout, Region, draw, lay_out
from agent.train.run import begin_with, load, train, with_sequences
from agent.train.sequences import TokenSequence
from agent.train.settings import BurstSettings
from agent.train.student import Student
from agent.train.task import Sums, Task, pair

LEAST_WEIGHT = 0.1
"""Of a mask behind one that was not sure: it is cut at play, but later it may be reached."""


def train_burst(given: Mapping[str, Any], out: Path, *, resume: bool = False) -> None:
    """Train a burst adapter into `out`: adapter.safetensors, adapter.json, a card and metrics.

    `given` are values of BurstSettings. Raises TrainingFailed, ModelUnavailable, AdapterMismatch,
    ConfigError.
    """
    settings = directory.begin(BurstSettings, given, out, resume=resume)
    files = settings.data
    if settings.prompts is not None:
        from agent.train.answers import answered

        if not resume:
            _require_trainable(settings)
        files = (answered(settings, out), *files)
    started = time.monotonic()  # the time limit is the training's, not that of the answers
    sequences = usable(data.load(files), settings.purposes)
    loaded = load(settings)
    run = with_sequences(settings, out, sequences, files, loaded)
    adapter = make_adapter(loaded.network, loaded.fingerprint, settings)
    task = BurstTask(Student(loaded.network, adapter), settings)
    if settings.compile:
        compile_layers(loaded.network)
    full = partial(collate, settings=settings, full=True)
    report = train(
        run,
        task,
        partial(collate, settings=settings),
        resume=resume,
        started=started,
        rows=list,
        collate_held_out=full,
    )
    adapter.save_pretrained(out, dtype=torch.bfloat16)
    write_card(
        out,
        title=f"A burst adapter for {loaded.name}",
        what="Gated LoRA, mask embeddings and a sampler head for bursts of up to "
        f"{adapter.config.k} tokens. `steno run --burst DIR` attaches it to the model (and policy) "
        "that it was distilled from.",
        command=run.command("burst"),
        facts={**run.facts(), "bound to the fingerprint": loaded.fingerprint},
        results=report.last,
    )


def _require_trainable(settings: BurstSettings) -> None:
    """Raise now what would be raised once all prompts have their answers, which takes hours."""
    assert settings.prompts is not None
    if settings.data:
        data.load(settings.data)
    elif len(read_prompts(settings.prompts)) < 2:
        raise TrainingFailed(
            f"{str(settings.prompts)!r} has one prompt; some are held out, so give two or more"
        )
    loaded = load(settings)
    make_adapter(loaded.network, loaded.fingerprint, settings)


def usable(sequences: list[TokenSequence], purposes: Sequence[str]) -> list[TokenSequence]:
    """Those with room for a mask. Raises TrainingFailed where there is none."""
    kept = [
        each
        for each in sequences
        if any(part.purpose in purposes and part.stop - part.start >= 2 for part in each.written)
    ]
    if not kept:
        raise TrainingFailed(
            f"none of {len(sequences)} sequences has a stretch of two ids or more written to "
            f"{' or '.join(purposes)}; bursts are learnt on such text"
        )
    return kept


def make_adapter(network: Any, fingerprint: str, settings: BurstSettings) -> BurstAdapter:
    """A fresh adapter, or the one to go on from, in fp32. Raises AdapterMismatch, ModelUnavailable.

    The one to go on from may be another policy's: a policy that was trained further needs its bursts
    distilled anew, and begins near the old ones. Of one with a larger k the last masks are left out,
    which no earlier mask sees.
    """
    if settings.init is not None:
        _, place = chosen(settings.model, settings.policy, settings.init)
        adapter = BurstAdapter.from_pretrained(begin_with(place), base=None)
        if adapter.config.k < settings.k or adapter.config.rank != settings.rank:
            raise AdapterMismatch(
                f"the burst adapter in {settings.init!r} has k {adapter.config.k} and rank "
                f"{adapter.config.rank}, and k {settings.k} and rank {settings.rank} were asked for: "
                "the rank must be the same, and k no larger"
            )
        adapter.config = adapter.config.model_copy(update={"base": fingerprint, "k": settings.k})
        adapter.masks = torch.nn.Parameter(adapter.masks.detach()[: settings.k - 1].clone())
    else:
        torch.manual_seed(settings.seed)
        adapter = BurstAdapter.untrained(
            network,
            AdapterConfig(
                base=fingerprint,
                hidden_size=int(network.config.get_text_config().hidden_size),
                k=settings.k,
                rank=settings.rank,
                alpha=settings.alpha,
                targets=settings.targets or TARGETS,
                sampler_size=settings.sampler_size,
                candidates=settings.candidates,
            ),
        )
    return adapter.to(device=network.device, dtype=torch.float32)


class BurstTask(Task):
    """Loss at the masks, after the sampler head, and between hidden states."""

    def __init__(self, student: Student, settings: BurstSettings) -> None:
        super().__init__(student.network, dict(student.adapter.named_parameters()))
        self._student = (student,)  # out of the loop's sight, as the network is
        self._settings = settings

    @property
    def student(self) -> Student:
        """The frozen model and its adapter."""
        return self._student[0]

    def forward(self, batch: Batch, progress: float) -> tuple[torch.Tensor, Sums]:
        """Summed loss over the masks. The first share of the schedule learns from the text itself."""
        student, layout = self.student, layout_of(batch)
        rows, columns = layout.real
        anchors = layout.anchor[rows, columns]
        offline = progress < self._settings.offline
        # 1. The real ids, once, as the frozen model sees them; at the anchors its own next token, y_1.
        starts = layout.place[rows, columns] == 1
        ordinary = student.ordinary(batch["ids"], rows[starts], anchors[starts])
        # 2. All masks in one pass, with gradients.
        guessed = student.guess(ordinary, layout)
        # 3. Targets: the text's own ids, or what the frozen model says after the student's own.
        weight = torch.ones(len(rows), device=rows.device)
        if offline:
            positions = layout.position[rows, columns]
            previous = batch["ids"][rows, positions]
            targets = batch["ids"][rows, positions + 1]
            hidden = ordinary.hidden[rows, positions]
        else:
            first = ordinary.logits.argmax(-1)[starts.cumsum(0) - 1]  # (N,): each region's
            written = student.write(guessed, layout, first)
            previous = written.previous
            weight = survival(written.sure, starts, LEAST_WEIGHT)
            targets, hidden = student.teach(ordinary, layout, previous)
        # 4. The losses.
        change = student.change(previous, guessed.hidden)
        at_masks = mask_loss(guessed.logits, guessed.found, targets)
        after = sampler_loss(guessed.logits, guessed.found, change, targets, student.unembed)
        apart = consistency_loss(guessed.hidden, hidden)
        loss = (weight * (at_masks + after + self._settings.consistency * apart)).sum()
        right = guessed.found.ids[:, 0] == targets
        sums = {
            "mask_loss": at_masks,
            "sampler_loss": after,
            "consistency": apart,
            "mask_accuracy": right,
        }
        return loss, {name: pair(values) for name, values in sums.items()}

    def measure(self, batches: Iterable[Batch]) -> dict[str, float]:
        """See agent/train/measures.py."""
        return measure(self.student, ((batch, layout_of(batch)) for batch in batches))


def layout_of(batch: Batch) -> Layout:
    """The regions of a micro-batch."""
    return Layout(batch["anchor"], batch["place"], batch["region"])


def collate(
    members: Sequence[TokenSequence], seed: int, *, settings: BurstSettings, full: bool = False
) -> Batch:
    """A micro-batch: ids (B, T), and regions drawn from the seed (`full`: as long as they fit)."""
    generator = torch.Generator().manual_seed(seed)
    rows: list[list[Region]] = [
        draw(
            each,
            settings.k - 1,
            settings.masks,
            generator,
            purposes=settings.purposes,
            full=full,
        )
        for each in members
    ]
    layout = lay_out(rows)
    return {
        "ids": padded([each.ids for each in members]),
        "anchor": layout.anchor,
        "place": layout.place,
        "region": layout.region,
        "count": (layout.place > 0).sum(),
    }
