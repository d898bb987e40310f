"""What a line asks for: one of six commands. Pure."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

Verb = Literal["list", "read", "write", "search", "calculate", "done"]
VERBS: tuple[Verb, ...] = get_args(Verb)

HELP = (
    "Commands: 'list' or 'list DIRECTORY', 'read FILE', 'read FILE from LINE', 'write FILE: TEXT' "
    "(the whole new text; \\n starts a new line), 'search WORDS', 'calculate 2 * (3 + 4)', 'done'."
)

_FROM = re.compile(r"(.+?) from (?:line )?(\d{1,6})", re.IGNORECASE)
_ESCAPE = re.compile(r"\\([n\\])")


@dataclass(frozen=True, slots=True)
class Command:
    """A verb, what it is about (a path, words, an expression), and what goes with it."""

    verb: Verb
    what: str = ""
    text: str = ""
    line: int = 1


def parse(action: str) -> Command | None:
    """The command of an action, which may have several lines; None where it is none."""
    word, _, after = action.strip().partition(" ")
    rest = after.strip()
    match word.lower():
        case "done" if not rest:
            return Command("done")
        case "list":
            return Command("list", _unquoted(rest))
        case "read" if rest:
            found = _FROM.fullmatch(rest)
            if found:
                return Command("read", _unquoted(found[1]), line=int(found[2]))
            return Command("read", _unquoted(rest))
        case "write":
            # What is written may end in spaces.
            path, colon, text = action.lstrip()[len(word) :].partition(":")
            if not colon or not path.strip():
                return None
            return Command("write", _unquoted(path.strip()), _unescaped(text.removeprefix(" ")))
        case "search" if rest:
            return Command("search", _unquoted(rest))
        case "calculate" if rest:
            return Command("calculate", rest)
    return None


def written(path: str, text: str) -> str:
    """The one line that writes a text to a file: `parse` reads it back."""
    return f"write {path}: " + text.replace("\\", "\\\\").replace("\n", "\\n")


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] == "n" else "\\", text)


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text
