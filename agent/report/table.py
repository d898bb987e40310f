"""The columns of `steno results`, and of comparisons wherever they are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from agent.live import number
from agent.report.compare import Comparison
from agent.report.episode import Episode
from agent.report.figures import Figures
from agent.report.layout import (
    Listing,
    count,
    decimal,
    duration,
    interval,
    percent,
    plain_interval,
    without_empty,
)
from agent.results import EpisodeResult, Summary

POINTS = ("score %", "points/100 steps")
"""Headings of which a table has those that some line has: games have a most of points, or none."""
OUTCOMES = ("arm", "n", "scored", "errored", "won %", *POINTS, "steps", "unlisted %")
COSTS = (*("arm", "tokens in", "thought", "acted", "noted", "passes", "TPF", "bits/pass", "wall"),)
EPISODES = ("#", "seed", "outcome", "score", "steps", "passes", "TPF", "notes", "prunes", "s")
_PAIRS = ("games", "both won", "first only", "second only", "neither", "no partner")
_DIFFERENCES = ("wins, points", "score, points", "points/100 steps")


def outcomes(rows: Iterable[Figures]) -> Listing:
    """How arms fared, family by family."""
    listing = Listing(
        OUTCOMES,
        [
            (
                row.family,
                (
                    row.arm,
                    f"{row.attempted}",
                    f"{row.scored}",
                    f"{row.errored}",
                    interval(row.win_rate, row.win_low, row.win_high),
                    *points(row),
                    decimal(row.steps, 1),
                    percent(row.unlisted, 1),
                ),
            )
            for row in rows
        ],
    )
    return without_empty(listing, *POINTS)


def points(row: Summary) -> tuple[str, str]:
    """What points games gave, under the headings POINTS."""
    per_100 = row.points_per_100, row.points_per_100_low, row.points_per_100_high
    return interval(row.mean_score, row.score_low, row.score_high), plain_interval(*per_100)


def costs(rows: Iterable[Figures]) -> Listing:
    """What that took: sums over all episodes, and their ratios."""
    return Listing(
        COSTS,
        [
            (
                row.family,
                (
                    row.arm,
                    count(row.prefill_tokens),
                    count(row.thought_tokens),
                    count(row.acted_tokens),
                    count(row.noted_tokens),
                    count(row.passes),
                    decimal(row.tpf, 2),
                    decimal(row.bits_per_forward, 1),
                    duration(row.wall_s),
                ),
            )
            for row in rows
        ],
    )


def episode_cells(row: EpisodeResult) -> tuple[str, ...]:
    """One episode under the headings EPISODES."""
    passes = sum(cost.passes for cost in row.costs())
    tokens = sum(cost.tokens for cost in row.costs())
    return (
        str(row.episode),
        str(row.seed),
        row.outcome,
        f"{number(row.score)}/{number(row.max_score)}",
        str(row.steps),
        str(passes) if row.costs() else "-",
        f"{tokens / passes:.2f}" if passes else "-",
        str(row.notes_written),
        f"{row.prunes}" + (f" ({row.evictions} evicted)" if row.evictions else ""),
        f"{row.wall_s:.1f}",
    )


def episodes(told: Iterable[Episode]) -> Listing:
    """A line an episode, family by family and arm by arm."""
    return Listing(
        ("arm", *EPISODES), [(each.family, (each.arm, *episode_cells(each.row))) for each in told]
    )


def compared(rows: Sequence[Comparison]) -> Iterator[Listing]:
    """Comparisons: who won which games, and the differences with their intervals."""
    if not rows:
        return
    head = "first - second"
    yield Listing(
        (head, *_PAIRS),
        [
            (
                row.family,
                (
                    f"{row.first} - {row.second}",
                    *map(str, (row.games, row.both_won, row.only_first, row.only_second)),
                    f"{row.neither}",
                    f"{row.left_out_first} - {row.left_out_second}",
                ),
            )
            for row in rows
        ],
    )
    differences = Listing(
        (head, *_DIFFERENCES),
        [
            (
                row.family,
                (
                    f"{row.first} - {row.second}",
                    interval(row.win_difference, row.win_low, row.win_high, signed=True),
                    interval(row.score_difference, row.score_low, row.score_high, signed=True),
                    plain_interval(
                        row.points_per_100_difference,
                        row.points_per_100_low,
                        row.points_per_100_high,
                        signed=True,
                    ),
                ),
            )
            for row in rows
        ],
    )
    yield without_empty(differences, *_DIFFERENCES[1:])
