"""How the player makes sure of what a refusal put in doubt: it looks, asks, reads again.

A policy notes something wrong sooner or later, and then acts on its note to the end of the game:
"Something still needs to be cooked", and it prepares the meal again, for a hundred steps. Making sure
costs one.
"""

from __future__ import annotations

from agent.train.player.belief import Belief
from agent.train.player.cooking import BOOK, KITCHEN, to_book
from agent.train.player.decision import Decision
from agent.train.player.doubts import HANDS, ROOM

_PREPARE = "prepare meal"


def make_sure(belief: Belief) -> Decision | None:
    """How the first doubt that can be settled is settled; None where there is none."""
    for doubt in belief.doubts.open:
        if doubt == HANDS:
            return Decision("inventory", "check hands")
        if doubt == ROOM:
            return Decision("look", "look again")
        if found := _read_again(belief):
            return found
    return None


def _read_again(belief: Belief) -> Decision | None:
    here, command = belief.here, f"examine {BOOK}"
    if here is None or command in belief.failed:
        return None
    if here.name == KITCHEN or BOOK in here.items:
        return Decision(command, "read again")
    return to_book(belief)


def forget_refusals(belief: Belief) -> None:
    """Something is known now that was not: what was refused may be done."""
    belief.failed = [each for each in belief.failed if each != _PREPARE]
