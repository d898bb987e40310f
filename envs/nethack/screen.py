"""NetHack's terminal as text: its message, its map, its two lines of status. Pure."""

from typing import Final

COLUMNS: Final = 80
MAP_ROWS: Final = 21
_MAP = slice(1, 1 + MAP_ROWS)
# What no terminal prints is a blank here; the rest is ASCII.
_PRINTABLE = bytes(code if 32 <= code < 127 else 32 for code in range(256))
_ROWS = tuple(slice(start, start + COLUMNS) for start in range(0, 24 * COLUMNS, COLUMNS))
# Half of what is seen around somebody, in rows and columns.
_AROUND = (4, 10)


def rows(terminal: bytes) -> list[str]:
    """The lines of a terminal of 80 columns, without blanks at their ends."""
    text = terminal.translate(_PRINTABLE).decode("ascii")
    return list(map(str.rstrip, map(text.__getitem__, _ROWS)))


def whole(lines: list[str]) -> str:
    """The screen as it is, without empty rows."""
    return "\n".join(filter(None, lines))


def around(lines: list[str], column: int, row: int) -> str:
    """The message, the map around a place (its row counted from the map's first), and the status."""
    up, left = _AROUND
    shown = lines[_MAP][max(row - up, 0) : row + up + 1]
    near = [line[max(column - left, 0) : column + left + 1].rstrip() for line in shown]
    return "\n".join(filter(None, (lines[0], *near, *lines[1 + MAP_ROWS :])))
