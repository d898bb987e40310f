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
from agent.train.player.belief import Belief
from agent.train.player.decision import Decision
from agent.train.player.demonstrator import Demonstrator
from agent.train.player.fumbles import fumble, miscounted, misstated
from agent.train.player.places import DIRECTIONS
from agent.train.player.reading import belief_of
from agent.train.player.thoughts import command_of, phrasings
from agent.train.player.window import Transcript, read_window

AGAIN = 0.4
"""How often a slip at least follows on what the game has just refused: one mistake brings the next."""
_KITCHEN_SHARE = 0.7
"""How often a slip in notes that tell of food is about food."""
_DIRECTION = re.compile(rf"\b({'|'.join(DIRECTIONS)})\b")


class Slipping(Demonstrator):
    """The player, wrong in a share of its thoughts and notes. A pure function of the window still."""

    def __init__(self, vocabulary: Vocabulary, share: float) -> None:
        super().__init__(vocabulary)
        self._share = share

    def answer(self, window: Sequence[int], request: Request) -> list[int]:
        """As the player's, or a slip: another direction, a wrong thing done with food, a wrong note."""
        right = super().answer(window, request)
        dice = random.Random(derive("slip", request.purpose, *window))
        chance = dice.random()
        if request.purpose == "act" or chance >= max(self._share, AGAIN if self._share else 0):
            return right
        transcript = read_window(self.vocabulary, window)
        belief = belief_of(transcript)
        refused = request.purpose == "think" and belief.last_action in belief.failed
        if chance >= self._share and not refused:
            return right
        said = self.vocabulary.decode(right)
        if request.purpose == "think":
            wrong = _misled(transcript, belief, said, dice)
        else:
            wrong = misnoted(said, dice)
        ids = self.vocabulary.encode(wrong)
        return ids if len(ids) <= request.max_tokens else right


def _misled(transcript: Transcript, belief: Belief, thought: str, dice: random.Random) -> str:
    """A thought that goes in another direction than the right one, or does the wrong thing with food."""
    right = command_of(thought)
    before = next((turn.thought for turn in reversed(transcript.turns) if turn.thought), "")
    direction = dice.choice([each for each in DIRECTIONS if f"go {each}" != right])
    decision = Decision(f"go {direction}", "explore", {"direction": direction})
    found = _PLACE.match(thought.strip())
    place = found[1] if found else ""
    if dice.random() < 0.5:
        decision = fumble(belief, right or "", dice) or decision
        place = miscounted(place, dice) if dice.random() < 0.5 else place
    return f" {next(phrasings(decision, [place], before))}{THOUGHT_END}"


# What a thought says of the place, as most of its forms begin.
_PLACE = re.compile(r"(?:(?:In|Now in|I am in|This is|OK,|Here is) (?:the )?)?([^.:;]+)[.:;]")


def misnoted(operations: str, dice: random.Random) -> str:
    """Note operations with one line left out, a direction wrong, or a step or a thing forgotten."""
    *lines, end = operations.rstrip("\n").split("\n")
    if end != CLOSING.strip() or not lines:
        return operations
    if dice.random() < _KITCHEN_SHARE and (wrong := misstated(lines, dice)) is not None:
        return "\n".join([*wrong, end]) + operations[len(operations.rstrip("\n")) :]
    at = dice.randrange(len(lines))
    named = list(_DIRECTION.finditer(lines[at]))
    if named and dice.random() < 0.5:
        found = dice.choice(named)
        other = dice.choice([each for each in DIRECTIONS if each != found[1]])
        lines[at] = lines[at][: found.start()] + other + lines[at][found.end() :]
    elif len(lines) > 1:
        del lines[at]
    return "\n".join([*lines, end]) + operations[len(operations.rstrip("\n")) :]
