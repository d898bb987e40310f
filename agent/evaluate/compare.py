"""Two arms on the same games, game by game."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from agent.errors import ConfigError
from agent.evaluate.cells import Played
from agent.evaluate.figures import points
from agent.evaluate.intervals import bootstrap_mean, paired_difference

ALL = "all"


class Comparison(BaseModel):
    """The games that both arms played in a family (or in all). `low` and `high` bound 95% intervals."""

    model_config = ConfigDict(frozen=True)

    first: str
    second: str
    family: str
    games: int
    both_won: int
    only_first: int
    only_second: int
    neither: int
    win_difference: float
    """The first arm's win rate less the second's."""
    win_low: float
    win_high: float
    score_difference: float | None
    score_low: float | None
    score_high: float | None


def compare(games: Iterable[Played], first: str, second: str) -> list[Comparison]:
    """A comparison a family, then one of all families where there are several.

    Games that could not be built are left out. Raises ConfigError where the arms share no game.
    """
    rows: dict[str, dict[tuple[str, str, int], Played]] = {first: {}, second: {}}
    for game in games:
        if game.arm in rows and not game.unbuilt:
            rows[game.arm][game.family, game.spec, game.seed] = game
    shared = [key for key in rows[first] if key in rows[second]]
    if not shared or first == second:
        raise ConfigError(f"--compare {first} {second}: these two arms have no game in common")
    families = list(dict.fromkeys(family for family, _, _ in shared))
    groups = {family: [key for key in shared if key[0] == family] for family in families}
    if len(families) > 1:
        groups[ALL] = shared
    return [
        _pairs(first, second, family, [(rows[first][key], rows[second][key]) for key in keys])
        for family, keys in groups.items()
    ]


def _pairs(first: str, second: str, family: str, pairs: list[tuple[Played, Played]]) -> Comparison:
    counts = {(a, b): 0 for a in (True, False) for b in (True, False)}
    for one, two in pairs:
        counts[one.row.outcome == "won", two.row.outcome == "won"] += 1
    both, neither = counts[True, True], counts[False, False]
    only_first, only_second = counts[True, False], counts[False, True]
    wins = paired_difference(both, only_first, only_second, neither)
    differences = [
        a - b
        for one, two in pairs
        if (a := points(one)) is not None and (b := points(two)) is not None
    ]
    score = bootstrap_mean(differences) if differences else None
    return Comparison(
        first=first,
        second=second,
        family=family,
        games=len(pairs),
        both_won=both,
        only_first=only_first,
        only_second=only_second,
        neither=neither,
        win_difference=wins.value,
        win_low=wins.low,
        win_high=wins.high,
        score_difference=score.value if score else None,
        score_low=score.low if score else None,
        score_high=score.high if score else None,
    )
