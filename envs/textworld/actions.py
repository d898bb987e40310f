"""What the agent may say to the interpreter: one command of the game, none to the program.

The Z-machine inside takes commands that are not moves: `save` and `script` write files into the
working directory, `quit` and `restart` leave the state that TextWorld tracks, `version` prints the
date of the build, `oops` puts a new word into the last line, and `tw-...` are TextWorld's hooks.
"""

import re

from envs.text import ascii_only, one_line

# The interpreter cuts longer lines itself, with a warning.
_MAX_CHARS = 190

_REFUSED = (
    "quit q die restart restore save script transcript noscript unscript recording replay verify "
    "version undo oops o notify restrict actions showme purloin tree scope gonear abstract"
)
# The interpreter's dictionary keeps nine letters of a word, so "transcriptions" is "transcript".
_LETTERS = 9
_REFUSED_WORDS = frozenset(word[:_LETTERS] for word in _REFUSED.split())
# What ends a command in a line of several.
_SEPARATOR = re.compile(r"[.,;:\"!?]+|\b(?:then|and)\b", re.IGNORECASE)


def to_interpreter(action: str) -> str:
    """The first command of an action, as the interpreter takes it: ASCII, one line, clipped.

    "go north. take coin" is "go north": of a line with several commands TextWorld follows only the
    first, so that its commands and its score would be wrong for the rest of the game.
    """
    # Folding to ASCII may lengthen (one ligature is two letters), so it is clipped once more. A
    # backslash begins a command to the terminal that the interpreter pretends to be.
    line = one_line(ascii_only(one_line(action)).replace("\\", " "), _MAX_CHARS)
    commands = (part.strip() for part in _SEPARATOR.split(line))
    return next((command for command in commands if command), "")


def refusal(command: str) -> str | None:
    """The answer to a command that must not reach the interpreter, or None where it may."""
    word = command.lower().partition(" ")[0]
    if word[:_LETTERS] in _REFUSED_WORDS or word.startswith("tw-"):
        return f"'{word}' is not a command of this game."
    return None
