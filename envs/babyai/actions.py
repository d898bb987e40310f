"""What can be done, in words, and what of it makes sense in front of a thing. Pure."""

from typing import Literal

Act = Literal["left", "right", "forward", "pickup", "drop", "toggle"]
"""The names of minigrid's own actions."""

HELP = (
    "Commands: 'turn left', 'turn right', 'go forward', 'pick up', 'drop', 'open', 'close'. Each is "
    "about what is right in front of you; a locked door is opened with the key of its colour in hand."
)

_ACTS: dict[str, Act] = {
    "turn left": "left",
    "left": "left",
    "turn right": "right",
    "right": "right",
    "go forward": "forward",
    "forward": "forward",
    "go ahead": "forward",
    "walk": "forward",
    "pick up": "pickup",
    "take": "pickup",
    "get": "pickup",
    "drop": "drop",
    "put down": "drop",
    "open": "toggle",
    "close": "toggle",
    "unlock": "toggle",
    "toggle": "toggle",
}
_WORDS: dict[Act, str] = {
    "left": "turn left",
    "right": "turn right",
    "forward": "go forward",
    "pickup": "pick up",
    "drop": "drop",
    "toggle": "open",
}
# After these verbs the thing may be named: there is only one in front of you.
_WITH_THING = ("pick up ", "take ", "get ", "drop ", "put down ", "open ", "close ", "unlock ")


def parse(action: str) -> Act | None:
    """The action that a line asks for; None where it is none."""
    line = " ".join(action.lower().rstrip(" .!").split())
    found = _ACTS.get(line)
    if found is not None:
        return found
    return next((_ACTS[verb.strip()] for verb in _WITH_THING if line.startswith(verb)), None)


def in_words(act: Act) -> str:
    """The words for an action; that of a door or a box is 'open' whichever way it goes."""
    return _WORDS[act]


def sensible(front: str, *, state: str, carrying: bool) -> list[str]:
    """The commands that make sense before a thing: its kind ('' for nothing) and how it stands.

    `state` is that of a door: 'open', 'closed' or 'locked'.
    """
    commands = ["turn left", "turn right"]
    if front in ("", "floor", "goal", "lava") or (front == "door" and state == "open"):
        commands.append("go forward")
    if front in ("key", "ball", "box") and not carrying:
        commands.append("pick up")
    if front == "" and carrying:
        commands.append("drop")
    if front == "box" or (front == "door" and state != "open"):
        commands.append("open")
    if front == "door" and state == "open":
        commands.append("close")
    return commands
