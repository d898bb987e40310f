"""What a built game consists of, so that two games can be told to be one.

TextWorld writes a game's world and quests into the .json beside its story. A game's content is the
facts of its world at the start (rooms, exits, things and what they are like, where the player stands)
and what wins or loses it, in the names that a player reads. Seeds, file names, ids and the wording of
descriptions are no part of it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from envs.errors import EnvUnavailable, SpecError
from envs.options import parse_options
from envs.spec import Spec
from envs.textworld.families import FAMILIES
from envs.textworld.games import game_file, games_folder


def content_of(spec: str, seed: int) -> str:
    """A hash of the content of one game, built if the cache does not have it.

    Raises `SpecError` for what is no TextWorld game, and `EnvUnavailable` where it does not build.
    """
    parsed = Spec.parse(spec)
    family = FAMILIES.get(parsed.name)
    if parsed.suite != "textworld" or family is None:
        raise SpecError(f"{spec!r} is no TextWorld game: only those can be compared by content")
    options = parse_options(family.options, f"textworld/{family.name}", parsed.options)
    story = game_file(family.name, options.model_dump(), seed, f"{spec} with seed {seed}")
    return content(json.loads(story.with_suffix(".json").read_text("utf-8")))


def built_before(seeds: range) -> Iterator[tuple[str, int, str]]:
    """The games in the cache that have one of the seeds: family, seed and the hash of their content.

    Entries that do not read are passed over: they are built again when they are asked for.
    """
    for entry in sorted(games_folder().glob("*/entry.json")):
        try:
            told = json.loads(entry.read_text("utf-8"))
            family, seed = told["game"]["family"], told["game"]["seed"]
            if seed in seeds:
                name = next(file for file in told["files"] if file.endswith(".json"))
                game = json.loads(entry.with_name(name).read_text("utf-8"))
                yield family, seed, content(game)
        except (OSError, ValueError, KeyError, TypeError, StopIteration, EnvUnavailable):
            continue


def content(game: Mapping[str, Any]) -> str:
    """The hash of a game as TextWorld wrote it. Raises `EnvUnavailable` for another format."""
    try:
        names = {key: f"{info['name'] or ''}/{info['type']}" for key, info in game["infos"]}
        parts = {
            "world": _facts(game["world"], names),
            "quests": sorted(
                (
                    quest["reward"],
                    sorted(_condition(event, names) for event in quest["win_events"]),
                    sorted(_condition(event, names) for event in quest["fail_events"]),
                )
                for quest in game["quests"]
            ),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise EnvUnavailable(
            f"a game's .json is not as TextWorld 1.7 writes it: {error}"
        ) from error
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _facts(facts: list[Any], names: Mapping[str, str]) -> list[list[str]]:
    """Facts in a fixed order, their things named as the player reads them (nameless ones by id)."""
    return sorted(
        [fact["name"], *(_name(thing, names) for thing in fact["arguments"])] for fact in facts
    )


def _name(thing: Mapping[str, str], names: Mapping[str, str]) -> str:
    name = names.get(thing["name"], "/")
    return thing["name"] if name.startswith("/") else name


def _condition(event: Mapping[str, Any], names: Mapping[str, str]) -> list[list[str]]:
    """When the event is there: its condition, without the thing that stands for the event itself."""
    return _facts(event["condition"]["preconditions"], names)
