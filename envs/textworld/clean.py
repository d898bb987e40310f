"""TextWorld's output as a reader wants it: no banner, prompt, status line or padding. Pure."""

import re

from envs.text import plain

# The status line that the interpreter draws over the prompt: "> <spaces> -= Kitchen =-0/3". It
# stands once, at the very end.
_STATUS = re.compile(r">? {20,}\S[^\n]*?-?\d+/-?\d+\s*\Z")
_PROMPT = re.compile(r"\n\s*>\s*\Z")
# The logo: a block of lines drawn with these characters alone. A ruler under a heading is one line.
_LOGO_LINE = r"[ ]*[_$\\/|<>-][ _$\\/|<>-]*\n"
_LOGO = re.compile(rf"^(?:{_LOGO_LINE}){{6,}}", re.MULTILINE)
# Asked after the end, where no answer is possible.
_AFTER_THE_END = re.compile(r"^Would you like to RESTART, RESTORE .*$", re.MULTILINE)
_CENTRED = re.compile(r"^ +(?=\*\*\* )", re.MULTILINE)
_TRAILING = re.compile(r"[ ]+$", re.MULTILINE)
_BLANKS = re.compile(r"\n{3,}")


def clean(raw: str) -> str:
    """One answer of the game as plain text: the words verbatim, at most one blank line in a row."""
    text = plain(raw)
    text = _PROMPT.sub("\n", _STATUS.sub("", text))
    text = _AFTER_THE_END.sub("", _LOGO.sub("", text))
    text = _TRAILING.sub("", _CENTRED.sub("", text))
    return _BLANKS.sub("\n\n", text).strip("\n")
