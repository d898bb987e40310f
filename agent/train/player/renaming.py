"""Kitchens whose foods go by other names: a policy should copy what it reads, not say what it knows.

The training split of TextWorld's foods has 22 names, and a policy that saw no others says "red hot
pepper" where a recipe of another split asks for "red tuna". So in a share of the demonstrations each
food has a name put together from a few words, which foods of a game share: only an exact copy is right.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import envs
from agent.environments import MakeEnv
from agent.seeds import derive
from agent.train.player.mix import Game
from envs.base import Info, TextEnv
from envs.wrappers import Wrapper


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


_FIRST = _words(
    "smoked, wild, sweet, sour, golden, striped, young, spring, winter, small, spicy, salted, dried, "
    "red, green, yellow, white, black, orange, purple, blue, brown, pink"
)
_SECOND = _words(
    "turnip, trout, quince, fennel, mango, radish, leek, chestnut, plum, pear, beetroot, cabbage, "
    "artichoke, salmon, squid, fig, lime, pumpkin, sausage, crab, shrimp, spinach, melon, apricot, "
    "walnut, asparagus, goat cheese, celery root, lamb shank, rice cake, bean sprout, ear of corn, "
    "rack of ribs, sugar pea, duck leg, fish cake, broad bean, water chestnut, loaf of bread"
)


def maker(game: Game, share: float, make: MakeEnv = envs.make) -> MakeEnv:
    """What makes a game's environment: in a share of the kitchens, one whose foods have other names."""
    dice = random.Random(derive(game.seed, "renamed kitchen"))
    renamed = game.family == "cooking" and dice.random() < share
    return partial(make_renamed, game.seed, make=make) if renamed else make


def make_renamed(seed: int, spec: str, make: MakeEnv) -> TextEnv:
    """A cooking game of the split `train` whose foods have other names, the same for the same seed."""
    from textworld.challenges.tw_cooking.cooking import FOODS_SPLITS

    return Renamed(make(spec), other_names(FOODS_SPLITS["train"], seed))


def other_names(foods: Sequence[str], seed: int) -> dict[str, str]:
    """A new name for each food, all different, by the seed: five words of one kind, and of another."""
    dice = random.Random(derive(seed, "renamed"))
    later = dice.sample(_SECOND, 12)
    names = [*later, *(f"{one} {other}" for one in dice.sample(_FIRST, 5) for other in later)]
    return dict(zip(foods, dice.sample(names, len(foods)), strict=True))


class Renamed(Wrapper):
    """An environment in which some things are called otherwise, by it and by whoever acts in it."""

    def __init__(self, env: TextEnv, names: Mapping[str, str]) -> None:
        """`names` are the new ones, by the old."""
        super().__init__(env)
        self._told = _Renaming(names)
        self._meant = _Renaming({new: old for old, new in names.items()})

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, Info]:
        """See `TextEnv.reset`."""
        return self._renamed(*self.env.reset(seed=seed, options=options))

    def step(  # type: ignore[override]
        self, action: str
    ) -> tuple[str, float, bool, bool, Info]:
        """See `TextEnv.step`."""
        seen, reward, terminated, truncated, info = self.env.step(self._meant(action))
        observation, info = self._renamed(seen, info)
        return observation, reward, terminated, truncated, info

    def walkthrough(self) -> list[str] | None:
        """See `TextEnv.walkthrough`."""
        found = self.env.walkthrough()
        return found and [self._told(command) for command in found]

    def restore(self, snapshot: bytes) -> tuple[str, Info]:
        """See `TextEnv.restore`."""
        return self._renamed(*self.env.restore(snapshot))

    def _renamed(self, observation: str, info: Info) -> tuple[str, Info]:
        listed = info["admissible_commands"]
        changed: Info = {
            **info,
            "feedback": self._told(info["feedback"]),
            "admissible_commands": listed and sorted(self._told(command) for command in listed),
        }
        return self._told(observation), changed


class _Renaming:
    """Names replaced in a text, the longest first, with the article that goes before the new one."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        longest = sorted(names, key=len, reverse=True)
        self._pattern = re.compile(rf"\b(?:(an?) )?({'|'.join(map(re.escape, longest))})\b")

    def __call__(self, text: str) -> str:
        return self._pattern.sub(self._replaced, text)

    def _replaced(self, found: re.Match[str]) -> str:
        article, name = found[1], self._names[found[2]]
        return name if article is None else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
