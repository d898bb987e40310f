"""The model card beside an adapter: what made it, from what, in how long, and how good it became."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from agent.machine import processor
from agent.train.sequences import TokenSequence
from agent.train.settings import LISTS, LoopSettings

CARD = "README.md"
# Settings that have an option of their own (agent/train/commands.py).
_FLAGS = {"data", "prompts", "model", "policy", "init", "k", "device", "dtype", "seed", "epochs"}
_FLAGS |= {
    "steps",
    "max_minutes",
    "lr",
    "batch_tokens",
    "accumulate",
    "masks",
    "rank",
    "temperature",
}


def write_card(
    out: Path,
    *,
    title: str,
    what: str,
    command: str,
    facts: Mapping[str, Any],
    results: Mapping[str, Mapping[str, float]],
) -> None:
    """Write README.md. `results` are the last metrics by kind."""
    lines = [
        "---",
        "tags: [steno]",
        "---",
        "",
        f"# {title}",
        "",
        what,
        "",
        "```",
        command,
        "```",
        "",
    ]
    lines += ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items()), ""]
    for kind, values in results.items():
        if values:
            name = "Held-out seeds" if kind == "eval" else "Training, last steps"
            lines += [f"## {name}", "", "| | |", "|---|---|"]
            lines += [f"| {key} | {value:.6g} |" for key, value in values.items()] + [""]
    (out / CARD).write_text("\n".join(lines), encoding="utf-8")


def command_line(name: str, settings: LoopSettings, out: Path) -> str:
    """The command that makes the same training; of paths only the last part."""
    words = ["steno", "train", name, "--out", out.name]
    for key, value in settings.model_dump(exclude_defaults=True).items():
        if key in LISTS:
            words += ["--set", f"{key}={','.join(value)}"]
            continue
        for each in value if isinstance(value, tuple) else (value,):
            local = isinstance(each, Path) or (
                key in {"model", "policy", "init"} and Path(each).exists()
            )
            shown = Path(each).name if local else str(each)
            if key in _FLAGS:
                words += [f"--{key.replace('_', '-')}" if len(key) > 1 else f"-{key}", shown]
            else:
                words += ["--set", f"{key}={shown}"]
    return shlex.join(words)


def data_facts(
    files: Sequence[Path], training: Sequence[TokenSequence], held_out: Sequence[TokenSequence]
) -> dict[str, Any]:
    """What is to be known of the data."""
    both = [*training, *held_out]
    seeds = [each.seed for each in both]
    written = sum(part.stop - part.start for each in both for part in each.written)
    return {
        "data": ", ".join(path.name for path in files),
        "sequences": f"{len(training)} to train on, {len(held_out)} held out",
        "seeds": f"{min(seeds)} to {max(seeds)}, {len(set(seeds))} different ones",
        "ids": f"{sum(len(each.ids) for each in both)}, of which the model wrote {written}",
    }


def machine(device: torch.device, dtype: str) -> str:
    """Processor or accelerator, threads, the products' `dtype`, the versions that numerics hang on."""
    import transformers

    name = torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
    return (
        f"{name}, {torch.get_num_threads()} threads, products in {dtype}, torch "
        f"{torch.__version__}, transformers {transformers.__version__}"
    )
