"""Kitchens with other names: the same game, said in other words both ways."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import envs
from agent.train.demonstrations import How
from agent.train.player.mix import games
from agent.train.player.renaming import Renamed, other_names
from envs.base import Description, Info, TextEnv

FOODS = ["red onion", "onion", "salt", "orange bell pepper", "block of cheese"]


class Pantry(TextEnv):
    """Says what it was told, with an article, and lists a command for each food."""

    spec = "test/pantry"

    def describe(self) -> Description:
        return Description(goal="", how_to_act="")

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, Info]:
        return self._tell("an orange bell pepper, a red onion and salt")

    def step(  # type: ignore[override]
        self, action: str
    ) -> tuple[str, float, bool, bool, Info]:
        self.heard = action
        observation, info = self._tell(f"You {action}.")
        return observation, 0.0, False, False, info

    def walkthrough(self) -> list[str]:
        return ["take red onion", "cut red onion"]

    def _tell(self, text: str) -> tuple[str, Info]:
        info = Info(
            score=None,
            max_score=None,
            won=None,
            lost=None,
            moves=None,
            admissible_commands=[f"take {food}" for food in FOODS],
            feedback=text,
        )
        return text, info


NAMES = {
    "red onion": "fig",
    "onion": "red fig",
    "salt": "young leek",
    "orange bell pepper": "leek",
    "block of cheese": "apricot",
}


def test_what_it_says_has_the_new_names_and_what_it_hears_the_old() -> None:
    env = Pantry()
    renamed = Renamed(env, NAMES)
    observation, info = renamed.reset(seed=1)
    assert observation == info["feedback"] == "a leek, a fig and young leek"
    assert info["admissible_commands"] == sorted(f"take {new}" for new in NAMES.values())
    assert renamed.step("take red fig")[0] == "You take red fig."
    assert env.heard == "take onion"
    renamed.step("eat the apricot with young leek")
    assert env.heard == "eat the block of cheese with salt"
    assert renamed.walkthrough() == ["take fig", "cut fig"]


@given(st.integers(0, 10_000))
def test_no_two_foods_of_a_game_have_one_name_and_a_command_comes_back_as_it_was(seed: int) -> None:
    names = other_names(FOODS, seed)
    assert names == other_names(FOODS, seed)
    assert list(names) == FOODS
    assert len(set(names.values())) == len(FOODS)
    assert not set(names.values()) & set(FOODS)
    env = Pantry()
    renamed = Renamed(env, names)
    for old, new in names.items():
        renamed.step(f"take {new}")
        assert env.heard == f"take {old}"


def test_no_new_name_is_a_food_of_any_split() -> None:
    from textworld.challenges.tw_cooking.cooking import FOODS_SPLITS

    foods = {food for split in FOODS_SPLITS.values() for food in split}
    for seed in range(300):
        assert not foods & set(other_names(FOODS_SPLITS["train"], seed).values())


def test_only_kitchens_are_renamed_and_in_the_share_that_was_asked_for() -> None:
    def renamed(family: str, share: float) -> int:
        how = How("scripted", (), 0.0, share)
        return sum(how.make_env(game) is not envs.make for game in games(family, 200, 0))

    assert renamed("coin-collector", 1.0) == renamed("treasure-hunter", 1.0) == 0
    assert renamed("cooking", 0.0) == 0
    assert renamed("cooking", 1.0) == 200
    assert 60 < renamed("cooking", 0.5) < 140


def test_a_real_kitchen_is_won_by_its_own_walkthrough_in_other_words() -> None:
    [game] = games("cooking", 2, 100)[1:]
    env = How("scripted", (), 0.0, 1.0).make_env(game)(game.spec)
    try:
        env.reset(seed=game.seed)
        info: Info | None = None
        for command in env.walkthrough() or []:
            info = env.step(command)[4]
        assert info is not None
        assert info["won"]
    finally:
        env.close()
