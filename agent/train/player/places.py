"""An observation read as a description of a room: name, exits, and what is in it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

DIRECTIONS = ("north", "east", "south", "west")
OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}
CLIPPED = "[...]"

_HEADER = re.compile(r"-= ([^=\n]{1,60}) =-")
_DOOR = re.compile(
    r"\b(open|closed|locked) ([\w' -]{1,40}?) leading (north|east|south|west)\b", re.IGNORECASE
)
_WAY = re.compile(r"\b(?:exit to the|try going) (north|east|south|west)\b")
_SEEN = r"you (?:can )?(?:see|make out)"
_LISTS = (
    # Longest first: "On the table you can see a cookbook." and "You see a knife on the counter."
    re.compile(
        rf"\bon the (?P<holder>[\w' -]{{1,30}}?),? {_SEEN} (?P<list>[^.!?\n]+)", re.IGNORECASE
    ),
    re.compile(
        rf"\b{_SEEN} (?P<list>(?:an?|some) [^.!?\n]+?) on the (?P<holder>[\w' -]{{1,30}})[.!]",
        re.IGNORECASE,
    ),
    re.compile(
        r"\bon the (?P<holder>[\w' -]{1,30}?) (?:is|are) (?P<list>[^.!?\n]+)", re.IGNORECASE
    ),
    re.compile(r"\bthe (?P<holder>[\w' -]{1,30}?) contains (?P<list>[^.!?\n]+)", re.IGNORECASE),
    re.compile(
        r"\bin the (?P<holder>[\w' -]{1,30}?) (?:is|are) (?P<list>[^.!?\n]+)", re.IGNORECASE
    ),
    re.compile(
        r"\bopen (?:the )?(?P<holder>[\w' -]{1,30}?), revealing (?P<list>[^.!?\n]+)", re.IGNORECASE
    ),
    re.compile(
        r"\bthere (?:is|are) (?P<list>[^.!?\n]+?) on the (?P<holder>floor)\b", re.IGNORECASE
    ),
)
_ITEM = re.compile(r"(?:,| and |^) *(?:(?:an?|some|the) )?")
# What may hold something, in the games of treasure and of cooking; what food never lies in is left out.
HOLDERS = (
    "display case|cabinet|safe|chest|case|trunk|suitcase|dresser|fridge|freezer|coffer|locker|box|"
    "portmanteau|crate|drawer|refrigerator|basket|bureau|toolbox"
)
_HOLDER = re.compile(
    rf"\b(?:an?|the|closed|opened|looking) (?:[\w-]+ )??({HOLDERS})\b", re.IGNORECASE
)
_NEXT_THING = re.compile(r"\b(?:You (?:can )?(?:see|make out|scan|smell)|Look |Hey,|Were you)\b")
SURFACES = ("counter", "table", "showcase", "shelf")
_SURFACE = re.compile(rf"(?<!patio )\b(?:{'|'.join(SURFACES)})\b")
FIXTURES = ("fridge", "oven", "stove", "BBQ", "counter", "table", "showcase", "shelf")


@dataclass(frozen=True, slots=True)
class Door:
    """A way out of a room; `door` is empty where nothing can be closed."""

    door: str = ""
    closed: bool = False


@dataclass(frozen=True, slots=True)
class RoomView:
    """What a description says."""

    name: str
    exits: dict[str, Door]
    items: dict[str, str]
    """Each thing that can be taken, as the game prints it, and what it's on or in ('floor')."""
    unopened: tuple[str, ...]
    """What is still to be looked into: containers that aren't said to be open, surfaces cut off."""
    fixtures: tuple[str, ...]
    whole: bool
    """False where the text was cut off, so that exits may be missing."""


def room_of(observation: str) -> RoomView | None:
    """The room that an observation describes, or None where it describes none."""
    header = _HEADER.search(observation)
    if header is None:
        return None
    text = observation[header.end() :]
    exits = {m[3]: Door(m[2].strip(), m[1].lower() != "open") for m in _DOOR.finditer(text)}
    exits |= {m[1]: Door() for m in _WAY.finditer(text) if m[1] not in exits}
    fixtures = tuple(each for each in FIXTURES if re.search(rf"\b{each}\b", text))
    whole = not observation.rstrip().endswith(CLIPPED)
    name = header[1].strip().lower()
    items = items_of(text)
    unopened = unopened_of(text) if whole else _unseen(name, text, items)
    return RoomView(name, exits, items, unopened, fixtures, whole)


def _unseen(name: str, text: str, items: dict[str, str]) -> tuple[str, ...]:
    """What to look into where a description is cut off: what it may not have come to."""
    named = [match[0] for match in _SURFACE.finditer(text)]
    missing = named[-1:]
    if name == "kitchen":
        missing += [each for each in ("counter", "table") if each not in text]
        missing += ["fridge"] if "fridge" not in items.values() else []
    others = [each for each in unopened_of(text) if each not in missing]
    return (*others, *dict.fromkeys(missing))


def items_of(text: str) -> dict[str, str]:
    """Things that a text lists on, in or under something."""
    found: dict[str, str] = {}
    for pattern in _LISTS:
        for match in pattern.finditer(text):
            holder = match["holder"].strip().lower()
            for item in listed(match["list"]):
                found.setdefault(item, holder)
    return found


def listed(text: str) -> list[str]:
    """The things of a list in English: 'a knife, some water and an egg'."""
    text = text.partition(" [")[0] if " [" in text else text
    parts = [part.strip(" .") for part in _ITEM.split(text)]
    return [part for part in parts if part and len(part) <= 40 and part != "nothing"]


def unopened_of(text: str) -> tuple[str, ...]:
    """Containers in the text that no word of it says to be open."""
    found: dict[str, bool] = {}
    for match in _HOLDER.finditer(text):
        name = match[1].lower()
        rest = text[match.end() : match.end() + 120]
        following = _NEXT_THING.search(rest)
        about = rest[: following.start()] if following else rest
        open_ = "opened" in match[0].lower() or re.search(r"contains|empty", about, re.IGNORECASE)
        found[name] = found.get(name, False) or bool(open_)
    return tuple(name for name, is_open in found.items() if not is_open)
