"""Guess a number: a whole environment for Steno. Try `steno envs play guess/number?up_to=20`."""

import random

from pydantic import Field

from envs.base import Description
from envs.guarded import GuardedEnv, Turn
from envs.options import Options
from envs.suites import Entry, TableSuite


class GuessOptions(Options):
    """What a spec may ask for: guess/number?up_to=20."""

    up_to: int = Field(100, ge=2, le=10_000, description="the largest number")


class GuessNumber(GuardedEnv):
    """The seed decides the number; each guess is answered with a hint."""

    def __init__(self, spec: str, options: GuessOptions) -> None:
        self.spec, self.options, self._up_to = spec, options, options.up_to

    def describe(self) -> Description:
        """What the model is told before it plays, and what a random player says."""
        return Description("Find the number.", "Say a number, such as 7.", ("1", "10", "50"))

    def begin(self, seed: int) -> Turn:
        """Start the game of a seed."""
        self._number, self._guesses = random.Random(seed).randint(1, self._up_to), 0
        return self._say(f"I think of a number from 1 to {self._up_to}.")

    def act(self, action: str) -> Turn:
        """Answer a guess; any text may come, cleaned to one line."""
        self._guesses += 1
        if not action.isdecimal():
            return self._say("That is no number.")
        higher, found = int(action) < self._number, int(action) == self._number
        return self._say("That is it!" if found else "Higher." if higher else "Lower.", found)

    def solution(self) -> list[str]:
        """The walkthrough, for players who may know it."""
        return [str(self._number)]

    def _say(self, text: str, won: bool = False) -> Turn:
        score, guesses = float(won), self._guesses
        return Turn(text=text, score=score, max_score=1.0, won=won, moves=guesses, over=won)


suite = TableSuite("guess", {"number": Entry("find a number by hints", GuessOptions, GuessNumber)})
