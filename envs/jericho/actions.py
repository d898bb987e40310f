"""What may be said to a story: commands of its game, none to the program that runs it. Pure.

`save` and `script` write files into the working directory, `quit` and `restart` end what is being
played, and `undo` takes back what has been recorded.
"""

import re

from envs.text import ascii_only, one_line

# The interpreter's line has 200 bytes, with its end.
_MAX_CHARS = 190
_REFUSED = (
    "quit q restart restore save script transcript noscript unscript recording replay undo oops o"
)
# The dictionary of older stories keeps six letters of a word, so "restarting" is "restart".
_LETTERS = 6
_REFUSED_WORDS = frozenset(word[:_LETTERS] for word in _REFUSED.split())
_PARTS = re.compile(r"[.,;:\"!?]+|\b(?:then|and)\b", re.IGNORECASE)


def to_story(action: str) -> str:
    """An action as the interpreter takes it: ASCII, one line, clipped.

    Without backslashes: they begin commands to the terminal that the interpreter pretends to be.
    """
    return one_line(ascii_only(one_line(action)).replace("\\", " "), _MAX_CHARS)


def refusal(line: str) -> str | None:
    """The answer to a line in which any command is to the program, or None where it may pass."""
    for part in _PARTS.split(line):
        word = part.strip().lower().partition(" ")[0]
        if word[:_LETTERS] in _REFUSED_WORDS or word.startswith(("#", "$")):
            return f"'{word}' is not a command of this game."
    return None
