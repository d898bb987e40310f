"""What a player's line asks for: one command, in any case, with or without articles. Pure."""

import re
from typing import Literal, NamedTuple

from envs.courier.town import COMPASS
from envs.text import one_line

Verb = Literal["go", "look", "inventory", "take", "give", "talk", "say", "help"]


class Command(NamedTuple):
    """A verb, and whom, what or where it is about."""

    verb: Verb
    what: str = ""
    whom: str = ""


HELP = (
    "You can: go north (east, south, west); look; inventory; take parcel; give parcel to NAME; "
    "talk to NAME; say WORD; help."
)

_END = re.compile(r"[.;!?\n]|\bthen\b")
_MARKS = str.maketrans(dict.fromkeys("\"'`,:*()[]<>", " "))
_ARTICLES = frozenset({"the", "a", "an", "my", "please"})
_DIRECTIONS = {**{word: word for word in COMPASS}, **{word[0]: word for word in COMPASS}}
_GO = frozenset({"go", "walk", "head", "run", "move"})
_TAKE = frozenset({"take", "get", "fetch", "collect"})
_GIVE = frozenset({"give", "deliver", "hand", "bring"})
_TALK = frozenset({"talk", "speak", "ask", "greet"})
_ALONE: dict[str, Command] = {
    "look": Command("look"),
    "l": Command("look"),
    "inventory": Command("inventory"),
    "i": Command("inventory"),
    "help": Command("help"),
}


def parse(action: str) -> Command | None:
    """The first command of an action; None where it is none that this game has."""
    line = _END.split(one_line(action).lower().lstrip(" .;!?>"), maxsplit=1)[0].translate(_MARKS)
    words = [word for word in line.split() if word not in _ARTICLES]
    if not words:
        return None
    verb, rest = words[0], words[1:]
    if verb in _GO:
        verb, rest = (rest[0] if rest else ""), rest[1:]
        return Command("go", _DIRECTIONS[verb]) if verb in _DIRECTIONS and not rest else None
    if not rest:
        return Command("go", _DIRECTIONS[verb]) if verb in _DIRECTIONS else _ALONE.get(verb)
    if verb == "look":
        return Command("look") if rest == ["around"] else None
    if verb == "say" and len(rest) == 1:
        return Command("say", rest[0])
    if verb in _TAKE:
        return Command("take", " ".join(rest))
    if verb in _TALK:
        whom = rest[1:] if rest[0] in ("to", "with") else rest
        return Command("talk", whom=whom[0]) if len(whom) == 1 else None
    if verb in _GIVE and len(rest) > 2 and rest[-2] == "to":
        return Command("give", " ".join(rest[:-2]), rest[-1])
    return None
