"""What a training tells: a line of metrics.jsonl, a point in TensorBoard, a bar with the time left."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.train.clock import Clock

METRICS = "metrics.jsonl"
TENSORBOARD = "tensorboard"


class Report:
    """Writes metrics as they come. After a resume, what lies behind the checkpoint is cut away."""

    def __init__(self, directory: Path, clock: Clock, resumed_at: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from torch.utils.tensorboard import SummaryWriter

        self._clock, self._loss = clock, math.nan
        path = directory / METRICS
        kept = [line for line in lines(path) if line["step"] <= resumed_at] if resumed_at else []
        self._file = path.open("w", encoding="utf-8")
        for line in kept:
            self._file.write(json.dumps(line) + "\n")
        self._board: Any = SummaryWriter(str(directory / TENSORBOARD), purge_step=resumed_at + 1)
        self.last: dict[str, dict[str, float]] = {"train": {}, "eval": {}}
        for line in kept:
            self.last[line["kind"]] = {k: v for k, v in line.items() if isinstance(v, int | float)}
        self._live = sys.stderr.isatty()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
            disable=not self._live,
        )
        self._task = self._bar.add_task("training", total=clock.steps, note="")
        self._bar.start()

    def step(self, step: int, loss: float | None = None) -> None:
        """Move the bar. `loss` where a new average is known."""
        done, spent = self._clock.progress(step), self._clock.tick()
        left = (spent - self._clock.began_s) * (1 - done) / done if done else 0.0
        if loss is not None:
            self._loss = loss
        note = f"loss {self._loss:.3f}, {_minutes(left)} left"
        self._bar.update(self._task, completed=step, note=note)
        if loss is not None and not self._live:
            self._bar.console.print(
                f"step {step}/{self._clock.steps} {note}", highlight=False, soft_wrap=True
            )

    def metrics(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        """One line of metrics: `kind` is train or eval. What is on record of a step stays."""
        if self.last[kind].get("step") == step:
            return
        rounded = {name: float(f"{value:.6g}") for name, value in values.items()}
        self.last[kind] = {"step": step, **rounded}
        line = {"step": step, "kind": kind, "spent_s": round(self._clock.tick(), 1), **rounded}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        for name, value in rounded.items():
            self._board.add_scalar(f"{kind}/{name}", value, step)
        if kind == "eval":
            text = ", ".join(f"{name} {value:.4g}" for name, value in rounded.items())
            self._bar.console.print(
                f"step {step}: held out: {text}", highlight=False, soft_wrap=True
            )

    @property
    def seconds(self) -> float:
        """Time spent, that before a resume included."""
        return self._clock.tick()

    @property
    def positions(self) -> int:
        """Positions trained on, padding and those before a resume included."""
        return self._clock.positions

    def close(self) -> None:
        """End the bar and the files."""
        self._bar.stop()
        self._file.close()
        self._board.close()


def lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a metrics file; a last one that a kill cut in half is left out."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found


def _minutes(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
