"""The families of TextWorld games: their options, and what a player is told of them."""

from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from envs.options import Options


class CoinCollector(Options):
    """A coin at the end of a chain of rooms."""

    level: int = Field(
        5, ge=1, le=300, description="1-100: that many rooms; 101-300: dead ends are added"
    )

    @model_validator(mode="after")
    def _fits_the_z_machine(self) -> Self:
        chains, quest = divmod(self.level - 1, 100)
        rooms = (chains + 1) * (quest + 1)
        if rooms > 100:
            raise ValueError(
                f"level={self.level} needs {rooms} rooms and TextWorld builds at most 100: "
                "it must be 1-150 or 201-233"
            )
        return self


class TreasureHunter(Options):
    """One object to find and take, one to leave alone."""

    level: int = Field(
        5, ge=1, le=30, description="1-10: 5 rooms; 11-20: 10 rooms, doors; 21-30: 20 rooms, keys"
    )


class Cooking(Options):
    """Find the recipe, gather, prepare, eat."""

    recipe: int = Field(1, ge=1, le=5, description="ingredients in the recipe")
    take: int = Field(0, ge=0, le=5, description="ingredients to find; the others are carried")
    go: Literal[1, 6, 9, 12] = Field(1, description="rooms")
    open: bool = Field(False, description="whether doors and containers start closed")
    cook: bool = Field(False, description="whether ingredients need cooking")
    cut: bool = Field(False, description="whether ingredients need cutting")
    drop: bool = Field(False, description="whether only a few things can be carried")
    split: Literal["train", "valid", "test"] = Field(
        "train", description="which foods and preparations occur"
    )

    @field_validator("go", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        # A Literal of numbers does not read strings, which is what a spec holds.
        return int(value) if isinstance(value, str) and value.strip().isdecimal() else value

    @model_validator(mode="after")
    def _takes_no_more_than_the_recipe(self) -> Self:
        if self.take > self.recipe:
            raise ValueError(
                f"option take={self.take} is not allowed: "
                f"it must be at most recipe={self.recipe}, the ingredients there are"
            )
        return self


class Simple(Options):
    """One hand-made house; only the food and the key move."""

    rewards: Literal["dense", "balanced", "sparse"] = Field("dense", description="how often")
    goal: Literal["detailed", "brief", "none"] = Field(
        "detailed", description="how much of the objective is told"
    )


class Custom(Options):
    """Rooms, objects and a quest drawn at random."""

    rooms: int = Field(5, ge=1, le=40, description="rooms")
    objects: int = Field(10, ge=1, le=50, description="objects")
    quest_length: int = Field(5, ge=1, le=20, description="commands in the quest")


@dataclass(frozen=True)
class Family:
    """One kind of game: its options, and the description that a player gets of all its games."""

    name: str
    summary: str
    options: type[Options]
    goal: str
    how_to_act: str


_MOVE = "Move with 'go north', 'go south', 'go east' or 'go west'."
_LOOK = "'look' shows the room, 'inventory' what you carry, 'examine X' one thing."
_SHORT = "Give one short command at a time, with the names that the game uses."

FAMILIES = {
    family.name: family
    for family in (
        Family(
            name="coin-collector",
            summary="find the coin at the end of a chain of rooms, some of them dead ends",
            options=CoinCollector,
            goal="Explore the rooms until you find the coin, and take it. That wins the game.",
            how_to_act=f"{_SHORT} {_MOVE} 'look' shows the room and its exits. "
            "When the coin is in the room: 'take coin'.",
        ),
        Family(
            name="treasure-hunter",
            summary="find and take the one object that is asked for, in a maze with doors and keys",
            options=TreasureHunter,
            goal="The first text says which object to find. Take it to win. "
            "Taking another object instead may lose the game.",
            how_to_act=f"{_SHORT} {_MOVE} Open what is closed: 'open X'. Unlock what is locked "
            "with the key that fits it: 'unlock X with Y'. Take things: 'take X', or 'take X from "
            "Y'. " + _LOOK,
        ),
        Family(
            name="cooking",
            summary="read the cookbook, gather the ingredients, prepare and eat the meal",
            options=Cooking,
            goal="Find the kitchen, read the cookbook there, gather its ingredients, cook and cut "
            "each exactly as it says, then prepare the meal in the kitchen and eat it. "
            "A wrong preparation, or cooking a thing twice, loses the game.",
            how_to_act=f"{_SHORT} {_MOVE} 'look', 'inventory', 'examine cookbook', 'open X', "
            "'take X from Y', 'drop X'. 'cook X with stove' fries, 'cook X with oven' roasts, "
            "'cook X with BBQ' grills. With a knife in hand: 'chop X with knife', "
            "'slice X with knife', 'dice X with knife'. Last: 'prepare meal', 'eat meal'.",
        ),
        Family(
            name="simple",
            summary="one small house: get out of the bedroom, find the food, put it on the stove",
            options=Simple,
            goal="Get out of the locked bedroom, find the food that is missing from dinner (a note "
            "in the kitchen names it) and put it on the stove. Do not eat it.",
            how_to_act=f"{_SHORT} {_MOVE} 'open X', 'take X from Y', 'unlock X with Y', "
            "'put X on Y'. " + _LOOK,
        ),
        Family(
            name="custom",
            summary="a world of any size, drawn at random, with a quest of a given length",
            options=Custom,
            goal="The first text says what to do, step by step. Do all of it to win.",
            how_to_act=f"{_SHORT} {_MOVE} 'open X', 'close X', 'take X', 'take X from Y', "
            "'drop X', 'put X on Y', 'insert X into Y', 'unlock X with Y', 'lock X with Y', "
            "'eat X'. " + _LOOK,
        ),
    )
}
