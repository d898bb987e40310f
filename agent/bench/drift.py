"""Whether a long episode stays as it began: its first steps after a warm-up against its last. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Edges:
    """Which steps are compared: `width` of them after `warm_up`, and the last `width`."""

    warm_up: int
    width: int

    def require(self, steps: int) -> None:
        """Raise ConfigError where an episode is too short for both."""
        least = self.warm_up + 2 * self.width
        if steps < least:
            raise ConfigError(
                f"--long-steps {steps} is too short to compare {self.width} steps after a warm-up of "
                f"{self.warm_up} with the last {self.width}: use at least {least}, or a smaller "
                "--edge or --warm-up"
            )

    def first(self) -> range:
        """The steps after the warm-up; steps count from 1."""
        return range(self.warm_up + 1, self.warm_up + self.width + 1)

    def last(self, steps: int) -> range:
        """The last steps of an episode of `steps`."""
        return range(steps - self.width + 1, steps + 1)


@dataclass(frozen=True, slots=True)
class Sample:
    """The state of things after a step."""

    step: int
    life: int
    """The process that was running: its number, from 0."""
    resident: int
    """Bytes of memory that the process held."""
    trace: int
    """Bytes of the trace."""
    memory: int
    """Bytes of the memory file."""


@dataclass(frozen=True, slots=True)
class StepCost:
    """What one step took."""

    wall_ms: float
    passes: int


def time_drift(costs: Mapping[int, StepCost], edges: Edges, steps: int) -> float | None:
    """Seconds a step at the end over those at the start, less 1; None where a side has no steps.

    `costs` lacks the steps that a resume began with: they hold what the resume took.
    """
    return _change(
        [cost.wall_ms for cost in _among(costs, edges.first())],
        [cost.wall_ms for cost in _among(costs, edges.last(steps))],
    )


def time_trend(costs: Mapping[int, StepCost], edges: Edges) -> float | None:
    """Seconds a step at the end over those after the warm-up, less 1, on the line that fits all best.

    The edges alone may tell what the machine was like in two moments of an hour. None where there are
    fewer than two steps.
    """
    later = {step: cost for step, cost in costs.items() if step > edges.warm_up}
    if len(later) < 2:
        return None
    slope, at_zero = statistics.linear_regression(
        list(later), [cost.wall_ms for cost in later.values()]
    )
    first = at_zero + slope * min(later)
    return slope * (max(later) - min(later)) / first if first else None


def pass_time_drift(costs: Mapping[int, StepCost], edges: Edges, steps: int) -> float | None:
    """The same for the milliseconds of a forward pass: free of how much was thought and noted."""
    return _change(
        [_a_pass(_among(costs, edges.first()))], [_a_pass(_among(costs, edges.last(steps)))]
    )


def resident_drift(samples: Sequence[Sample], edges: Edges) -> float | None:
    """Bytes of memory at the end over those after a warm-up, less 1, of the longest-lived process.

    None where no process lived long enough to tell.
    """
    lives: dict[int, list[Sample]] = {}
    for sample in samples:
        lives.setdefault(sample.life, []).append(sample)
    longest = max(lives.values(), key=len, default=[])
    steady = [each for each in longest if each.step > longest[0].step + edges.warm_up]
    width = min(edges.width, sum(1 for each in steady) // 2)
    return _change(
        [each.resident for each in steady[:width]],
        [each.resident for each in steady[len(steady) - width :]],
    )


def bytes_a_step(samples: Sequence[Sample], among: range) -> tuple[float, float] | None:
    """Bytes that trace and memory file grew by a step, over these steps; None without samples."""
    inside = [each for each in samples if among.start <= each.step < among.stop]
    if len(inside) < 2:
        return None
    first, last = inside[0], inside[-1]
    steps = last.step - first.step
    return (last.trace - first.trace) / steps, (last.memory - first.memory) / steps


def _among(costs: Mapping[int, StepCost], steps: range) -> list[StepCost]:
    return [costs[step] for step in steps if step in costs]


def _a_pass(costs: Sequence[StepCost]) -> float:
    passes = sum(cost.passes for cost in costs)
    return sum(cost.wall_ms for cost in costs) / passes if passes else 0.0


def _change(before: Sequence[float], after: Sequence[float]) -> float | None:
    if not before or not after or not statistics.mean(before):
        return None
    return statistics.mean(after) / statistics.mean(before) - 1
