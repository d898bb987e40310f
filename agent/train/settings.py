"""The settings of `steno train policy` and `steno train burst`. Each default is defined here alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from agent.lm.shipped import NONE
from agent.lm.types import BURST_SIZE

Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Above = Annotated[float, Field(gt=0)]


Adapter = Annotated[
    Annotated[str, Field(min_length=1)] | None,
    BeforeValidator(lambda value: None if value == NONE else value),
]
"""Where an adapter is: a directory, an id or 'shipped'; 'none' is None."""

LISTS = frozenset({"targets", "purposes"})
"""Settings that a command line gives as words separated by commas."""


class LoopSettings(BaseModel):
    """What every training has in common. What is None depends on the device, or is without a limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: tuple[Path, ...] = Field(
        (), description="files of token sequences, JSON lines, or run directories"
    )
    model: str = Field("embedded", description="'embedded', a directory, or a Hugging Face id")
    device: Literal["auto", "cpu", "cuda"] = "auto"
    dtype: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="of the matrix products; what is trained is kept in fp32"
    )
    seed: int = Field(0, ge=0, description="of the order of the data and of what starts random")
    epochs: Above = Field(3.0, description="times that the data is gone through")
    steps: Positive | None = Field(None, description="optimiser steps; overrides epochs")
    max_minutes: Above | None = Field(
        None,
        description="the schedule is made to end by then, the last evaluation included; the answers to "
        "prompts are written before",
    )
    batch_tokens: Positive | None = Field(
        None,
        description="positions of one micro-batch, padding included; 1024 on a CPU, else 16384",
    )
    accumulate: Positive | None = Field(
        None, description="micro-batches of one step; 4 on a CPU, else 1"
    )
    lr: Above = Field(1e-3, description="the highest learning rate")
    warmup: Share = Field(0.03, description="share of the schedule before the highest rate")
    weight_decay: float = Field(0.0, ge=0)
    clip: Above = Field(1.0, description="the largest norm of a step's gradient")
    held_out: Share = Field(0.02, description="share of the seeds that are kept for evaluation")
    eval_sequences: Positive = Field(64, description="at most so many held-out sequences are used")
    eval_minutes: Above = Field(15.0, description="minutes between evaluations")
    save_minutes: Above = Field(5.0, description="minutes between checkpoints")
    save_steps: Positive | None = Field(None, description="a checkpoint every so many steps, too")
    log_steps: Positive = Field(10, description="metrics are averaged over so many steps")
    compile: bool = Field(
        False, description="compile the layers: faster, with a compiler at hand (C++, or Triton)"
    )


class PolicySettings(LoopSettings):
    """LoRA that makes a base model play."""

    init: Adapter = Field(
        None, description="a policy adapter to go on from: a directory, an id or 'shipped'"
    )
    frozen_layers: int = Field(
        0,
        ge=0,
        description="the lowest layers, whose updates stay as they are: with init, and for speed",
    )
    rank: Positive = Field(32, description="of each low-rank update")
    alpha: Above = Field(32.0, description="updates are scaled by alpha / rank")
    targets: tuple[str, ...] = Field((), description="module names; none: every linear module")
    tree_positions: int = Field(
        1024,
        ge=0,
        description="what windows begin alike is computed once, in rows of so many positions; 0: not so",
    )


class BurstSettings(LoopSettings):
    """The burst adapter, distilled from the model that it belongs to."""

    prompts: Path | None = Field(
        None, description="prompts, one a line or JSON lines; the model's answers become the data"
    )
    policy: Adapter = Field(
        None,
        description="policy adapter that is merged into the model: a directory, an id or 'shipped'",
    )
    init: Adapter = Field(
        None,
        description="a burst adapter to go on from, be it another policy's: likewise",
    )
    k: int = Field(BURST_SIZE, ge=2, description="the largest burst")
    rank: Positive = 32
    alpha: Above = 32.0
    targets: tuple[str, ...] = Field((), description="module names; none: the common projections")
    sampler_size: Positive = 512
    candidates: Positive = 64
    masks: Positive = Field(384, description="mask positions of each sequence in a step, at most")
    offline: Share = Field(0.15, description="share of the schedule with the text's own targets")
    consistency: float = Field(0.1, ge=0, description="weight of the consistency loss")
    purposes: tuple[Literal["think", "summarise", "act"], ...] = Field(
        ("think", "summarise", "act"), description="which of the written text bursts are learnt on"
    )
    answer_tokens: int = Field(256, ge=2, description="the longest answer to a prompt")
    temperature: float = Field(1.0, ge=0, description="of the answers to prompts; 0 is greedy")
    min_p: Share = Field(0.1, description="of the answers to prompts")
