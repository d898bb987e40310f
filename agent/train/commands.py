"""`steno train`: data, and the two adapters. Options left out are the settings' own defaults."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.errors import TrainingFailed
from agent.files import refusals_named

app = typer.Typer(
    name="train",
    help="Train the adapters: demonstrations, a policy that plays, bursts for any model.",
    no_args_is_help=True,
)

Data = Annotated[
    list[Path] | None,
    typer.Option(help="Token sequences, JSON lines, or a run directory: its traces. Repeatable."),
]
Out = Annotated[Path, typer.Option(help="Directory for the adapter, its checkpoints and metrics.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on where the training in --out stopped.")
]
Model = Annotated[str | None, typer.Option(help="'embedded', a directory or a Hugging Face id.")]
Device = Annotated[str | None, typer.Option(help="auto, cpu or cuda.")]
Dtype = Annotated[str | None, typer.Option(help="auto, fp32 or bf16: of the matrix products.")]
Seed = Annotated[int | None, typer.Option(help="Of the data's order and of what starts random.")]
Epochs = Annotated[float | None, typer.Option(help="Times through the data.")]
Steps = Annotated[int | None, typer.Option(help="Optimiser steps; overrides --epochs.")]
MaxMinutes = Annotated[
    float | None, typer.Option(help="End the whole schedule by then, however far it is.")
]
Rate = Annotated[float | None, typer.Option("--lr", help="The highest learning rate.")]
BatchTokens = Annotated[int | None, typer.Option(help="Positions of one micro-batch.")]
Accumulate = Annotated[int | None, typer.Option(help="Micro-batches of one step.")]
Rank = Annotated[int | None, typer.Option(help="Of each low-rank update.")]
Init = Annotated[
    str | None,
    typer.Option(help="An adapter of its kind to go on from: directory, id or 'shipped'."),
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="Any other setting: key=value. Repeatable.")
]
RunSettings = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting of the run: section.key=value. Repeatable."),
]
Renamed = Annotated[
    float, typer.Option(help="Share of kitchens whose foods go by other names.", min=0, max=1)
]


@app.command("demos")
def demos(
    out: Annotated[Path, typer.Option(help="File of token sequences to write, JSON lines.")],
    total: Annotated[
        int,
        typer.Option(
            "-n", "--games", help="Games, over all families; of each at least one.", min=1
        ),
    ] = 1500,
    family: Annotated[
        list[str] | None, typer.Option(help="Only this family. Repeatable; default: all.")
    ] = None,
    seed: Annotated[int, typer.Option(help="First game seed of each family; under 10000.")] = 0,
    model: Annotated[
        str, typer.Option(help="Whose tokenizer: as for `steno run --model`.")
    ] = "embedded",
    slips: Annotated[
        float,
        typer.Option(
            help="Share of thoughts and notes in which the player errs. These carry no loss.",
            min=0,
            max=1,
        ),
    ] = 0.0,
    renamed: Renamed = 0.0,
    jobs: Annotated[int, typer.Option("-j", "--jobs", help="Processes.", min=1)] = 1,
    settings: RunSettings = None,
) -> None:
    """Games of a player that sees only what an agent sees, as token sequences to learn from."""
    from agent.train.demonstrations import demos as make
    from agent.train.demonstrations import print_report
    from agent.train.player.mix import CYCLES

    with refusals_named(out):
        report = make(
            out,
            model=model,
            families=family or list(CYCLES),
            total=total,
            first_seed=seed,
            settings=settings or [],
            slips=slips,
            renamed=renamed,
            jobs=jobs,
        )
    print_report(report)
    if not report.sequences:
        raise TrainingFailed(f"no game was won: {str(out)!r} has nothing to learn from")


@app.command("corrections")
def corrections(
    out: Annotated[Path, typer.Option(help="File of token sequences to write, JSON lines.")],
    policy: Annotated[str, typer.Option(help="The policy that plays: as for `steno run`.")],
    total: Annotated[
        int,
        typer.Option(
            "-n", "--games", help="Games, over all families; of each at least one.", min=1
        ),
    ] = 200,
    family: Annotated[
        list[str] | None, typer.Option(help="Only this family. Repeatable; default: all.")
    ] = None,
    seed: Annotated[int, typer.Option(help="First game seed of each family; under 10000.")] = 0,
    model: Annotated[str, typer.Option(help="As for `steno run --model`.")] = "embedded",
    burst: Annotated[str, typer.Option(help="Burst adapter: as for `steno run`.")] = "none",
    max_steps: Annotated[int, typer.Option(help="A game is given up after so many.", min=1)] = 80,
    renamed: Renamed = 0.0,
    jobs: Annotated[int, typer.Option("-j", "--jobs", help="Games at once.", min=1)] = 16,
    settings: RunSettings = None,
) -> None:
    """A policy plays; where its words differ from the player's, the player's are to be learnt."""
    from contextlib import closing

    from agent.config import ModelConfig, overrides
    from agent.runner import load
    from agent.train.corrections import corrections as make
    from agent.train.player.mix import CYCLES

    with (
        refusals_named(out),
        closing(load(ModelConfig(name=model, policy=policy, burst=burst))) as player,
    ):
        make(
            out,
            player,
            families=family or list(CYCLES),
            total=total,
            first_seed=seed,
            max_steps=max_steps,
            jobs=jobs,
            settings=overrides(settings or []),
            renamed=renamed,
        )


@app.command("questions")
def questions(
    out: Annotated[Path, typer.Option(help="File of prompts to write, JSON lines.")],
    count: Annotated[
        int,
        typer.Option("-n", "--count", help="Prompts; those that are equal are kept once.", min=1),
    ] = 3000,
    seed: Annotated[int, typer.Option(help="Other prompts for another number.")] = 0,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Questions of seeds from 10000 on: not to train on.")
    ] = False,
    without: Annotated[
        list[Path] | None, typer.Option(help="Leave out the prompts of this file. Repeatable.")
    ] = None,
) -> None:
    """Prompts of many kinds, for `steno train burst --prompts`: reasoning questions and requests."""
    from agent.train.questions import write_questions

    with refusals_named(out):
        written = write_questions(out, count, seed, held_out=held_out, without=without or [])
    typer.echo(f"{written} prompts in {out}")


@app.command("policy")
def policy(
    out: Out,
    data: Data = None,
    model: Model = None,
    init: Init = None,
    device: Device = None,
    dtype: Dtype = None,
    seed: Seed = None,
    epochs: Epochs = None,
    steps: Steps = None,
    max_minutes: MaxMinutes = None,
    lr: Rate = None,
    batch_tokens: BatchTokens = None,
    accumulate: Accumulate = None,
    rank: Rank = None,
    settings: Settings = None,
    resume: Resume = False,
) -> None:
    """LoRA that makes a base model play, from demonstrations. Loss only on what the model writes."""
    given = _given(locals())
    _quiet()
    from agent.train.policy import train_policy

    with refusals_named(out):
        train_policy(given, out, resume=resume)
    typer.echo(f"written: {out}")


@app.command("burst")
def burst(
    out: Out,
    data: Data = None,
    prompts: Annotated[
        Path | None, typer.Option(help="Prompts: the model's own answers become the data.")
    ] = None,
    model: Model = None,
    policy: Annotated[
        str | None,
        typer.Option(help="Merged into the model: directory, id or 'shipped'; default: none."),
    ] = None,
    init: Init = None,
    k: Annotated[int | None, typer.Option("-k", help="The largest burst.")] = None,
    device: Device = None,
    dtype: Dtype = None,
    seed: Seed = None,
    epochs: Epochs = None,
    steps: Steps = None,
    max_minutes: MaxMinutes = None,
    lr: Rate = None,
    batch_tokens: BatchTokens = None,
    accumulate: Accumulate = None,
    masks: Annotated[
        int | None, typer.Option(help="Mask positions of each sequence in a step, at most.")
    ] = None,
    rank: Rank = None,
    temperature: Annotated[
        float | None, typer.Option(help="Of the answers to --prompts; 0 is greedy.")
    ] = None,
    settings: Settings = None,
    resume: Resume = False,
) -> None:
    """The burst adapter, distilled from the frozen model on text that it wrote itself."""
    given = _given(locals())
    _quiet()
    from agent.train.burst import train_burst

    with refusals_named(out):
        train_burst(given, out, resume=resume)
    typer.echo(f"written: {out}")


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    """What was given, of a command's arguments. Raises ConfigError for a --set without '='."""
    from agent.config import overrides

    named = {k: v for k, v in arguments.items() if k not in {"out", "resume", "settings"}}
    values: dict[str, Any] = {k: v for k, v in named.items() if v is not None}
    if not values.get("data"):
        values.pop("data", None)
    for key, value in overrides(arguments["settings"] or [], "key=value").items():
        values[key] = _listed(key, value)
    return values


def _listed(key: str, value: str) -> str | Sequence[str]:
    from agent.train.settings import LISTS

    return value.split(",") if key in LISTS else value


def _quiet() -> None:
    """Keep libraries' advice off the terminal, where the bar is."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    warnings.filterwarnings("ignore", module=r"(transformers|peft|accelerate|torch)\b")
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
