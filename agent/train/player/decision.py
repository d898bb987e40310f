"""A decision: what to do next, and the facts that are the reason for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.train.player.belief import Belief, Room, way_between
from agent.train.player.places import DIRECTIONS

_WAYS = ("explore", "blind", "walk", "return", "dead end", "start over")
MOVING = frozenset({*_WAYS, *(f"{kind} door" for kind in _WAYS)})
"""The kinds of decisions that lead out of a room."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`command` is what to do, `kind` names the rule that says so, `facts` fill its words."""

    command: str
    kind: str
    facts: dict[str, str] = field(default_factory=dict)


def words(names: Sequence[str], none: str = "nothing") -> str:
    """Names as a list in English."""
    if not names:
        return none
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def leave(room: Room, direction: str, kind: str, **facts: str) -> Decision:
    """Go through an exit, opening its door first where it is closed."""
    door = room.door(direction)
    given = {"here": room.name, "direction": direction, "door": door.door, **facts}
    if door.closed and door.door:
        return Decision(f"open {door.door}", f"{kind} door", given)
    return Decision(f"go {direction}", kind, given)


def walk(belief: Belief, target: Room, purpose: str) -> Decision | None:
    """The next step of the way to a known room; None where the way isn't known."""
    here = belief.here
    if here is None or here is target or here.path is None or target.path is None:
        return None
    way = way_between(here.path, target.path)
    if not way:
        return None
    facts = {"target": target.name, "purpose": purpose, "way": ", ".join(way[:6])}
    facts |= {"where": where(target), "left": words(target.untried)}
    return leave(here, way[0], "walk", **facts)


def where(room: Room) -> str:
    """Where a room lies, as notes say it; empty where that is not known."""
    if room.path is None:
        return ""
    return f"at {' '.join(room.path)}" if room.path else "at the start"


@dataclass(frozen=True, slots=True)
class Bearings:
    """What the next step has to start from, in the order in which it is worked out.

    Where the room lies; the exits that its description names, or what a note says is untried there; the
    side from which it was entered; and what is left of those.
    """

    room: Room
    trail: bool = False
    """Whether the way back says enough of where it lies, as in the notes."""
    came: str | None = None
    """The side from which the room was entered just now."""
    noted: tuple[str, ...] | None = None
    """The untried exits of its note; None where there is none."""
    again: bool = False
    """Whether the window told of it before, so that its exits were thought about already."""
    aim: str = ""
    """What the player is after, where that is not always the same."""

    def words(self) -> str:
        """All of it."""
        facts = []
        if self.noted:
            facts.append(f"noted {', '.join(self.noted)}")
        elif self.noted is None and not self.again and self.room.whole and self.room.exits:
            facts.append(f"exits {', '.join(d for d in DIRECTIONS if d in self.room.exits)}")
        if self.came:
            facts.append(f"from the {self.came}")
        facts += [f"no way {each}" for each in self.room.walls]
        return self._with(facts)

    def brief(self) -> str:
        """The outcome alone, where there is no room for how it comes about."""
        return self._with([])

    def _with(self, facts: Sequence[str]) -> str:
        room = self.room
        back = f"back {room.back}" if room.back else "the start"
        lies = f", {back}" if self.trail else f" {where(room)}" if where(room) else ""
        untried = f"untried {', '.join(room.untried)}" if room.untried else "nothing untried"
        aim = [self.aim] if self.aim else []
        return ", ".join([f"{room.name}{lies}", *aim, *facts, untried])
