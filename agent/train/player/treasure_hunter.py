"""Treasure hunter: learn what to find, look into everything, explore, take it."""

from __future__ import annotations

import re

from agent.train.player.belief import Belief
from agent.train.player.decision import Decision, walk, words
from agent.train.player.explore import explore
from agent.train.player.foods import plain
from agent.train.player.places import SURFACES

# The last step of the task: "..., recover the passkey from the floor of the study."
_TAKE = re.compile(
    r"\b(?:take|retrieve|recover|pick[- ]up|lift|grab|get)\s+the ([\w' -]+?) "
    r"(?:from|in|that's|inside|within)\b",
    re.IGNORECASE,
)
_KEY = re.compile(r"\b(?:key|keycard|passkey|latchkey)$")


def target_of(observation: str) -> str | None:
    """What the task asks for, or None where its last step is not in the text."""
    task = observation.partition("-= ")[0]
    found = _TAKE.findall(task)
    return str(found[-1]).strip() if found else None


def decide(belief: Belief) -> Decision:
    """The next move."""
    here = belief.here
    if belief.target is None and "goal" not in belief.failed and not belief.noted:
        return Decision("goal", "ask goal")
    name = belief.target
    if here is not None and name is not None:
        for item, holder in here.items.items():
            if item == name or plain(item) == name:
                command = (
                    f"take {item}" if holder in {"", "floor"} else f"take {item} from {holder}"
                )
                if command not in belief.failed:
                    return Decision(command, "treasure", {"item": item, "here": here.name})
    if here is not None and here.unopened:
        holder = here.unopened[0]
        verb = "examine" if holder in SURFACES else "open"
        return Decision(f"{verb} {holder}", "look inside", {"holder": holder})
    guess = _guess(belief) if name is None else None
    return guess or _locked(belief) or explore(belief, f"the {name or 'treasure'}")


def _guess(belief: Belief) -> Decision | None:
    """What to find is not known and everything was seen: one of the things that lie about."""
    here = belief.here
    if here is None or any(room.untried for room in belief.rooms.values()):
        return None
    for item in here.items:
        if f"take {item}" not in belief.failed:
            return Decision(f"take {item}", "guess", {"item": item, "here": here.name})
    for room in belief.rooms.values():
        if room.items and (step := walk(belief, room, f"the {words(list(room.items))} is there")):
            return step
    return None


def _locked(belief: Belief) -> Decision | None:
    """A door that did not open: unlock it with a key that is carried, else leave it."""
    here = belief.here
    if here is None:
        return None
    for direction, door in here.exits.items():
        if f"open {door.door}" not in belief.failed or not door.closed:
            continue
        for key in belief.carrying or ():
            command = f"unlock {door.door} with {key}"
            if _KEY.search(key) and command not in belief.failed:
                return Decision(command, "unlock", {"door": door.door, "item": key})
        if belief.carrying is None:
            return Decision("inventory", "keys", {"door": door.door})
        here.try_exit(direction)
    return None
