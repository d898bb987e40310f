"""A row an episode, and what a run's rows come to. Errored episodes are rows like any other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.errors import RunDirectoryError
from agent.tally import Spent, Tally

Outcome = Literal["won", "lost", "ended", "truncated", "error"]


class Cost(BaseModel):
    """What the generations of one purpose cost in one episode."""

    model_config = ConfigDict(frozen=True)

    generations: int
    passes: int
    tokens: int
    prefill_tokens: int
    bits: float
    scored_passes: int
    burst_positions: int
    agreed: int
    lengths: dict[int, int]
    wall_s: float

    @classmethod
    def of(cls, spent: Spent) -> Cost:
        """The frozen copy of a counter."""
        return cls(
            generations=spent.generations,
            passes=spent.passes,
            tokens=spent.tokens,
            prefill_tokens=spent.prefill_tokens,
            bits=round(spent.bits, 3),
            scored_passes=spent.scored_passes,
            burst_positions=spent.burst_positions,
            agreed=spent.agreed,
            lengths=dict(sorted(spent.lengths.items())),
            wall_s=round(spent.wall_s, 3),
        )


class EpisodeResult(BaseModel):
    """One episode. `score` is in the game's points, `wall_s` in seconds; None: not measured."""

    model_config = ConfigDict(frozen=True)

    episode: int
    uid: str
    env: str
    seed: int
    agent: str
    outcome: Outcome
    error: str | None = None
    score: float | None = None
    max_score: float | None = None
    steps: int = 0
    think: Cost | None = None
    summarise: Cost | None = None
    act: Cost | None = None
    notes_written: int = 0
    summaries: int = 0
    failed_summaries: int = 0
    prunes: int = 0
    evictions: int = 0
    clipped_observations: int = 0
    window_max: int | None = None
    wall_s: float = 0.0

    @property
    def normalised_score(self) -> float | None:
        """Score over the most points, 0..1; None where the game has no score."""
        if self.score is None or not self.max_score:
            return None
        return self.score / self.max_score

    def costs(self) -> list[Cost]:
        """The costs that were measured."""
        return [cost for cost in (self.think, self.summarise, self.act) if cost is not None]


class Summary(BaseModel):
    """What a run's rows come to. `attempted = scored + errored`; None where nothing was measured."""

    attempted: int
    scored: int
    errored: int
    won: int
    win_rate: float | None
    mean_score: float | None
    """Mean of score / max_score over scored episodes that have a score."""
    steps: float | None
    """Mean steps of the scored episodes."""
    tpf: float | None
    """Tokens kept per forward pass that emits tokens, over all purposes."""
    think_tpf: float | None
    bits_per_forward: float | None
    """Under one-token decoding, over the passes all of whose tokens a later pass has scored."""
    agreement: float | None
    """Share of burst positions 2..k at which ordinary decoding would have chosen the same token."""
    passes: int | None
    passes_per_step: float | None
    prefill_tokens: int | None
    prunes: int
    evictions: int
    failed_summaries: int
    notes_written: int
    window_max: int | None
    wall_s: float


def episode_costs(tally: Tally) -> dict[str, Cost]:
    """The three costs of a results row."""
    return {purpose: Cost.of(spent) for purpose, spent in tally.spent.items()}


def summarise(rows: Sequence[EpisodeResult]) -> Summary:
    """Aggregate rows. Episodes that errored count as attempted and are never averaged away silently."""
    scored = [row for row in rows if row.outcome != "error"]
    won = sum(row.outcome == "won" for row in scored)
    costs = [cost for row in rows for cost in row.costs()]
    thoughts = [row.think for row in rows if row.think is not None]
    passes = sum(cost.passes for cost in costs)
    tokens = sum(cost.tokens for cost in costs)
    measured = bool(costs)
    windows = [row.window_max for row in rows if row.window_max is not None]
    steps = sum(row.steps for row in rows)
    return Summary(
        attempted=len(rows),
        scored=len(scored),
        errored=len(rows) - len(scored),
        won=won,
        win_rate=won / len(scored) if scored else None,
        mean_score=_mean(row.normalised_score for row in scored),
        steps=_mean(float(row.steps) for row in scored),
        tpf=tokens / passes if passes else None,
        think_tpf=_ratio(sum(t.tokens for t in thoughts), sum(t.passes for t in thoughts)),
        bits_per_forward=_ratio(
            sum(cost.bits for cost in costs), sum(cost.scored_passes for cost in costs)
        ),
        agreement=_ratio(
            sum(cost.agreed for cost in costs), sum(cost.burst_positions for cost in costs)
        ),
        passes=passes if measured else None,
        passes_per_step=_ratio(passes, steps) if measured else None,
        prefill_tokens=sum(cost.prefill_tokens for cost in costs) if measured else None,
        prunes=sum(row.prunes for row in rows),
        evictions=sum(row.evictions for row in rows),
        failed_summaries=sum(row.failed_summaries for row in rows),
        notes_written=sum(row.notes_written for row in rows),
        window_max=max(windows, default=None),
        wall_s=round(sum(row.wall_s for row in rows), 3),
    )


def read_results(run: Path) -> list[EpisodeResult]:
    """The rows of a run directory (or of a results.jsonl). Raises RunDirectoryError."""
    path = run / "results.jsonl" if run.is_dir() else run
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise RunDirectoryError(
            f"no results at {str(path)!r} ({error.strerror}); give the directory of a run"
        ) from error
    try:
        return [EpisodeResult.model_validate_json(line) for line in lines if line.strip()]
    except ValidationError as error:
        raise RunDirectoryError(f"{path} holds a line that is no results row: {error}") from error


def summary_json(summary: Summary) -> str:
    """The summary as one line of JSON."""
    return json.dumps({"summary": True, **summary.model_dump()})


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
