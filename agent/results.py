"""A row an episode, and what a run's rows come to. Errored episodes are rows like any other."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.config import describe
from agent.errors import RunDirectoryError
from agent.intervals import Interval, bootstrap_mean, wilson
from agent.tally import Spent, Tally
from envs.errors import GameNotBuildable

Outcome = Literal["won", "lost", "ended", "truncated", "error"]


def says_unbuilt(error: str | None) -> bool:
    """Whether a row's error is that the environment could not make the game."""
    told = error or ""
    # Rows of before there was an error of its own.
    earlier = told.startswith("EnvUnavailable: ") and "does not build, try another seed" in told
    return earlier or told.startswith(f"{GameNotBuildable.__name__}: ")


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
    listed: int | None = None
    """Actions that the game had listed as possible; None where it lists none."""
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
        """Score over the most points, 0..1; None where the game has no score, or no most."""
        if self.score is None or not self.max_score:
            return None
        return self.score / self.max_score

    @property
    def points_per_100(self) -> float | None:
        """Points for each hundred steps, of a game that has points and no most of them; else None."""
        if self.score is None or self.max_score is not None:
            return None
        return 100 * self.score / self.steps if self.steps else 0.0

    @property
    def untold(self) -> bool:
        """Whether it errored before its game told any points: it has none of them."""
        return self.outcome == "error" and self.score is None

    @property
    def unbuilt(self) -> bool:
        """Whether the environment could not make this game: nobody's failure, and nobody's success."""
        return says_unbuilt(self.error)

    def costs(self) -> list[Cost]:
        """The costs that were measured."""
        return [cost for cost in (self.think, self.summarise, self.act) if cost is not None]


class Summary(BaseModel):
    """What rows come to. `low` and `high` bound 95% intervals; None: not measured.

    `attempted = scored + errored`, and every rate and mean is over those attempted: an errored episode
    is not won, and has the points that it had by then. Games that could not be built are `unbuilt` and
    in no other figure.
    """

    model_config = ConfigDict(frozen=True)

    attempted: int
    scored: int
    errored: int
    unbuilt: int
    won: int
    win_rate: float | None
    win_low: float | None
    win_high: float | None
    mean_score: float | None
    """Mean of score / max_score, 0..1, over the episodes whose game has a most of points."""
    score_low: float | None
    score_high: float | None
    points_per_100: float | None
    """Mean of 100 * score / steps over the episodes whose game has points and no most of them."""
    points_per_100_low: float | None
    points_per_100_high: float | None
    steps: float | None
    """Mean actions an episode."""
    unlisted: float | None
    """The share of actions that were not among the commands which the game listed."""
    prefill_tokens: int | None
    """Tokens that the model read."""
    thought_tokens: int | None
    acted_tokens: int | None
    noted_tokens: int | None
    passes: int | None
    passes_per_step: float | None
    tpf: float | None
    """Tokens kept per forward pass that emits tokens, over all purposes."""
    think_tpf: float | None
    bits_per_forward: float | None
    """Under one-token decoding, over the passes all of whose tokens a later pass has scored."""
    think_bits_per_forward: float | None
    agreement: float | None
    """Share of burst positions 2..k at which ordinary decoding would have chosen the same token."""
    burst_lengths: dict[int, int]
    """Passes of thinking by how many tokens they kept."""
    summaries: int
    failed_summaries: int
    notes_written: int
    prunes: int
    evictions: int
    window_max: int | None
    episode_s: float | None
    """Mean wall time of an episode, among the others that were played at once."""
    wall_s: float
    """Sum of the episodes' wall times; those played at once overlap."""


def episode_costs(tally: Tally) -> dict[str, Cost]:
    """The three costs of a results row."""
    return {purpose: Cost.of(spent) for purpose, spent in tally.spent.items()}


def summarise(rows: Sequence[EpisodeResult]) -> Summary:
    """What rows come to, whoever played them."""
    built = [row for row in rows if not row.unbuilt]
    errored = sum(row.outcome == "error" for row in built)
    won = sum(row.outcome == "won" for row in built)
    wins = wilson(won, len(built)) if built else None
    score = _mean(built, lambda row: row.normalised_score)
    points = _mean(built, lambda row: row.points_per_100)
    costs = [cost for row in built for cost in row.costs()]
    thoughts = [row.think for row in built if row.think is not None]
    passes = sum(cost.passes for cost in costs)
    steps = sum(row.steps for row in built)
    return Summary(
        attempted=len(built),
        scored=len(built) - errored,
        errored=errored,
        unbuilt=len(rows) - len(built),
        won=won,
        win_rate=wins.value if wins else None,
        win_low=wins.low if wins else None,
        win_high=wins.high if wins else None,
        mean_score=score.value if score else None,
        score_low=score.low if score else None,
        score_high=score.high if score else None,
        points_per_100=points.value if points else None,
        points_per_100_low=points.low if points else None,
        points_per_100_high=points.high if points else None,
        steps=_ratio(steps, len(built)),
        unlisted=_unlisted(built),
        prefill_tokens=sum(cost.prefill_tokens for cost in costs) if costs else None,
        thought_tokens=_tokens(row.think for row in built),
        acted_tokens=_tokens(row.act for row in built),
        noted_tokens=_tokens(row.summarise for row in built),
        passes=passes if costs else None,
        passes_per_step=_ratio(passes, steps) if costs else None,
        tpf=_ratio(sum(cost.tokens for cost in costs), passes),
        think_tpf=_ratio(sum(t.tokens for t in thoughts), sum(t.passes for t in thoughts)),
        bits_per_forward=_bits(costs),
        think_bits_per_forward=_bits(thoughts),
        agreement=_ratio(
            sum(cost.agreed for cost in costs), sum(cost.burst_positions for cost in costs)
        ),
        burst_lengths=_lengths(thoughts),
        summaries=sum(row.summaries for row in built),
        failed_summaries=sum(row.failed_summaries for row in built),
        notes_written=sum(row.notes_written for row in built),
        prunes=sum(row.prunes for row in built),
        evictions=sum(row.evictions for row in built),
        window_max=max(
            (row.window_max for row in built if row.window_max is not None), default=None
        ),
        episode_s=_ratio(sum(row.wall_s for row in built), len(built)),
        wall_s=round(sum(row.wall_s for row in built), 3),
    )


def read_results(run: Path) -> list[EpisodeResult]:
    """The rows of a run directory (or of a results.jsonl), of a run that is being played, too.

    A last line that is not whole is no row yet. Raises RunDirectoryError.
    """
    path = run / "results.jsonl" if run.is_dir() else run
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RunDirectoryError(
            f"no results at {str(path)!r} ({error.strerror}); give the directory of a run"
        ) from error
    rows = []
    for number, line in enumerate(content[: content.rfind(b"\n") + 1].splitlines(), 1):
        try:
            if line.strip():
                rows.append(EpisodeResult.model_validate_json(line))
        except ValidationError as error:
            raise RunDirectoryError(
                f"{path}: line {number} is no results row ({describe(error)[:200]}); restore the file "
                "from a copy"
            ) from error
    return rows


def summary_json(summary: Summary) -> str:
    """The summary as one line of JSON."""
    return json.dumps({"summary": True, **summary.model_dump()})


def _mean(
    rows: Sequence[EpisodeResult], measure: Callable[[EpisodeResult], float | None]
) -> Interval | None:
    """The mean over the rows that have this measure; None where none has.

    An episode that errored before its game told any points counts as 0.
    """
    known = [(row, measure(row)) for row in rows]
    if all(value is None for _, value in known):
        return None
    return bootstrap_mean([value or 0.0 for row, value in known if value is not None or row.untold])


def _unlisted(rows: Sequence[EpisodeResult]) -> float | None:
    """Known only where every game that was played lists its commands."""
    listed = [row.listed for row in rows if row.steps]
    known = [count for count in listed if count is not None]
    steps = sum(row.steps for row in rows)
    return _ratio(steps - sum(known), steps) if len(known) == len(listed) else None


def _tokens(costs: Iterable[Cost | None]) -> int | None:
    measured = [cost.tokens for cost in costs if cost is not None]
    return sum(measured) if measured else None


def _bits(costs: Sequence[Cost]) -> float | None:
    return _ratio(sum(cost.bits for cost in costs), sum(cost.scored_passes for cost in costs))


def _lengths(costs: Sequence[Cost]) -> dict[int, int]:
    lengths: Counter[int] = Counter()
    for cost in costs:
        lengths.update(cost.lengths)
    return dict(sorted(lengths.items()))


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
