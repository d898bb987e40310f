"""A decision: what to do next, and the facts that are the reason for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.train.player.belief import Belief, Room, way_between


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
    return leave(here, way[0], "walk", **facts)
