"""Text from anywhere, made fit for a screen: nothing in it steers the terminal, the layout or markup."""

from __future__ import annotations

from memory import printable

MOST_CHARS = 6_000
"""Of one text on the screen; the whole of it is in the memory file."""


def shown(text: str, most: int = MOST_CHARS) -> str:
    """`text` with controls as escapes, tabs as spaces, and no more than `most` characters of it.

    What is cut off is told in its place, at the end.
    """
    text = text.replace("\r\n", "\n")
    if len(text) > most:
        text = f"{text[:most]} [... {len(text) - most} more characters]"
    return printable(text.expandtabs(4))


def one_line(text: str, most: int = 400) -> str:
    """The same as one line."""
    return " ".join(shown(text[: 2 * most], most).split())
