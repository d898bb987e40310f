"""How far a training is, by steps or by time, and the learning rate that belongs to it."""

from __future__ import annotations

import math
import time


class Clock:
    """The schedule: linear warm-up, then half a cosine to zero over min(steps, time).

    It is the lambda of a LambdaLR, whose state holds this object's `__dict__`: so the time that was
    spent survives a kill, and what the settings say (in slots) does not come from an old checkpoint.
    """

    __slots__ = ("__dict__", "_last", "limit_s", "steps", "warmup")

    spent_s: float
    began_s: float
    """What had been spent when the first step began: loading and the first evaluation are no warm-up."""
    reserve_s: float
    """Kept free at the end, for the last evaluation."""
    positions: int
    """Positions trained on so far, for the record."""

    def __init__(self, steps: int, warmup: float, limit_s: float | None = None) -> None:
        self.steps, self.warmup, self.limit_s = steps, warmup, limit_s
        self.spent_s = self.began_s = self.reserve_s = 0.0
        self.positions = 0
        self._last = time.monotonic()

    def tick(self) -> float:
        """Seconds spent so far, those before a resume included."""
        now = time.monotonic()
        self.spent_s += now - self._last
        self._last = now
        return self.spent_s

    def progress(self, step: int) -> float:
        """Share of the schedule that is done, 0..1. Without a time limit it depends on steps alone."""
        share = step / self.steps
        if self.limit_s is not None:
            given = self.limit_s - self.reserve_s - self.began_s
            share = max(share, (self.tick() - self.began_s) / max(given, 1e-9))
        return min(share, 1.0)

    def __call__(self, step: int) -> float:
        """The factor of the highest learning rate for the step that comes after `step` steps."""
        done = min(self.progress(step) + 0.5 / self.steps, 1.0)
        if done < self.warmup:
            return done / self.warmup
        return 0.5 * (1 + math.cos(math.pi * (done - self.warmup) / max(1 - self.warmup, 1e-9)))
