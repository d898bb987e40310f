"""`steno train policy`: LoRA that learns to write what a good player wrote in a window."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from agent.errors import TrainingFailed
from agent.lm.shipped import chosen
from agent.train.attention import IMPLEMENTATION
from agent.train.card import write_card
from agent.train.compiled import compile_layers
from agent.train.data import Batch, padded
from agent.train.run import begin_with, prepare, train
from agent.train.settings import PolicySettings
from agent.train.task import Sums, Task, add, means, pair
from agent.train.trees import Tree, grow
from agent.train.wanted import Wanted

PURPOSES = ("think", "act", "summarise")
_LAYER = re.compile(r"\.(\d+)\.")


def train_policy(given: Mapping[str, Any], out: Path, *, resume: bool = False) -> None:
    """Train a policy adapter into `out`: peft's files, a card and metrics.

    `given` are values of PolicySettings. Raises TrainingFailed, ModelUnavailable, ConfigError.
    """
    from agent.lm import policy

    started = time.monotonic()
    run = prepare(PolicySettings, given, out, resume=resume)
    settings, loaded = run.settings, run.loaded
    loaded.network.set_attn_implementation(IMPLEMENTATION)
    adapted = adapt(loaded.network, settings)
    if settings.init is not None:
        place, _ = chosen(settings.model, settings.init, None)
        policy.restore(adapted, begin_with(place), base=loaded.base)
    freeze(adapted, settings.frozen_layers)
    if settings.compile:
        compile_layers(loaded.network)
    report = train(
        run,
        PolicyTask(adapted),
        collate,
        resume=resume,
        started=started,
        rows=partial(grow, positions=tree_positions(loaded.network, settings)),
    )
    policy.save(adapted, out, base=loaded.base, base_name=loaded.name)
    write_card(
        out,
        title=f"A policy adapter for {loaded.name}",
        what="LoRA that makes the model think, act and take notes in Steno. `steno run --policy DIR` "
        "merges it into the weights.",
        command=run.command("policy"),
        facts=run.facts(),
        results=report.last,
    )


def adapt(network: Any, settings: PolicySettings) -> Any:
    """The network as a PeftModel with fresh LoRA. Raises TrainingFailed where a target is unknown."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(settings.seed)
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.rank,
        lora_alpha=settings.alpha,  # type: ignore[arg-type]
        lora_dropout=0.0,
        target_modules=list(settings.targets) or "all-linear",
    )
    try:
        return get_peft_model(network, config)
    except ValueError as error:
        raise TrainingFailed(
            f"LoRA cannot be put into {type(network).__name__}: {str(error).splitlines()[0]}"
        ) from error


def freeze(adapted: Any, layers: int) -> None:
    """Leave the LoRA of the lowest layers as it is, so that no gradient has to go down to them.

    Raises TrainingFailed where nothing would be left to train.
    """
    trained = [(name, p) for name, p in adapted.named_parameters() if p.requires_grad]
    for name, p in trained:
        number = _LAYER.search(name)
        if number is not None and int(number[1]) < layers:
            p.requires_grad_(False)
    if not any(p.requires_grad for _, p in trained):
        raise TrainingFailed(f"frozen_layers {layers}: no layer is left to train; use fewer")


def tree_positions(network: Any, settings: PolicySettings) -> int:
    """How large trees may grow; 0 where layers see a sliding window, which no tree knows of."""
    config = network.config.get_text_config()
    return 0 if getattr(config, "sliding_window", None) else settings.tree_positions


class PolicyTask(Task):
    """Cross-entropy at the written ids."""

    def __init__(self, adapted: Any) -> None:
        """`adapted` is a PeftModel."""
        weights = {name: p for name, p in adapted.named_parameters() if p.requires_grad}
        super().__init__(adapted, weights)
        self._wanted = Wanted(adapted)

    def forward(self, batch: Batch, progress: float) -> tuple[torch.Tensor, Sums]:
        """The summed loss, and the share of ids that greedy decoding would have chosen."""
        losses, right = self.scores(batch)
        return losses.sum(), {"accuracy": pair(right)}

    def scores(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss of each written id of a batch, and whether it is the likeliest one. # (N,) and (N,)"""
        with self._wanted.at(batch["rows"], batch["columns"]):
            logits = self.network(
                input_ids=batch["ids"],
                position_ids=batch["positions"],
                attention_mask=batch.get("seen"),
                use_cache=False,
            ).logits.float()  # (N, V)
        losses = F.cross_entropy(logits, batch["targets"], reduction="none")
        return losses, logits.detach().argmax(-1) == batch["targets"]

    def measure(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Loss and accuracy, of all ids and by purpose."""
        sums: Sums = {}
        for batch in batches:
            losses, right = self.scores(batch)
            add(sums, {"loss": pair(losses), "accuracy": pair(right)})
            for number, purpose in enumerate(PURPOSES):
                of = batch["purposes"] == number
                add(
                    sums,
                    {f"loss_{purpose}": pair(losses[of]), f"accuracy_{purpose}": pair(right[of])},
                )
        return means(sums)


def collate(trees: Sequence[Tree], _seed: int) -> Batch:
    """A micro-batch: ids and positions (B, T), and of each written id where its logits are. # (N,)

    What is seen (B, 1, T, T) stands only where that is not all that lies before: padding lies at the
    right, where causal attention keeps it from what is wanted.
    """
    places = [
        (row, path[at - 1], each.ids[at], PURPOSES.index(part.purpose))
        for row, tree in enumerate(trees)
        for each, path in zip(tree.members, tree.paths, strict=True)
        for part in each.written
        for at in range(part.start, part.stop)
    ]
    rows, columns, targets, purposes = torch.tensor(places).T.contiguous()
    batch = {
        "ids": padded([tree.ids for tree in trees]),
        "positions": padded([tree.positions().tolist() for tree in trees]),
        "rows": rows,
        "columns": columns,
        "targets": targets,
        "purposes": purposes,
        "count": torch.tensor(len(places)),
    }
    if any(len(tree.members) > 1 for tree in trees):
        batch["seen"] = seen(trees, batch["ids"].shape[1])
    return batch


def seen(trees: Sequence[Tree], width: int) -> torch.Tensor:
    """What each id of each tree sees; padding sees itself, so that it stays finite. # (B, 1, T, T)"""
    found = torch.eye(width, dtype=torch.bool).repeat(len(trees), 1, 1, 1)
    for row, tree in zip(found, trees, strict=True):
        row[0, : len(tree.ids), : len(tree.ids)] = tree.seen()
    return found
