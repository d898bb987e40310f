"""What the player believes of rooms, its hands and the recipe, from a window's notes and turns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agent.train.player import foods
from agent.train.player.doubts import Doubts
from agent.train.player.foods import Recipe, plain
from agent.train.player.places import (
    DIRECTIONS,
    OPPOSITE,
    Door,
    RoomView,
    items_of,
    listed,
    room_of,
)

Path = tuple[str, ...]
"""Directions from the room where the game began: where a room is, and the way there."""


@dataclass(slots=True)
class Room:
    """A room as far as it is known."""

    name: str
    path: Path | None = None
    back: str | None = None
    """The direction of the room from which it was first entered."""
    exits: dict[str, Door] = field(default_factory=dict)
    untried: list[str] = field(default_factory=list)
    items: dict[str, str] = field(default_factory=dict)
    unopened: list[str] = field(default_factory=list)
    fixtures: set[str] = field(default_factory=set)
    whole: bool = True
    """Whether its description was read to the end."""
    dead_end: bool = False
    """Whether the way in is the only one."""
    noted: bool = False
    """Whether a note tells of it, and of what is left to do there."""
    described: bool = False
    """Whether its description stands in the window."""
    walls: list[str] = field(default_factory=list)
    """Directions in which there turned out to be no way, as far as the window shows."""

    def ways(self) -> list[str]:
        """Where there is, or where the text broke off may be, an exit: in the order of a search."""
        return [each for each in DIRECTIONS if each in self.exits or not self.whole]

    def door(self, direction: str) -> Door:
        """What is in that direction, as far as it is known."""
        return self.exits.get(direction, Door())

    def try_exit(self, direction: str) -> None:
        """An exit that was gone through, or is none."""
        if direction in self.untried:
            self.untried.remove(direction)


@dataclass(slots=True)
class Belief:
    """Everything that the window says, put together."""

    rooms: dict[str, Room] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    """Names of rooms that hold nothing more, as noted."""
    here: Room | None = None
    carrying: list[str] | None = None
    """As the game prints them; None where it's not known."""
    unseen: set[str] = field(default_factory=set)
    """Plain names of what is carried according to notes alone: no turn of the window shows its state."""
    full_hands: bool = False
    recipe: Recipe | None = None
    """As the cookbook has it, whatever has been done since."""
    target: str | None = None
    meal: bool = False
    trail: bool = False
    """Whether the way back is all that has to be known of a place."""
    over: bool = False
    failed: list[str] = field(default_factory=list)
    """Commands that the game refused since the last prune."""
    doubts: Doubts = field(default_factory=Doubts)
    walked: list[tuple[str, str]] = field(default_factory=list)
    """Rooms and the exits taken from them since the last prune."""
    noted: bool = False
    """Whether the window shows any notes: it's not the first any more."""
    afresh: int | None = None
    """The turn of the window in which the map was given up and begun anew, where one was."""
    last_action: str = ""
    last_observation: str = ""

    def holds(self, name: str) -> str | None:
        """The thing carried whose plain name this is, as the game prints it."""
        return next((each for each in self.carrying or () if plain(each) == name), None)

    def left(self) -> Recipe:
        """The recipe with the steps that are left: what is carried shows what has been done to it."""
        left: Recipe = {}
        for name, steps in (self.recipe or {}).items():
            held = self.holds(name)
            left[name] = steps if held is None else foods.left_to_do(steps, held)
        return left

    def start_over(self) -> None:
        """Give up what is believed of rooms, which led in circles: the map begins with this one."""
        here = self.here
        self.rooms, self.walked = {}, []
        self.done.clear()
        if here is None:
            return
        here.path, here.back, here.noted = (), None, False
        here.untried = here.ways()
        here.dead_end = False
        self.rooms[here.name] = here

    def enter(self, view: RoomView, came: str | None) -> None:
        """A room was described; `came` is the side from which it was entered, if it was entered now."""
        before, room = self.here, self.rooms.get(view.name)
        if room is not None and not (room.noted or room.described):
            room = None  # only its name was known
        known = room is not None or view.name in self.done
        moved = came is not None and (before is None or before.name != view.name)
        path = _extended(before.path, OPPOSITE[came]) if moved and before and came else None
        if room is None:
            room = Room(view.name, path, came if moved else None)
            if before is None and not self.rooms and not self.done and came is None:
                room.path = ()
            if view.name not in self.done:
                seen = [each for each in DIRECTIONS if each in view.exits]
                unseen = [] if view.whole else [d for d in DIRECTIONS if d not in view.exits]
                room.untried = [*seen, *unseen]
            self.rooms[view.name] = room
        elif room.path is None:
            room.path = path
        if moved and came:
            room.try_exit(came)
            room.back = room.back or came
        room.exits = {**room.exits, **view.exits} if not view.whole else dict(view.exits)
        room.dead_end = view.whole and len(room.exits) == 1 and room.path != ()
        room.items = dict(view.items) if view.whole else {**room.items, **view.items}
        # What was looked into once need not be again, however the room is described.
        room.unopened = [e for e in view.unopened if not known or e in room.unopened]
        room.fixtures |= set(view.fixtures)
        room.whole, room.described = view.whole or (room.whole and room.described), True
        self.here = room


def _extended(path: Path | None, direction: str) -> Path | None:
    if path is None:
        return None
    if path and path[-1] == OPPOSITE[direction]:
        return path[:-1]
    return (*path, direction)


def way_between(start: Path, goal: Path) -> list[str]:
    """The directions from one place to another: back to where their ways part, then on."""
    common = 0
    while common < min(len(start), len(goal)) and start[common] == goal[common]:
        common += 1
    back = [OPPOSITE[direction] for direction in reversed(start[common:])]
    return [*back, *goal[common:]]


_TOOK = re.compile(r"\bYou (?:take|pick up) the (.+?) (?:from the ([\w' -]+?)|from the ground)\.")
_DROPPED = re.compile(r"\bYou (?:drop|put) the (.+?) on the ([\w' -]+?)\.")
_COOKED = re.compile(r"\bYou (fried|roasted|grilled) the (.+?)\.")
_CUT = re.compile(r"\bYou (chop|slice|dice) the (.+?)\.")
_CARRYING = re.compile(r"\bYou are carrying: ?(.+?)\.")
_NOTHING = re.compile(r"\bYou are carrying nothing\b")
_OPENED = re.compile(r"\bYou open (?:the )?([\w' -]+?)(?:\.|, revealing)")
_SHUT_DOOR = re.compile(r"\bYou have to open the ([\w' -]+?) first\b")
_WON = re.compile(r"\*\*\* The End \*\*\*")
_REFUSALS = (
    "can't go that way",
    "can't see any such thing",
    "carrying too many things",
    "You haven't got that",
    "still miss something",
    "still needs to be",
    "not a verb I recogni",
    "n't understand",
    "You need to take",
    "doesn't seem",
    "can only",
)


def observe(belief: Belief, action: str, observation: str) -> None:
    """Take in what the game answered to `action` (empty where that is not known)."""
    belief.last_action, belief.last_observation = action, observation
    words = action.lower().split()
    direction = words[1] if len(words) == 2 and words[0] == "go" else None
    view = room_of(observation)
    if view is not None:
        moved = direction in OPPOSITE
        if moved and belief.here is not None and direction:
            belief.here.try_exit(direction)
            belief.walked.append((belief.here.name, direction))
        belief.enter(view, OPPOSITE[direction] if moved and direction else None)
    elif direction in OPPOSITE and belief.here is not None and direction:
        _stayed(belief.here, direction, observation)
    _handle(belief, observation)
    _open(belief, action, observation)
    recipe = foods.read_recipe(observation)
    if recipe is not None:
        belief.recipe = recipe
    if "Adding the meal" in observation:
        belief.meal = True
    belief.over = belief.over or bool(_WON.search(observation))
    if words == ["goal"]:
        belief.failed.append("goal")  # the answer is always the same
    if any(refusal in observation for refusal in _REFUSALS):
        belief.failed.append(" ".join(words))
        if words[:1] == ["take"] and "any such thing" in observation and belief.here:
            gone = action[5:].partition(" from ")[0]
            belief.here.items = {k: v for k, v in belief.here.items.items() if plain(k) != gone}


def _stayed(room: Room, direction: str, observation: str) -> None:
    shut = _SHUT_DOOR.search(observation)
    if shut:
        room.exits[direction] = Door(shut[1], closed=True)
    elif "can't go that way" in observation:
        room.exits.pop(direction, None)
        room.try_exit(direction)
        if direction not in room.walls:
            room.walls.append(direction)


def _handle(belief: Belief, observation: str) -> None:
    """Things that were taken, dropped, cooked, cut or listed as carried."""
    carried = _CARRYING.search(observation)
    if carried or _NOTHING.search(observation):
        belief.carrying = listed(carried[1]) if carried else []
        belief.unseen.clear()
    if "carrying too many things" in observation:
        belief.full_hands = True
    for match in _TOOK.finditer(observation):
        _taken(belief, plain(match[1]))
    here = belief.here
    for match in _DROPPED.finditer(observation):
        belief.full_hands = False
        name = plain(match[1])
        # What has been done to it goes with it, though the game does not say so here.
        lying = [each for each in here.items if plain(each) == name] if here else []
        printed = belief.holds(name) or next(iter(lying), match[1])  # a note may tell of it already
        if belief.carrying is not None:
            belief.carrying = [each for each in belief.carrying if plain(each) != name]
        if here is not None:
            others = {k: v for k, v in here.items.items() if plain(k) != name}
            here.items = {**others, printed: "floor" if match[2] == "ground" else match[2]}
    for match in _COOKED.finditer(observation):
        _become(belief, plain(match[2]), match[1])
    for match in _CUT.finditer(observation):
        _become(belief, plain(match[2]), foods.CUT[match[1]])


def _taken(belief: Belief, name: str) -> None:
    """A thing came into the hand. The game then says 'potato' of what it listed as 'roasted potato'."""
    listed_here = belief.here.items if belief.here is not None else {}
    printed = next((each for each in listed_here if plain(each) == name), None)
    if belief.here is not None:
        belief.here.items = {k: v for k, v in listed_here.items() if plain(k) != name}
    belief.unseen.discard(name)
    # What is carried is known only once the game has listed it.
    if belief.carrying is not None and belief.holds(name) is None:
        if printed is None:
            belief.carrying = None  # what has been done to it was not seen: look at the hands again
        else:
            belief.carrying.append(printed)


def _become(belief: Belief, name: str, state: str) -> None:
    """A food was prepared in the hand: its printed name gets the new state."""
    held = belief.holds(name) or name
    printed = held if state in foods.states(held) else f"{state} {held}"
    if state in foods.COOKED.values():
        printed = printed.replace("raw ", "")
    if belief.carrying is not None:
        belief.carrying = [printed if each == held else each for each in belief.carrying]


def _open(belief: Belief, action: str, observation: str) -> None:
    here = belief.here
    verb, _, what = action.partition(" ")
    if here is None or verb not in {"open", "examine"}:
        return
    # Whatever the answer was, trying again would not change it.
    here.unopened = [each for each in here.unopened if each != what]
    if verb == "examine":
        here.items |= items_of(observation) if room_of(observation) is None else {}
        return
    opened = _OPENED.search(observation)
    if opened or "already open" in observation:
        here.exits = {
            d: Door(door.door, door.closed and door.door != what) for d, door in here.exits.items()
        }
        here.items |= items_of(observation)
