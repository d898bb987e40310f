"""The loop of both trainings: transformers' Trainer with our order of data, clock and metrics."""

from __future__ import annotations

import json
import logging
import math
import time
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR
from transformers import Trainer, TrainerCallback, TrainingArguments

from agent.errors import Interrupted, TrainingDiverged, TrainingFailed
from agent.train.clock import Clock
from agent.train.data import Batch, Plan
from agent.train.interrupt import Interruption
from agent.train.report import Report
from agent.train.settings import LoopSettings
from agent.train.task import Sums, Task, add, means

CHECKPOINTS = "checkpoints"
_KEPT_CHECKPOINTS = 2


def fit(
    task: Task,
    plan: Plan,
    held_out: Sequence[Batch],
    settings: LoopSettings,
    out: Path,
    *,
    accumulate: int,
    device: torch.device,
    resume: bool,
    started: float | None = None,
) -> Report:
    """Train `task` in place until the schedule ends, and return what was reported.

    `settings` name the precision (`fitted`, agent/train/run.py); `started` (time.monotonic) is when the
    time limit began to run. Raises TrainingDiverged where the loss is not a number, TrainingFailed where
    the time is up before the first step, Interrupted after Ctrl-C, when a checkpoint of the last whole
    step is on disk.
    """
    logging.getLogger("accelerate").setLevel(logging.ERROR)
    task.to(device)
    limit = settings.max_minutes * 60 if settings.max_minutes else None
    clock = Clock(len(plan) // accumulate, settings.warmup, limit)
    if started is not None:
        clock.spent_s = time.monotonic() - started
    clock.began_s = clock.tick()  # the scheduler asks for the first step's rate as it is made
    checkpoint = last_checkpoint(out) if resume else None
    report = Report(out, clock, int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0)
    arguments = _arguments(settings, out, clock.steps, accumulate, device)
    optimizer = torch.optim.AdamW(
        task.parameters(), lr=settings.lr, weight_decay=settings.weight_decay
    )
    with Interruption() as interruption:
        keeper = _Keeper(clock, report, settings, interruption)
        loop = _Loop(task, arguments, plan, held_out, optimizer, clock, keeper)
        try:
            if checkpoint is None:
                before = time.monotonic()
                loop.evaluate()
                clock.reserve_s = 1.2 * (time.monotonic() - before)
                clock.began_s = clock.tick()
                if limit is not None and clock.began_s + clock.reserve_s >= limit:
                    raise TrainingFailed(
                        f"of {limit:.0f} seconds {clock.began_s:.0f} went by before the first step, and "
                        f"the last evaluation needs {clock.reserve_s:.0f}: give more minutes, or fewer "
                        "eval_sequences"
                    )
            with warnings.catch_warnings(action="ignore"):  # libraries', among themselves
                loop.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
            if interruption.asked:
                raise Interrupted(
                    f"stopped after step {loop.state.global_step} of {clock.steps}; "
                    f"go on with --out {out} --resume"
                )
            loop.evaluate()
        finally:
            report.close()
    return report


def _arguments(
    settings: LoopSettings, out: Path, steps: int, accumulate: int, device: torch.device
) -> TrainingArguments:
    cuda = device.type == "cuda"
    arguments = TrainingArguments(
        output_dir=str(out / CHECKPOINTS),
        max_steps=steps,
        per_device_train_batch_size=1,  # an item of the plan is a whole micro-batch
        gradient_accumulation_steps=accumulate,
        max_grad_norm=settings.clip,
        seed=settings.seed,
        bf16=settings.dtype == "bf16",
        use_cpu=device.type == "cpu",
        train_sampling_strategy="sequential",
        remove_unused_columns=False,
        dataloader_pin_memory=cuda,
        dataloader_num_workers=2 if cuda else 0,  # on a CPU the cores are taken
        logging_steps=settings.log_steps,
        logging_nan_inf_filter=False,
        save_strategy="no",  # the keeper says when
        eval_strategy="no",
        save_total_limit=_KEPT_CHECKPOINTS,
        disable_tqdm=True,
        report_to="none",
    )
    arguments._n_gpu = min(arguments.n_gpu, 1)  # more would split a micro-batch by DataParallel
    return arguments


class _Loop(Trainer):
    """Trainer, with the sums of a task as its loss."""

    def __init__(
        self,
        task: Task,
        arguments: TrainingArguments,
        plan: Plan,
        held_out: Sequence[Batch],
        optimizer: torch.optim.Optimizer,
        clock: Clock,
        keeper: _Keeper,
    ) -> None:
        super().__init__(
            model=task,
            args=arguments,
            train_dataset=plan,
            data_collator=_only,
            optimizers=(optimizer, LambdaLR(optimizer, clock)),
            callbacks=[keeper],
        )
        for each in list(self.callback_handler.callbacks):
            if type(each).__name__ in {"PrinterCallback", "ProgressCallback"}:
                self.remove_callback(each)
        self.loss_is_scaled_for_ga = True
        self._task, self._held_out, self._clock, self._report = task, held_out, clock, keeper.report
        self._sums: Sums = {}
        self._positions, self._since = 0, time.monotonic()

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], Any]:
        """The micro-batches of a step, and how many places have a loss in all of them."""
        samples = list(islice(epoch_iterator, num_batches))
        return samples, sum(each["count"] for each in samples)

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> torch.Tensor:
        """The share of a micro-batch in the mean over all places of the step."""
        loss, sums = model(inputs, self._clock.progress(self.state.global_step))
        add(self._sums, sums)
        self._positions += inputs["ids"].numel()
        self._clock.positions += inputs["ids"].numel()
        return loss / max(int(num_items_in_batch), 1)  # type: ignore[no-any-return]

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """A line of metrics for the steps since the last one."""
        step = self.state.global_step
        if "loss" not in logs:
            return  # Trainer's summary at the end: ours is the model card
        if not math.isfinite(logs["loss"]):
            raise TrainingDiverged(
                f"the loss is not a number at step {step}; try a smaller learning rate "
                f"(now {self.args.learning_rate:g}) or dtype fp32"
            )
        seconds = time.monotonic() - self._since
        values = {**logs, **means(self._sums), "positions_per_s": self._positions / seconds}
        self._sums, self._positions, self._since = {}, 0, time.monotonic()
        self._report.metrics("train", step, values)
        self._report.step(step, logs["loss"])

    def evaluate(self, *_args: Any, **_kwargs: Any) -> dict[str, float]:
        """Measure on the held-out micro-batches."""
        before = time.monotonic()
        with torch.no_grad(), self.accelerator.autocast():
            measured = self._task.measure(self._prepare_inputs(each) for each in self._held_out)
        self._since += time.monotonic() - before
        self._report.metrics("eval", self.state.global_step, measured)
        return measured


class _Keeper(TrainerCallback):
    """Says when to evaluate, to save and to stop."""

    def __init__(
        self, clock: Clock, report: Report, settings: LoopSettings, interruption: Interruption
    ) -> None:
        self.report = report
        self._clock, self._settings, self._interruption = clock, settings, interruption
        self._saved = self._evaluated = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """After each step of the optimiser."""
        settings, now = self._settings, time.monotonic()
        self.report.step(state.global_step)
        done = self._clock.progress(state.global_step) >= 1
        if self._interruption.asked or done:
            control.should_training_stop = control.should_save = True
            control.should_log = True
            return
        every = settings.save_steps
        if now - self._saved >= settings.save_minutes * 60 or (
            every and state.global_step % every == 0
        ):
            control.should_save, self._saved = True, now
        if now - self._evaluated >= settings.eval_minutes * 60:
            control.should_evaluate, self._evaluated = True, now


def last_checkpoint(out: Path) -> Path | None:
    """The newest whole checkpoint of a training; None where there is none yet."""
    found = sorted(
        (out / CHECKPOINTS).glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1])
    )
    return next((path for path in reversed(found) if _is_whole(path)), None)


def _is_whole(checkpoint: Path) -> bool:
    """Whether its last file is there: a kill while saving leaves a checkpoint without it."""
    try:
        return bool(json.loads((checkpoint / "trainer_state.json").read_text()))
    except (OSError, ValueError):
        return False


def _only(items: Sequence[Batch]) -> Batch:
    return items[0]
