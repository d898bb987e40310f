"""Sums, rates and pairs are those that a slow and obvious count gives, whatever the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import ConfigError
from agent.intervals import bootstrap_mean, paired_difference, wilson
from agent.report.compare import Comparison, compare, compare_arms
from agent.report.episode import Episode
from agent.report.figures import Figures, figures
from agent.results import EpisodeResult, summarise
from tests.agent.report.rows import episodes, results_rows

RATE = "points_per_100"
MANY = settings(max_examples=60, deadline=None)


def points(row: EpisodeResult) -> Fraction | None:
    """Score over the most points, if the game has any."""
    if row.score is None or row.max_score is None or row.max_score == 0:
        return None
    return Fraction(row.score) / Fraction(row.max_score)


def rate(row: EpisodeResult) -> Fraction | None:
    """Points for each hundred steps, if the game has points and no most of them."""
    if row.score is None or row.max_score is not None:
        return None
    return 100 * Fraction(row.score) / row.steps if row.steps else Fraction(0)


def over(part: Fraction | int, whole: Fraction | int) -> float | None:
    return float(Fraction(part) / whole) if whole else None


def games_slowly(rows: list[EpisodeResult]) -> dict[str, Any]:
    """How the games went, one row and one question at a time; `rows` of games that were built."""
    counted = ("scored", "errored", "won")
    summed = ("notes_written", "prunes", "evictions", "summaries", "failed_summaries")
    found: dict[str, Any] = dict.fromkeys((*counted, *summed), 0)
    scores: list[Fraction] = []
    rates: list[Fraction] = []
    windows: list[int] = []
    steps = unlisted = wall = Fraction(0)
    every_list = True
    for row in rows:
        found["errored" if row.outcome == "error" else "scored"] += 1
        if row.outcome == "won":
            found["won"] += 1
        for measure, measured in ((points, scores), (rate, rates)):
            value = measure(row)
            if value is not None:
                measured.append(value)
            elif row.outcome != "error" or row.score is not None:
                continue  # a game that has none of these
            elif any(measure(each) is not None for each in rows):
                measured.append(Fraction(0))
        steps += row.steps
        wall += Fraction(row.wall_s)
        if row.listed is not None:
            unlisted += row.steps - row.listed
        elif row.steps > 0:
            every_list = False
        for key in summed:
            found[key] += getattr(row, key)
        if row.window_max is not None:
            windows.append(row.window_max)
    return found | {
        "attempted": len(rows),
        "win_rate": over(found["won"], len(rows)),
        "mean_score": over(sum(scores, Fraction(0)), len(scores)),
        "points_per_100": over(sum(rates, Fraction(0)), len(rates)),
        "steps": over(steps, len(rows)),
        "unlisted": over(unlisted, steps) if every_list else None,
        "window_max": max(windows) if windows else None,
        "episode_s": over(wall, len(rows)),
        "wall_s": float(wall),
    }


def costs_slowly(rows: list[EpisodeResult]) -> dict[str, Any]:
    """What the games took, purpose by purpose."""
    spent = {purpose: Counter[str]() for purpose in ("think", "act", "summarise")}
    lengths: dict[int, int] = {}
    for row in rows:
        for purpose, sums in spent.items():
            cost = getattr(row, purpose)
            if cost is None:
                continue
            sums["rows"] += 1
            for key in ("prefill_tokens", "tokens", "passes", "scored_passes", "agreed"):
                sums[key] += getattr(cost, key)
            sums["bits / 8"] += int(8 * cost.bits)
            sums["positions"] += cost.burst_positions
            if purpose == "think":
                for length, count in cost.lengths.items():
                    lengths[length] = lengths.get(length, 0) + count
    think, all_of_them = spent["think"], sum(spent.values(), Counter[str]())
    played = all_of_them["rows"] > 0
    steps = sum(row.steps for row in rows)
    return {
        "prefill_tokens": all_of_them["prefill_tokens"] if played else None,
        "thought_tokens": think["tokens"] if played else None,
        "acted_tokens": spent["act"]["tokens"] if played else None,
        "noted_tokens": spent["summarise"]["tokens"] if played else None,
        "passes": all_of_them["passes"] if played else None,
        "passes_per_step": over(all_of_them["passes"], steps) if played else None,
        "tpf": over(all_of_them["tokens"], all_of_them["passes"]),
        "think_tpf": over(think["tokens"], think["passes"]),
        "bits_per_forward": over(
            Fraction(all_of_them["bits / 8"], 8), all_of_them["scored_passes"]
        ),
        "think_bits_per_forward": over(Fraction(think["bits / 8"], 8), think["scored_passes"]),
        "agreement": over(all_of_them["agreed"], all_of_them["positions"]),
        "burst_lengths": lengths,
    }


def slowly(rows: list[EpisodeResult]) -> dict[str, Any]:
    built = [row for row in rows if "does not build" not in str(row.error)]
    return games_slowly(built) | costs_slowly(built) | {"unbuilt": len(rows) - len(built)}


@MANY
@given(st.lists(results_rows(), max_size=9))
def test_a_summary_is_what_a_slow_count_gives(rows: list[EpisodeResult]) -> None:
    told, expected = summarise(rows).model_dump(), slowly(rows)
    bounds = {f"{each}_{end}" for each in ("win", "score", RATE) for end in ("low", "high")}
    assert expected.keys() == told.keys() - bounds, "every figure has its reference"
    for key, value in expected.items():
        assert told[key] == (pytest.approx(value) if isinstance(value, float) else value), key
    assert told["attempted"] == told["scored"] + told["errored"] == len(rows) - told["unbuilt"]
    if told["attempted"]:
        assert tuple(told[key] for key in ("win_rate", "win_low", "win_high")) == wilson(
            told["won"], told["attempted"]
        )
    else:
        assert told["win_low"] is told["win_high"] is None
    for mean, name in (("mean_score", "score"), (RATE, RATE)):
        if told[mean] is None:
            assert told[f"{name}_low"] is told[f"{name}_high"] is None
        else:
            assert told[f"{name}_low"] - 1e-9 <= told[mean] <= told[f"{name}_high"] + 1e-9


@MANY
@given(st.lists(episodes("a"), max_size=6))
def test_figures_are_a_summary_with_a_name(told: list[Episode]) -> None:
    row = figures("a", "f", told)
    rest = row.model_dump(exclude={"arm", "family"})
    assert rest == summarise([each.row for each in told]).model_dump()
    assert (row.arm, row.family) == ("a", "f")
    assert list(Figures.model_fields)[:3] == ["arm", "family", "attempted"]


def paired_slowly(
    ones: list[Episode], twos: list[Episode]
) -> tuple[list[tuple[Episode, Episode]], int, int]:
    """Each game of the first side takes the first game of the second that nobody took yet."""
    left = [each for each in twos if "does not build" not in str(each.row.error)]
    pairs, alone = [], 0
    for one in ones:
        if "does not build" in str(one.row.error):
            continue
        for two in left:
            if (one.family, one.spec, one.seed) == (two.family, two.spec, two.seed):
                pairs.append((one, two))
                left.remove(two)
                break
        else:
            alone += 1
    return pairs, alone, len(left)


@MANY
@given(st.lists(episodes("a"), max_size=12), st.lists(episodes("b"), max_size=12))
def test_a_comparison_is_what_pairing_one_by_one_gives(
    ones: list[Episode], twos: list[Episode]
) -> None:
    pairs, alone, others = paired_slowly(ones, twos)
    if not pairs:
        with pytest.raises(ConfigError, match="'a' and 'b' have no game in common"):
            compare("a", ones, "b", twos)
        return
    found = compare("a", ones, "b", twos)
    whole = found[-1]
    if len(found) > 1:
        assert whole.family == "all"
        for key in ("games", "both_won", "left_out_first", "left_out_second", "unbuilt"):
            assert getattr(whole, key) == sum(getattr(each, key) for each in found[:-1]), key
    won = [(a.row.outcome == "won", b.row.outcome == "won") for a, b in pairs]
    both, mine_only, theirs_only, neither = (
        won.count(each) for each in ((True, True), (True, False), (False, True), (False, False))
    )
    assert (whole.both_won, whole.only_first, whole.only_second) == (both, mine_only, theirs_only)
    assert (whole.games, whole.neither) == (len(pairs), neither)
    assert (whole.left_out_first, whole.left_out_second) == (alone, others)
    assert whole.games + alone + whole.unbuilt + whole.games + others == len(ones) + len(twos)
    assert whole.errored_first == sum(a.row.outcome == "error" for a, _ in pairs)
    assert whole.errored_second == sum(b.row.outcome == "error" for _, b in pairs)
    assert (whole.win_difference, whole.win_low, whole.win_high) == paired_difference(
        both, mine_only, theirs_only, neither
    )
    check_differences(pairs, points, whole, "score", whole.scored_games)
    check_differences(pairs, rate, whole, RATE, whole.points_per_100_games)


def check_differences(
    pairs: list[tuple[Episode, Episode]],
    measure: Callable[[EpisodeResult], Fraction | None],
    found: Comparison,
    name: str,
    games: int,
) -> None:
    """One kind of points of a comparison, pair by pair."""
    differences = []
    for a, b in pairs:
        mine, theirs = measure(a.row), measure(b.row)
        if mine is None and theirs is None:
            continue
        if a.row.outcome == "error" and a.row.score is None:
            mine = Fraction(0)
        if b.row.outcome == "error" and b.row.score is None:
            theirs = Fraction(0)
        if mine is not None and theirs is not None:
            differences.append(float(mine - theirs))
    told = tuple(getattr(found, f"{name}_{part}") for part in ("difference", "low", "high"))
    assert games == len(differences)
    assert told == (
        pytest.approx(bootstrap_mean(differences)) if differences else (None, None, None)
    )


def test_the_other_way_round_the_signs_turn() -> None:
    def side(arm: str, outcomes: str) -> list[Episode]:
        rows = [
            EpisodeResult(
                episode=i,
                uid=f"{arm}/{i}",
                env="e",
                seed=i,
                agent="model",
                outcome="won" if each == "w" else "lost",
                score=float(each == "w"),
                max_score=1.0,
            )
            for i, each in enumerate(outcomes)
        ]
        return [Episode(arm=arm, family="f", spec="e", seed=r.seed, row=r) for r in rows]

    [there] = compare("a", side("a", "wwwlww"), "b", side("b", "wlwlw"))
    [back] = compare("b", side("b", "wlwlw"), "a", side("a", "wwwlww"))
    assert (there.both_won, there.only_first, there.only_second, there.neither) == (3, 1, 0, 1)
    assert (there.left_out_first, there.left_out_second) == (1, 0), "seed 5 has no partner"
    assert there.win_difference == there.score_difference == pytest.approx(0.2)
    assert back.win_difference == pytest.approx(-0.2)
    assert (back.win_low, back.win_high) == pytest.approx(
        (-(there.win_high or 0), -(there.win_low or 0))
    )


def test_arms_that_are_not_there_are_named() -> None:
    row = EpisodeResult(episode=0, uid="a/0", env="e", seed=0, agent="model", outcome="won")
    told = [Episode(arm="a", family="f", spec="e", seed=0, row=row)]
    with pytest.raises(ConfigError, match="no arm 'b'. There are: a"):
        compare_arms(told, "a", "b")
    with pytest.raises(ConfigError, match="--compare a a: name two arms"):
        compare_arms(told, "a", "a")
