"""NetHack's keys by their names, and which of them answer a question. Pure.

Left out: what ends, saves or configures the program (quit, save, options, the shell, redraw), and
extended commands, which have to be spelt; those worth having have names here.
"""

import re


def _meta(letter: str) -> int:
    return 0x80 | ord(letter)


def _control(letter: str) -> int:
    return 0x1F & ord(letter.upper())


_WAYS = {
    "north": "k",
    "south": "j",
    "east": "l",
    "west": "h",
    "northeast": "u",
    "northwest": "y",
    "southeast": "n",
    "southwest": "b",
}
DIRECTIONS: dict[str, int] = {
    **{way: ord(key) for way, key in _WAYS.items()},
    "up": ord("<"),
    "down": ord(">"),
    "here": ord("."),
}
PLAY: dict[str, int] = {
    **{way: ord(key) for way, key in _WAYS.items()},
    **{f"far {way}": ord(key.upper()) for way, key in _WAYS.items()},
    "up": ord("<"),
    "down": ord(">"),
    "wait": ord("."),
    "apply": ord("a"),
    "attributes": _control("x"),
    "autopickup": ord("@"),
    "cast": ord("Z"),
    "chat": _meta("c"),
    "close": ord("c"),
    "dip": _meta("d"),
    "drop": ord("d"),
    "drop several": ord("D"),
    "eat": ord("e"),
    "engrave": ord("E"),
    "enhance": _meta("e"),
    "fight": ord("F"),
    "fire": ord("f"),
    "force": _meta("f"),
    "inventory": ord("i"),
    "invoke": _meta("i"),
    "jump": _meta("j"),
    "kick": _control("d"),
    "look here": ord(":"),
    "loot": _meta("l"),
    "monster": _meta("m"),
    "offer": _meta("o"),
    "open": ord("o"),
    "overview": _control("o"),
    "pay": ord("p"),
    "pick up": ord(","),
    "pray": _meta("p"),
    "put on": ord("P"),
    "quaff": ord("q"),
    "quiver": ord("Q"),
    "read": ord("r"),
    "remove": ord("R"),
    "ride": _meta("R"),
    "rub": _meta("r"),
    "search": ord("s"),
    "sit": _meta("s"),
    "swap": ord("x"),
    "take off": ord("T"),
    "teleport": _control("t"),
    "throw": ord("t"),
    "tip": _meta("T"),
    "travel": ord("_"),
    "turn undead": _meta("t"),
    "two weapons": ord("X"),
    "untrap": _meta("u"),
    "wear": ord("W"),
    "what is": ord(";"),
    "wield": ord("w"),
    "wipe": _meta("w"),
    "zap": ord("z"),
}
"""What can be done while nothing is asked."""

MORE, ESCAPE = 13, 27
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MARKS = {"+": "plus", "-": "minus", "$": "dollar", "*": "star", ",": "comma"}
ANSWERS: dict[str, int] = {
    "more": MORE,
    "escape": ESCAPE,
    "yes": ord("y"),
    "no": ord("n"),
    **{f"letter {letter}": ord(letter) for letter in _LETTERS},
    **{f"number {digit}": ord(str(digit)) for digit in range(10)},
    **{name: ord(mark) for mark, name in _MARKS.items()},
    "space": ord(" "),
}
"""What a question, a menu or a screen that waits can be answered with."""

ALL: tuple[int, ...] = tuple(sorted({*PLAY.values(), *DIRECTIONS.values(), *ANSWERS.values()}))
"""Every key that is ever pressed. A test holds that NLE has them all."""

_CHOICES = re.compile(r"\[([^\]]+)\]")
_RANGE = re.compile(r"(\w)-(\w)")
OTHER_NAMES = {"yes": "letter y", "no": "letter n", "letter y": "yes", "letter n": "no"}
"""Two keys have two names, of which a question takes one."""
_NAMED = {code: name for name, code in ANSWERS.items()}
_YES_OR_NO = {**_NAMED, ord("y"): "yes", ord("n"): "no"}


def parse(action: str) -> str:
    """The name of a key as this module has it: spaces and case tidied, one character by its name."""
    if len(action.strip()) == 1:
        return _NAMED.get(ord(action.strip()), action.strip())
    words = action.split()
    if len(words) == 2 and words[0].lower() == "letter":
        return f"letter {words[1]}"  # letters are told apart by their case
    return " ".join(words).lower()


def answers(question: str) -> dict[str, int]:
    """What a question of one key can be answered with, by its choices in brackets, if it tells them.

    "Which? [a-cf or ?*]" takes letters a, b, c and f; a question for a direction takes directions.
    """
    if "direction" in question:
        return {**DIRECTIONS, "escape": ESCAPE}
    told = _CHOICES.search(question)
    if told is None:
        return ANSWERS
    choices = told[1].partition(" or ")[0]
    keys = set(_RANGE.sub("", choices)) - {" "}
    for first, last in _RANGE.findall(choices):
        keys |= {chr(code) for code in range(ord(first), ord(last) + 1)}
    names = _YES_OR_NO if {"y", "n"} <= keys <= set("ynaq#") else _NAMED
    found = {name: ord(key) for key in keys if (name := names.get(ord(key))) is not None}
    return {**found, "escape": ESCAPE} if found else ANSWERS
