"""Two arms, or two runs, on the same games, game by game."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from agent.errors import ConfigError
from agent.intervals import Interval, bootstrap_mean, paired_difference
from agent.report.episode import Episode
from agent.results import EpisodeResult
from envs.nearest import did_you_mean

ALL = "all"
Key = tuple[str, str, int, int]
"""Family, spec, seed, and which time the arm played this game: 0 for the first."""


class Comparison(BaseModel):
    """The games that both sides played in a family (or in all). `low` and `high` bound 95% intervals.

    A game on which a side errored is one that it did not win, with the points that it had by then.
    """

    model_config = ConfigDict(frozen=True)

    first: str
    second: str
    family: str
    games: int
    both_won: int
    only_first: int
    only_second: int
    neither: int
    errored_first: int
    """Of `games`, those on which the first side errored."""
    errored_second: int
    left_out_first: int
    """Games of the first side that have no partner, and are in no other figure."""
    left_out_second: int
    unbuilt: int
    """Games that could not be built, of either side: left out too."""
    win_difference: float | None
    """The first side's win rate less the second's."""
    win_low: float | None
    win_high: float | None
    scored_games: int
    """Of `games`, those that have a most of points: what the score's difference is over."""
    score_difference: float | None
    """Of score / max_score."""
    score_low: float | None
    score_high: float | None
    points_per_100_games: int
    """Of `games`, those that have points and no most of them: what their difference is over."""
    points_per_100_difference: float | None
    """Of 100 * score / steps."""
    points_per_100_low: float | None
    points_per_100_high: float | None


def compare(
    first: str, ones: Sequence[Episode], second: str, twos: Sequence[Episode]
) -> list[Comparison]:
    """A comparison of two sides a family, then one of all families where there are several.

    Games are the same where family, spec and seed are; one that is played twice is compared twice if
    both sides did. Raises ConfigError where the sides share no game.
    """
    families = list(dict.fromkeys(each.family for each in (*ones, *twos)))
    found = [
        _pairs(first, second, family, _of(family, ones), _of(family, twos)) for family in families
    ]
    if len(families) > 1:
        found.append(_pairs(first, second, ALL, ones, twos))
    if not any(each.games for each in found):
        raise ConfigError(
            f"{first!r} and {second!r} have no game in common: none of the same family, environment "
            "and seed"
        )
    return found


def compare_arms(episodes: Sequence[Episode], first: str, second: str) -> list[Comparison]:
    """The same of two arms by name. Raises ConfigError where there are no such two."""
    check_pair([episode.arm for episode in episodes], first, second)
    ones, twos = ([each for each in episodes if each.arm == name] for name in (first, second))
    return compare(first, ones, second, twos)


def check_pair(arms: Iterable[str], first: str, second: str) -> None:
    """Raise ConfigError where these are no two of the arms."""
    names = dict.fromkeys(arms)
    for name in (first, second):
        if name not in names:
            raise ConfigError(
                f"--compare: no arm {name!r}{did_you_mean(name, names)} There are: {', '.join(names)}"
            )
    if first == second:
        raise ConfigError(f"--compare {first} {second}: name two arms")


def _of(family: str, episodes: Sequence[Episode]) -> list[Episode]:
    return [each for each in episodes if each.family == family]


def _by_game(episodes: Iterable[Episode]) -> dict[Key, EpisodeResult]:
    times: Counter[tuple[str, str, int]] = Counter()
    rows = {}
    for each in episodes:
        if not each.unbuilt:
            game = (each.family, each.spec, each.seed)
            rows[*game, times[game]] = each.row
            times[game] += 1
    return rows


def _pairs(
    first: str, second: str, family: str, ones: Sequence[Episode], twos: Sequence[Episode]
) -> Comparison:
    one, two = _by_game(ones), _by_game(twos)
    pairs = [(row, two[key]) for key, row in one.items() if key in two]
    won = Counter((a.outcome == "won", b.outcome == "won") for a, b in pairs)
    both, neither = won[True, True], won[False, False]
    only_first, only_second = won[True, False], won[False, True]
    wins = paired_difference(both, only_first, only_second, neither) if pairs else None
    scored, score = _difference(pairs, lambda row: row.normalised_score)
    rated, points = _difference(pairs, lambda row: row.points_per_100)
    return Comparison(
        first=first,
        second=second,
        family=family,
        games=len(pairs),
        both_won=both,
        only_first=only_first,
        only_second=only_second,
        neither=neither,
        errored_first=sum(a.outcome == "error" for a, _ in pairs),
        errored_second=sum(b.outcome == "error" for _, b in pairs),
        left_out_first=len(one) - len(pairs),
        left_out_second=len(two) - len(pairs),
        unbuilt=sum(each.unbuilt for each in (*ones, *twos)),
        win_difference=wins.value if wins else None,
        win_low=wins.low if wins else None,
        win_high=wins.high if wins else None,
        scored_games=scored,
        score_difference=score.value if score else None,
        score_low=score.low if score else None,
        score_high=score.high if score else None,
        points_per_100_games=rated,
        points_per_100_difference=points.value if points else None,
        points_per_100_low=points.low if points else None,
        points_per_100_high=points.high if points else None,
    )


def _difference(
    pairs: Sequence[tuple[EpisodeResult, EpisodeResult]],
    measure: Callable[[EpisodeResult], float | None],
) -> tuple[int, Interval | None]:
    """The games that have this measure, and by how much the first side's is above the second's."""
    differences = []
    for pair in pairs:
        one, two = (0.0 if row.untold else measure(row) for row in pair)
        # Where neither side was told of any points, nobody knows whether the game has any.
        if one is not None and two is not None and not all(row.untold for row in pair):
            differences.append(one - two)
    return len(differences), bootstrap_mean(differences) if differences else None
