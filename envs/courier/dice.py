"""Random numbers that are the same in every process, and whose whole state is a counter."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Roll n is a hash of `key` and n, so that a snapshot of the dice is how often they were rolled."""

    def __init__(self, key: str, rolled: int = 0) -> None:
        self._key = key
        self.rolled = rolled

    def below(self, sides: int) -> int:
        """A number from 0 to `sides` - 1, each as likely (but for less than one in 10^15)."""
        self.rolled += 1
        roll = hashlib.blake2b(f"{self._key}/{self.rolled}".encode(), digest_size=8).digest()
        return int.from_bytes(roll, "big") % sides

    def pick(self, choices: Sequence[T]) -> T:
        """One of them, each as likely."""
        return choices[self.below(len(choices))]

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """All of them in any order, each as likely."""
        order = list(things)
        for place in range(len(order) - 1, 0, -1):
            other = self.below(place + 1)
            order[place], order[other] = order[other], order[place]
        return order
