"""An episode's row laid flat, for programs that read tables: `steno results --episodes`."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from agent.report.episode import Episode
from agent.results import Cost, EpisodeResult, Outcome


class EpisodeRow(BaseModel):
    """One episode. Tokens, passes and bits are of all purposes; None: not measured."""

    arm: str
    family: str
    run: str
    """The run directory."""
    episode: int
    spec: str
    """As the run was told it."""
    seed: int
    outcome: Outcome
    error: str | None
    score: float | None
    max_score: float | None
    normalised_score: float | None
    points_per_100: float | None
    steps: int
    listed: int | None
    """Actions that the game had listed as possible."""
    prefill_tokens: int | None
    thought_tokens: int | None
    acted_tokens: int | None
    noted_tokens: int | None
    passes: int | None
    think_passes: int | None
    bits: float | None
    """Of the `scored_passes`: their ratio is bits per forward."""
    scored_passes: int | None
    burst_positions: int | None
    agreed: int | None
    summaries: int
    failed_summaries: int
    notes_written: int
    prunes: int
    evictions: int
    clipped_observations: int
    window_max: int | None
    wall_s: float


_AS_THEY_ARE = EpisodeRow.model_fields.keys() & EpisodeResult.model_fields.keys()


def flat(told: Episode, run: Path) -> EpisodeRow:
    """The row of an episode in a run directory."""
    row, costs = told.row, told.row.costs()

    def tokens(cost: Cost | None) -> int | None:
        return None if cost is None else cost.tokens

    return EpisodeRow(
        arm=told.arm,
        family=told.family,
        run=str(run),
        spec=row.env,
        normalised_score=row.normalised_score,
        points_per_100=row.points_per_100,
        prefill_tokens=sum(cost.prefill_tokens for cost in costs) if costs else None,
        thought_tokens=tokens(row.think),
        acted_tokens=tokens(row.act),
        noted_tokens=tokens(row.summarise),
        passes=sum(cost.passes for cost in costs) if costs else None,
        think_passes=row.think.passes if row.think else None,
        bits=sum(cost.bits for cost in costs) if costs else None,
        scored_passes=sum(cost.scored_passes for cost in costs) if costs else None,
        burst_positions=sum(cost.burst_positions for cost in costs) if costs else None,
        agreed=sum(cost.agreed for cost in costs) if costs else None,
        **row.model_dump(include=_AS_THEY_ARE),
    )
