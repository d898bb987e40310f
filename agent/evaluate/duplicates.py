"""Games that training has seen under another seed: the same map and the same goal.

The training games that are compared with are those that lie in this machine's cache of built games.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pydantic import BaseModel, ConfigDict

from agent.evaluate.families import FIRST_DEVELOPMENT_SEED, Game
from envs.errors import GameNotBuildable
from envs.textworld.content import built_before, content_of


class Duplicate(BaseModel):
    """A game, and the training seeds under which it was built too."""

    model_config = ConfigDict(frozen=True)

    family: str
    spec: str
    seed: int
    same_as: tuple[int, ...]


class Duplicates(BaseModel):
    """What a comparison came to."""

    model_config = ConfigDict(frozen=True)

    games: int
    """Games that were compared: those that build."""
    training_games: int
    found: tuple[Duplicate, ...]

    def __str__(self) -> str:
        told = (
            f"compared {self.games} games with {self.training_games} training games in the cache: "
            f"{len(self.found)} of them identical in map and goal"
        )
        if not self.training_games:
            return told + " (no training game was ever built on this machine: this says nothing)"
        return told + "".join(
            f"\n  left out: {each.spec} seed {each.seed}, the same as training seed "
            f"{', '.join(map(str, each.same_as))}"
            for each in self.found
        )


def find_duplicates(
    games: Sequence[Game], jobs: int = 1, training: range = range(FIRST_DEVELOPMENT_SEED)
) -> Duplicates:
    """Compare games by content with the cached games of training seeds; builds those not built yet.

    Raises SpecError for games that are not TextWorld's.
    """
    seen: defaultdict[str, list[int]] = defaultdict(list)
    trained = 0
    for _, seed, content in built_before(training):
        seen[content].append(seed)
        trained += 1
    unique = list({(game.spec, game.seed): game for game in games}.values())
    with ThreadPoolExecutor(jobs) as pool:
        contents = list(pool.map(_content, unique))
    compared = [(g, c) for g, c in zip(unique, contents, strict=True) if c is not None]
    return Duplicates(
        games=len(compared),
        training_games=trained,
        found=tuple(
            Duplicate(family=g.family, spec=g.spec, seed=g.seed, same_as=tuple(others))
            for g, c in compared
            if (others := sorted(set(seen.get(c, ()))))
        ),
    )


def without(games: Sequence[Game], duplicates: Duplicates) -> list[Game]:
    """The games that training has not seen."""
    gone = {(each.spec, each.seed) for each in duplicates.found}
    return [game for game in games if (game.spec, game.seed) not in gone]


def _content(game: Game) -> str | None:
    """None where it does not build: that is told when it is played."""
    try:
        return content_of(game.spec, game.seed)
    except GameNotBuildable:
        return None
