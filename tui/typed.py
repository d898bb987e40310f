"""A line to type in that holds nothing a terminal would obey, whatever is put or pasted into it."""

from __future__ import annotations

from textual.widgets import Input

from memory import printable


class TypedLine(Input):
    """Textual's line, with control and hidden characters shown as escapes."""

    def validate_value(self, value: str) -> str:
        """What is shown of a value, and handed on."""
        return in_a_line(value)


def in_a_line(text: str) -> str:
    """A text as such a line holds it, whole."""
    return printable(" ".join(text.splitlines()).replace("\t", " "))
