"""What the games of one arm in one family come to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from agent.evaluate.cells import Played
from agent.evaluate.intervals import Interval, bootstrap_mean, wilson
from agent.evaluate.wording import Wording
from agent.results import Cost


class Figures(BaseModel):
    """One row of the table. None: not measured. `low` and `high` bound 95% intervals.

    Games that could not be built are `unbuilt` and in no other figure. `attempted` = `scored` +
    `errored`; a game that errored counts as not won, with the points that it had by then.
    """

    model_config = ConfigDict(frozen=True)

    arm: str
    family: str
    attempted: int
    scored: int
    errored: int
    unbuilt: int
    won: int
    win_rate: float | None
    win_low: float | None
    win_high: float | None
    score: float | None
    """Mean of score / most points, 0..1."""
    score_low: float | None
    score_high: float | None
    steps: float | None
    """Mean actions a game."""
    think_tpf: float | None
    tpf: float | None
    think_bits: float | None
    """Bits per forward of thoughts, under one-token decoding."""
    bits: float | None
    """The same of all that was written."""
    passes_per_step: float | None
    agreement: float | None
    notes_over_replaced: float | None
    """Tokens written as notes, for each token of the spans whose place they took."""
    unlisted: float | None
    """The share of actions that were not among the commands which the game listed."""
    prunes: int
    evictions: int
    failed_summaries: int
    thoughts: int
    thought_bits_per_token: float | None
    """zlib-compressed bits of the thoughts, for each of their tokens."""
    thoughts_repeated: float | None
    burst_lengths: dict[int, int]
    """Passes of thinking by how many tokens they kept."""
    game_s: float | None
    """Mean wall time of a game, among the others that were played at once."""
    wall_s: float


def figures(
    arm: str, family: str, games: Sequence[Played], words: Wording | None = None
) -> Figures:
    """The figures of a cell's games; `words` are their thoughts' where they were read."""
    built = [game for game in games if not game.unbuilt]
    rows = [game.row for game in built]
    won = sum(row.outcome == "won" for row in rows)
    errored = sum(row.outcome == "error" for row in rows)
    wins = wilson(won, len(rows)) if rows else None
    score = mean_score(built)
    think = [row.think for row in rows if row.think is not None]
    costs = [cost for row in rows for cost in row.costs()]
    steps = sum(row.steps for row in rows)
    listed = [game.listed for game in built]
    known = [n for n in listed if n is not None]
    notes = sum(row.summarise.tokens for row in rows if row.summarise is not None)
    lengths: dict[int, int] = {}
    for cost in think:
        for length, passes in cost.lengths.items():
            lengths[length] = lengths.get(length, 0) + passes
    return Figures(
        arm=arm,
        family=family,
        attempted=len(rows),
        scored=len(rows) - errored,
        errored=errored,
        unbuilt=len(games) - len(rows),
        won=won,
        win_rate=wins.value if wins else None,
        win_low=wins.low if wins else None,
        win_high=wins.high if wins else None,
        score=score.value if score else None,
        score_low=score.low if score else None,
        score_high=score.high if score else None,
        steps=_ratio(steps, len(rows)),
        think_tpf=_tpf(think),
        tpf=_tpf(costs),
        think_bits=_bits(think),
        bits=_bits(costs),
        passes_per_step=_ratio(sum(c.passes for c in costs), steps) if costs else None,
        agreement=_ratio(sum(c.agreed for c in costs), sum(c.burst_positions for c in costs)),
        notes_over_replaced=_ratio(notes, sum(game.replaced for game in built)),
        unlisted=_ratio(steps - sum(known), steps) if len(known) == len(listed) else None,
        prunes=sum(row.prunes for row in rows),
        evictions=sum(row.evictions for row in rows),
        failed_summaries=sum(row.failed_summaries for row in rows),
        thoughts=words.thoughts if words else 0,
        thought_bits_per_token=words.bits_per_token if words else None,
        thoughts_repeated=words.repeated if words else None,
        burst_lengths=dict(sorted(lengths.items())),
        game_s=_ratio(sum(row.wall_s for row in rows), len(rows)),
        wall_s=round(sum(row.wall_s for row in rows), 3),
    )


def points(game: Played) -> float | None:
    """Score over the most points; 0 for a game that errored before it had a score, None for no score."""
    score = game.row.normalised_score
    return 0.0 if score is None and game.row.outcome == "error" else score


def mean_score(games: Sequence[Played]) -> Interval | None:
    """The mean of `points` with its bootstrap interval, None where the games have no score."""
    known = [score for game in games if (score := points(game)) is not None]
    return bootstrap_mean(known) if known else None


def _tpf(costs: Iterable[Cost]) -> float | None:
    costs = list(costs)
    return _ratio(sum(c.tokens for c in costs), sum(c.passes for c in costs))


def _bits(costs: Iterable[Cost]) -> float | None:
    costs = list(costs)
    return _ratio(sum(c.bits for c in costs), sum(c.scored_passes for c in costs))


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
