"""Baseline players: what they say is in the environment's own words, and the same for a seed."""

from __future__ import annotations

from typing import cast

import pytest

from agent.players import RandomPlayer, WalkthroughPlayer
from envs.base import Info
from envs.errors import EnvUnavailable


def listing(commands: list[str] | None) -> Info:
    return cast(Info, {"admissible_commands": commands})


def test_the_random_player_says_what_is_listed() -> None:
    player = RandomPlayer(3, 0, examples=("never",))
    said = [player.choose(step, listing(["a", "b", "c"])) for step in range(1, 60)]
    assert set(said) == {"a", "b", "c"}
    again = RandomPlayer(3, 0)
    assert said == [again.choose(step, listing(["c", "b", "a"])) for step in range(1, 60)]
    assert said != [RandomPlayer(3, 1).choose(s, listing(["a", "b", "c"])) for s in range(1, 60)]


def test_where_nothing_is_listed_it_says_examples() -> None:
    player = RandomPlayer(3, 0, examples=("1", "2"))
    assert {player.choose(step, listing(None)) for step in range(1, 30)} == {"1", "2"}
    with pytest.raises(EnvUnavailable, match="lists none and gives no examples; use --agent model"):
        RandomPlayer(3, 0).choose(1, listing(None))
    assert player.choose(1, listing([])) == "look"  # nothing can be done


def test_the_walkthrough_is_followed_to_its_end() -> None:
    player = WalkthroughPlayer("test/game", ["x", "y"])
    assert [player.choose(step, listing(None)) for step in (1, 2, 3)] == ["x", "y", "look"]
    with pytest.raises(EnvUnavailable, match="test/game has no walkthrough to follow"):
        WalkthroughPlayer("test/game", None)
