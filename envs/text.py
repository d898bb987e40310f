"""Text across the boundary, both ways: what any environment should strip. Pure functions."""

import re
import unicodedata

MAX_ACTION_CHARS = 200

# CSI and OSC sequences and the like with what they carry: not the escape character alone, whose
# rest would then be printed. The string kinds (OSC, DCS, ...) end at BEL, at ST, or at the end of
# the line.
_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
# Controls (C0 without newline and tab, DEL, C1), line breaks other than \n, and the marks that
# reorder text: a terminal or a log must show an observation in the order in which it was written.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


def plain(text: str) -> str:
    """Text with ANSI escapes and control characters removed; only newlines remain of them."""
    if text.replace("\n", "").isprintable():
        return text  # the usual case, in a tenth of the time: nothing that is removed is printable
    text = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
    text = _CONTROLS.sub("", _ANSI.sub("", text))
    return _LONE_SURROGATES.sub("\ufffd", text)


def one_line(action: str, max_chars: int = MAX_ACTION_CHARS) -> str:
    """An action as one line: controls become spaces, runs of spaces one, clipped to `max_chars`.

    It is clipped first, so that an action of any length costs the same.
    """
    if len(action) <= max_chars and action.isprintable():
        return " ".join(action.split())  # the usual case: nothing in it has to be replaced
    text = _ANSI.sub(" ", action[: 4 * max_chars])
    text = _LONE_SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", text.replace("\n", " ")))
    return " ".join(text.split())[:max_chars].rstrip()


def ascii_only(text: str) -> str:
    """Text in ASCII: accents dropped, each other foreign character a '?'."""
    folded = unicodedata.normalize("NFKD", text)
    kept = "".join(c for c in folded if not unicodedata.combining(c))
    return kept.encode("ascii", "replace").decode("ascii")
