"""Notes and belief: what a careful player writes down, and what it knows again from its notes alone.

Titles are `recipe`, `goal`, `now`, `done` and the names of rooms. A body is a few facts with semicolons
between them, short enough for one note and plain enough for a person:

    now: in kitchen; carrying knife, chopped lettuce
    kitchen: at south west; untried east; has stove, cookbook; unchecked fridge
    done: corridor, bedroom
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.note_ops import BODY_CHARS, TITLE_CHARS
from agent.train.player.belief import Belief, Room, way_between
from agent.train.player.foods import plain, recipe_of_note, write_recipe
from agent.train.player.places import DIRECTIONS
from agent.train.player.window import ShownNote

RECIPE, GOAL, NOW, DONE = "recipe", "goal", "now", "done"
_MEAL = "meal prepared"
# Rooms kept in the notes of a game whose way back is never long.
TRAIL_ROOMS = 5
# All notes together stay under this, so that the runtime's share for recalled notes holds all of them.
NOTES_CHARS = 490


def believe(notes: Sequence[ShownNote]) -> Belief:
    """The belief that notes alone give. What cannot be read is left out."""
    belief = Belief()
    now = ""
    for note in notes:
        title = note.title.lower()
        if title == RECIPE:
            belief.recipe = recipe_of_note(note.body)
        elif title == GOAL:
            belief.target = note.body.removeprefix("take ").strip() or None
        elif title == NOW:
            now = note.body
        elif title == DONE:
            belief.done |= set(_names(note.body))
        elif _is_room(note.body):
            belief.rooms[title] = read_room(title, note.body)
    _read_now(belief, now)
    return belief


def read_room(name: str, body: str) -> Room:
    """A room from the body of its note."""
    room = Room(name, noted=True)
    for fact in body.split(";"):
        word, _, rest = fact.strip().partition(" ")
        ways = [each for each in rest.replace(",", " ").split() if each in DIRECTIONS]
        if word == "start":
            room.path = ()
        elif word == "at":
            room.path = tuple(ways)
        elif word == "back" and ways:
            room.back = ways[0]
        elif word == "untried":
            room.untried = ways
        elif word == "dead":
            room.dead_end = True
        elif word == "has":
            names = _names(rest)
            room.fixtures = {each for each in names if each in KEPT_FIXTURES}
            room.items = {each: "" for each in names if each not in KEPT_FIXTURES}
        elif word == "unchecked":
            room.unopened = _names(rest)
    return room


def write_room(room: Room, *, wanted: Iterable[str] | None, trail: bool) -> str:
    """The body of a room's note.

    `wanted` are the plain names of the things worth noting, None for all; `trail` says that the way
    back is enough and where the room lies does not matter.
    """
    facts = []
    if trail:
        facts.append(f"back {room.back}" if room.back else "start")
    elif room.path is not None:
        facts.append("at " + " ".join(room.path) if room.path else "start")
    elif room.back:
        facts.append(f"back {room.back}")
    if room.untried:
        facts.append("untried " + ", ".join(room.untried))
    if room.dead_end:
        facts.append("dead end")
    if room.unopened:
        facts.append("unchecked " + ", ".join(room.unopened))
    fixtures = [each for each in KEPT_FIXTURES if each in room.fixtures]
    things = [
        each for each in room.items if wanted is None or plain(each) in wanted or each == "cookbook"
    ]
    if fixtures or things:
        facts.append("has " + ", ".join([*fixtures, *things]))
    return _clipped("; ".join(facts) or "seen", BODY_CHARS)


KEPT_FIXTURES = ("stove", "oven", "BBQ")


def desired(belief: Belief) -> dict[str, str]:
    """The notes that a careful player would have now: bodies by title, the most important first."""
    cooking = belief.recipe is not None or any("cookbook" in r.items for r in belief.rooms.values())
    notes: dict[str, str] = {}
    if belief.over:
        return {NOW: _how_it_ended(belief)}
    if belief.target:
        notes[GOAL] = f"take {belief.target}"
    notes[NOW] = _write_now(belief)
    if belief.recipe is not None:
        notes[RECIPE] = _clipped(write_recipe(belief.recipe), BODY_CHARS)
    wanted = set(belief.recipe) | {"knife"} if belief.recipe is not None else None
    if belief.target is not None:
        wanted = {belief.target}
    for room in _rooms_worth_noting(belief):
        title = _clipped(room.name, TITLE_CHARS)
        notes[title] = write_room(room, wanted=wanted, trail=on_trail(belief) and not cooking)
    done = sorted(belief.done - set(notes))
    if done:
        notes[DONE] = _clipped(", ".join(done), BODY_CHARS)
    return _within(notes, NOTES_CHARS)


def _within(notes: dict[str, str], chars: int) -> dict[str, str]:
    """As many notes as fit, so that none is missing from the window.

    Far rooms go first, and those with untried exits last: to forget one of them can lose the game.
    """
    kept = dict(notes)
    rooms = [title for title in notes if title not in {GOAL, NOW, RECIPE, DONE}][1:]
    rooms.sort(key=lambda title: "untried" not in notes[title])
    while rooms and sum(len(t) + len(body) + 6 for t, body in kept.items()) > chars:
        kept.pop(rooms.pop())
    return kept


def on_trail(belief: Belief) -> bool:
    """Whether only the way back matters: rooms in long chains, as those with the coin."""
    return belief.trail


def _rooms_worth_noting(belief: Belief) -> list[Room]:
    """The room that the player is in first, then those with something left in them."""
    rooms = list(belief.rooms.values())
    here = belief.here
    if belief.trail:
        kept = rooms[-TRAIL_ROOMS:]
        return sorted(kept, key=lambda room: room is not here)
    worth = []
    for room in rooms:
        if room is here or _holds_something(belief, room):
            worth.append(room)
            belief.done.discard(room.name)
        elif not room.dead_end:
            belief.done.add(room.name)  # it may be walked through again
    # Where the player is comes first, then the kitchen, then what is near.
    return sorted(
        worth, key=lambda room: (room is not here, room.name != "kitchen", _far(here, room))
    )


def _far(here: Room | None, room: Room) -> int:
    if here is None or here.path is None or room.path is None:
        return 99
    return len(way_between(here.path, room.path))


def _holds_something(belief: Belief, room: Room) -> bool:
    if room.untried or "cookbook" in room.items:
        return True
    recipe = belief.recipe
    if belief.target is not None:
        return any(plain(item) == belief.target for item in room.items)
    if recipe is None:
        return bool(room.items or room.fixtures & set(KEPT_FIXTURES) or room.name == "backyard")
    if any(plain(item) in recipe or item == "knife" for item in room.items):
        return True
    steps = {step for steps in recipe.values() for step in steps}
    return room.name == "kitchen" or (room.name == "backyard" and "grill" in steps)


def _write_now(belief: Belief) -> str:
    facts = []
    here = belief.here
    if here is not None:
        facts.append(f"in {here.name}")
    if belief.meal:
        facts.append(_MEAL)
    if belief.carrying is not None:
        facts.append("carrying " + (", ".join(belief.carrying) or "nothing"))
    return _clipped("; ".join(facts) or "looking around", BODY_CHARS)


def _read_now(belief: Belief, body: str) -> None:
    for fact in body.split(";"):
        word, _, rest = fact.strip().partition(" ")
        if word == "in" and rest:
            belief.here = belief.rooms.setdefault(rest, Room(rest))
        elif fact.strip() == _MEAL:
            belief.meal = True
        elif word == "carrying":
            belief.carrying = [each for each in _names(rest) if each != "nothing"]
            belief.unseen = {plain(each) for each in belief.carrying}


def _how_it_ended(belief: Belief) -> str:
    last = belief.last_action or "the last move"
    won = "The End" in belief.last_observation and "lost" not in belief.last_observation
    return _clipped(f"game over, {'won' if won else 'not won'} with: {last}", BODY_CHARS)


def _is_room(body: str) -> bool:
    first = body.split(";")[0].strip()
    return first in {"start", "seen"} or first.split(" ")[0] in {"at", "back", "untried", "has"}


def _names(text: str) -> list[str]:
    return [each for part in text.split(",") if (each := part.strip())]


def _clipped(text: str, chars: int) -> str:
    """At most so many characters, cut at a comma or semicolon where there is one."""
    if len(text) <= chars:
        return text
    cut = text[:chars]
    at = max(cut.rfind(";"), cut.rfind(","))
    return (cut[:at] if at > 0 else cut).rstrip()
