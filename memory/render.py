"""How notes look: in the model's window, and on a person's terminal. Pure."""

from __future__ import annotations

import unicodedata

from memory.text import one_line
from memory.types import Note

# Control, format (bidi marks, zero-width, tags), surrogate, private and unassigned characters,
# and the two separators that some programs take for line breaks.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and marks that draw nothing: fillers, the grapheme joiner, variation selectors.
_HIDDEN_CHARACTERS = frozenset(
    map(
        chr,
        (
            0x034F,
            0x115F,
            0x1160,
            0x17B4,
            0x17B5,
            *range(0x180B, 0x1810),
            0x2800,
            0x3164,
            *range(0xFE00, 0xFE10),
            0xFFA0,
            *range(0xE0100, 0xE01F0),
        ),
    )
)


def printable(text: str) -> str:
    r"""``text`` with every character that a terminal would obey or hide shown as an escape.

    ESC becomes ``\x1b``, a right-to-left override ``\u202e``; newlines and tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(char) if hidden(char) else char for char in text)


def hidden(char: str) -> bool:
    """Whether a terminal would obey the character, or show nothing; newlines and tabs are fine."""
    if char in "\n\t":
        return False
    return unicodedata.category(char) in _HIDDEN_CATEGORIES or char in _HIDDEN_CHARACTERS


def _escape(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def note_line(n: int, note: Note) -> str:
    """``"n. title: body"``, one line, as the window shows a note under its local number."""
    return one_line(f"{n}. {note.title}: {note.body}")
