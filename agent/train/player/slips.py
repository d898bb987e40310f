"""The player with slips of its own, so that a policy sees how to go on after mistakes.

A policy makes mistakes, and a policy that was shown none goes in circles after its first. What the
player writes in a slip is never learnt (`agent.train.relabel.agreed`), only what it does next.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from agent.lm.types import Request
from agent.lm.vocabulary import Vocabulary
from agent.note_ops import CLOSING
from agent.prompts import THOUGHT_END
from agent.seeds import derive
from agent.train.player.decision import Decision
from agent.train.player.demonstrator import Demonstrator
from agent.train.player.places import DIRECTIONS
from agent.train.player.thoughts import command_of, phrasings
from agent.train.player.window import read_window

_DIRECTION = re.compile(rf"\b({'|'.join(DIRECTIONS)})\b")


class Slipping(Demonstrator):
    """The player, wrong in a share of its thoughts and notes. A pure function of the window still."""

    def __init__(self, vocabulary: Vocabulary, share: float) -> None:
        super().__init__(vocabulary)
        self._share = share

    def answer(self, window: Sequence[int], request: Request) -> list[int]:
        """As the player's, or a slip: a step in some other direction, or a note that is wrong."""
        right = super().answer(window, request)
        dice = random.Random(derive("slip", request.purpose, *window))
        if request.purpose == "act" or dice.random() >= self._share:
            return right
        said = self.vocabulary.decode(right)
        wrong = (
            self._misled(window, said, dice) if request.purpose == "think" else misnoted(said, dice)
        )
        ids = self.vocabulary.encode(wrong)
        return ids if len(ids) <= request.max_tokens else right

    def _misled(self, window: Sequence[int], thought: str, dice: random.Random) -> str:
        """A thought that goes in another direction than the right one."""
        turns = read_window(self.vocabulary, window).turns
        before = next((turn.thought for turn in reversed(turns) if turn.thought), "")
        others = [each for each in DIRECTIONS if f"go {each}" != command_of(thought)]
        direction = dice.choice(others)
        decision = Decision(f"go {direction}", "explore", {"direction": direction})
        place = _PLACE.match(thought.strip())
        return f" {next(phrasings(decision, [place[1] if place else ''], before))}{THOUGHT_END}"


# What a thought says of the place, as most of its forms begin.
_PLACE = re.compile(r"(?:(?:In|Now in|I am in|This is|OK,|Here is) (?:the )?)?([^.:;]+)[.:;]")


def misnoted(operations: str, dice: random.Random) -> str:
    """Note operations with one line left out, or one direction in them wrong."""
    *lines, end = operations.rstrip("\n").split("\n")
    if end != CLOSING.strip() or not lines:
        return operations
    at = dice.randrange(len(lines))
    named = list(_DIRECTION.finditer(lines[at]))
    if named and dice.random() < 0.5:
        found = dice.choice(named)
        other = dice.choice([each for each in DIRECTIONS if each != found[1]])
        lines[at] = lines[at][: found.start()] + other + lines[at][found.end() :]
    elif len(lines) > 1:
        del lines[at]
    return "\n".join([*lines, end]) + operations[len(operations.rstrip("\n")) :]
