"""Finding the way: depth first, by rules that need only the present room and a list of untried exits."""

from __future__ import annotations

from agent.train.player.belief import Belief, Room, way_between
from agent.train.player.decision import Decision, leave, walk
from agent.train.player.places import DIRECTIONS


def explore(belief: Belief, purpose: str) -> Decision:
    """The first untried exit in the order north, east, south, west; where there is none, back."""
    here = belief.here
    if here is None:
        return Decision("look", "lost", {"purpose": purpose})
    if here.untried:
        return _try(here, purpose)
    if not here.described and not here.exits and here.back is None and not here.path:
        return Decision("look", "lost", {"purpose": purpose})
    elsewhere = _nearest_untried(belief)
    if elsewhere is not None:
        step = walk(belief, elsewhere, purpose)
        if step is not None:
            return Decision(step.command, step.kind.replace("walk", "return"), step.facts)
    if here.back is not None:
        return leave(here, here.back, "dead end", purpose=purpose, back=here.back)
    return wander(belief, purpose)


def _try(here: Room, purpose: str) -> Decision:
    seen = [each for each in here.untried if each in here.exits or here.whole]
    direction = (seen or here.untried)[0]
    first = purpose.partition(",")[0].partition(" and ")[0]  # thoughts are short
    return leave(here, direction, "explore" if seen else "blind", purpose=first)


def _nearest_untried(belief: Belief) -> Room | None:
    here = belief.here
    if here is None or here.path is None:
        return None
    start = here.path
    rooms = [room for room in belief.rooms.values() if room.untried and room.path is not None]
    return min(rooms, key=lambda room: len(way_between(start, room.path or ())), default=None)


def wander(belief: Belief, purpose: str) -> Decision:
    """Nothing is known that is untried: the exit that was used least since the last prune."""
    here = belief.here
    exits = [each for each in DIRECTIONS if here and (each in here.exits or not here.whole)]
    if here is None or not exits:
        return Decision("look", "lost", {"purpose": purpose})
    tried = belief.walked
    direction = min(
        exits,
        key=lambda each: (tried.count((here.name, each)), f"go {each}" in belief.failed),
    )
    return leave(here, direction, "wander", purpose=purpose)
