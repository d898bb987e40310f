"""Finding the way: depth first, by rules that need only the present room and a list of untried exits."""

from __future__ import annotations

from agent.train.player.belief import Belief, Room, way_between
from agent.train.player.decision import Decision, leave, walk


def explore(belief: Belief, purpose: str) -> Decision:
    """The first untried exit in the order north, east, south, west; where there is none, back.

    Where that would lead in circles something in the map is wrong, and the player starts over.
    """
    here = belief.here
    if here is None:
        return Decision("look", "lost", {"purpose": purpose})
    if here.untried:
        return _try(here, purpose)
    if not here.described and not here.exits and here.back is None and not here.path:
        return Decision("look", "lost", {"purpose": purpose})
    elsewhere = _nearest_untried(belief)
    step = walk(belief, elsewhere, purpose) if elsewhere is not None else None
    if step is not None and not _in_circles(belief, step, walks=2):
        return Decision(step.command, step.kind.replace("walk", "return"), step.facts)
    if step is None and here.back is not None:
        back = leave(here, here.back, "dead end", purpose=purpose, back=here.back)
        if not _in_circles(belief, back, walks=1):
            return back
    return _start_over(belief, purpose)


def _in_circles(belief: Belief, step: Decision, walks: int) -> bool:
    """Whether the step was refused since the last prune, or taken from here so many times.

    A search that goes back out of a room never comes to it again by a map that is right.
    """
    here = belief.here
    taken = (here.name if here else "", step.facts["direction"])
    return step.command in belief.failed or belief.walked.count(taken) >= walks


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


def _start_over(belief: Belief, purpose: str) -> Decision:
    """Explore anew from here: the first exit in order, as `Belief.start_over` will have it."""
    here = belief.here
    exits = here.ways() if here else []
    if here is None or not exits:
        return Decision("look", "lost", {"purpose": purpose})
    return leave(here, exits[0], "start over", purpose=purpose)
