"""Games that are one, under two seeds or two specs, are found by their content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.evaluate.duplicates import Duplicates, find_duplicates, without
from agent.evaluate.families import Game
from envs.errors import EnvUnavailable, SpecError
from envs.textworld.content import content, content_of
from envs.textworld.games import CACHE_VARIABLE, games_folder

# One house and one quest: only how the goal is told differs, and with it every file.
TOLD, UNTOLD = "textworld/simple?goal=detailed", "textworld/simple?goal=none"
SEED = 10_000
BUILT = range(SEED, SEED + 1)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        content_of(TOLD, SEED)
        yield


def stories() -> list[dict[str, Any]]:
    return [
        json.loads(path.read_text())
        for path in sorted(games_folder().glob("*/*.json"))
        if path.name != "entry.json"
    ]


def test_a_real_pair_is_found_and_left_out() -> None:
    other = Game("f", 1, TOLD, SEED + 1)
    games = [Game("f", 0, UNTOLD, SEED), other]
    found = find_duplicates(games, jobs=2, training=BUILT)
    first, second, *_ = stories()
    assert first != second, "files that differ"
    assert (found.games, found.training_games, found.repeated) == (2, 1, 0)
    assert [(each.seed, each.same_as) for each in found.found] == [(SEED, (SEED,))]
    assert without(games, found) == [other]
    assert "1 of them identical in map and goal" in str(found)
    assert f"left out: {UNTOLD} seed {SEED}, the same as training seed {SEED}" in str(found)


def test_a_pair_within_the_grid_is_counted_and_stays() -> None:
    games = [Game("f", 0, UNTOLD, SEED), Game("f", 1, TOLD, SEED)]
    found = find_duplicates(games)
    assert (found.repeated, found.found) == (1, ())
    assert "1 identical with an earlier one of the grid" in str(found)
    assert without(games, found) == games


def test_without_training_games_nothing_is_said() -> None:
    games = [Game("f", 0, UNTOLD, SEED)]
    found = find_duplicates(games)
    assert (found.games, found.training_games, found.found) == (1, 0, ())
    assert "this says nothing" in str(found)
    assert without(games, found) == games


def test_content_is_the_map_the_things_and_the_goal() -> None:
    story, *_ = stories()
    same = json.loads(json.dumps(story))
    same["metadata"], same["objective"] = {"uuid": "another"}, "Do it."
    same["world"].reverse()
    for _, info in same["infos"]:
        info["desc"] = "told otherwise"
    assert content(same) == content(story)
    moved = json.loads(json.dumps(story))
    [start] = [f for f in moved["world"] if f["name"] == "at" and f["arguments"][0]["name"] == "P"]
    start["arguments"][1]["name"] = next(
        key
        for key, info in moved["infos"]
        if info["type"] == "r" and key != start["arguments"][1]["name"]
    )
    renamed = json.loads(json.dumps(story))
    next(info for _, info in renamed["infos"] if info["type"] == "f")["name"] = "a pear"
    other_goal = json.loads(json.dumps(story))
    other_goal["quests"][0]["win_events"][0]["condition"]["preconditions"].pop()
    contents = {content(each) for each in (story, moved, renamed, other_goal)}
    assert len(contents) == 4
    with pytest.raises(EnvUnavailable, match="not as TextWorld 1.7 writes it"):
        content({"world": []})


def test_only_textworld_can_be_compared() -> None:
    with pytest.raises(SpecError, match="is no TextWorld game"):
        find_duplicates([Game("f", 0, "other/chess", SEED)])


def test_a_comparison_can_be_stored() -> None:
    found = Duplicates(games=1, training_games=0, found=())
    assert Duplicates.model_validate_json(found.model_dump_json()) == found
    assert Path(games_folder()).is_dir()
