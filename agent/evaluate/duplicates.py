"""Games that training has seen under another seed: the same map and the same goal.

The training games that are compared with are those that lie in this machine's cache of built games,
and those that are named. What was found lies beside the grid, for whoever tells of it later.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.errors import ConfigError, RunDirectoryError
from agent.evaluate.families import Game
from agent.files import write_atomically
from agent.seeds import FIRST_DEVELOPMENT_SEED
from envs.errors import GameNotBuildable
from envs.textworld.content import built_before, content_of

FILE = "duplicates.json"


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
    repeated: int = 0
    """Games that are the same as an earlier one of the grid. They stay in it."""

    def gone(self) -> set[tuple[str, int]]:
        """Spec and seed of the games that training has seen."""
        return {(each.spec, each.seed) for each in self.found}

    def __str__(self) -> str:
        told = (
            f"compared {self.games} games with {self.training_games} training games: "
            f"{len(self.found)} of them identical in map and goal; "
            f"{self.repeated} identical with an earlier one of the grid"
        )
        if not self.training_games:
            return told + (
                "\n  no training game was ever built on this machine, so this says nothing of them; "
                "name the games with --trained-on"
            )
        return told + "".join(
            f"\n  left out: {each.spec} seed {each.seed}, the same as training seed "
            f"{', '.join(map(str, each.same_as))}"
            for each in self.found
        )


class _Trained(BaseModel):
    """What is read of a line of a list of games."""

    spec: str
    seed: int


def find_duplicates(
    games: Sequence[Game],
    jobs: int = 1,
    *,
    training: range = range(FIRST_DEVELOPMENT_SEED),
    trained_on: Sequence[Path] = (),
) -> Duplicates:
    """Compare games by content with the cached games of training seeds; builds those not built yet.

    So are the games of the files `trained_on`: JSON lines with a spec and a seed, as `steno train demos`
    leaves them beside its data. Raises ConfigError for such a file that does not read, SpecError for
    games that are not TextWorld's.
    """
    named = list(dict.fromkeys(pair for path in trained_on for pair in _listed(path)))
    seen: defaultdict[str, set[int]] = defaultdict(set)
    with ThreadPoolExecutor(jobs) as pool:
        for (_, seed), content in zip(named, pool.map(_content, named), strict=True):
            if content is not None:
                seen[content].add(seed)
        for _, seed, content in built_before(training):
            seen[content].add(seed)
        unique = list({(game.spec, game.seed): game for game in games}.values())
        contents = list(pool.map(_content, [(game.spec, game.seed) for game in unique]))
    compared = [(g, c) for g, c in zip(unique, contents, strict=True) if c is not None]
    return Duplicates(
        games=len(compared),
        training_games=sum(map(len, seen.values())),
        found=tuple(
            Duplicate(family=g.family, spec=g.spec, seed=g.seed, same_as=tuple(sorted(seen[c])))
            for g, c in compared
            if c in seen
        ),
        repeated=sum(count - 1 for count in Counter(c for _, c in compared).values()),
    )


def without(games: Sequence[Game], duplicates: Duplicates) -> list[Game]:
    """The games that training has not seen."""
    gone = duplicates.gone()
    return [game for game in games if (game.spec, game.seed) not in gone]


def keep(duplicates: Duplicates, out: Path) -> None:
    """Write it beside the grid. Raises StorageFailed."""
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / FILE, duplicates.model_dump_json(indent=1).encode() + b"\n")


def kept(out: Path) -> Duplicates | None:
    """What was found of the grid in `out`, None where nobody looked.

    Raises ConfigError where `out` can be no directory, RunDirectoryError for what does not read.
    """
    try:
        return Duplicates.model_validate_json((out / FILE).read_bytes())
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise ConfigError(
            f"--out {str(out)!r} is a file, or lies below one; name another directory"
        ) from error
    except (OSError, ValidationError) as error:
        raise RunDirectoryError(
            f"{str(out / FILE)!r} does not read ({error}); remove it, and compare again with "
            "--check-duplicates"
        ) from error


def _listed(path: Path) -> Iterator[tuple[str, int]]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the games in {str(path)!r}: {error}") from error
    for number, line in enumerate(lines, 1):
        try:
            told = _Trained.model_validate_json(line)
        except ValidationError as error:
            raise ConfigError(
                f"{path}: line {number} names no game by its spec and seed"
            ) from error
        yield told.spec, told.seed


def _content(game: tuple[str, int]) -> str | None:
    """None where it does not build: that is told when it is played."""
    try:
        return content_of(*game)
    except GameNotBuildable:
        return None
