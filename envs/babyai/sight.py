"""What is seen, in words: things and where they are, as somebody standing there would say it. Pure."""

from collections.abc import Sequence
from functools import cache

# minigrid's numbers (minigrid/core/constants.py).
_KINDS = ("", "", "wall", "floor", "door", "key", "ball", "box", "goal", "lava", "")
_COLOURS = ("red", "green", "blue", "purple", "yellow", "grey")
_STATES = ("open", "closed", "locked")
_WALL = 2
_THINGS = frozenset({4, 5, 6, 7, 8, 9})

Cell = Sequence[int]
"""Kind, colour and state of one cell, as minigrid encodes it."""


# There are few things and few places, and a game names them again at each step.
@cache
def thing(kind: str, colour: str, state: str = "") -> str:
    """A thing with its article: 'a locked blue door'."""
    words = f"{state} {colour} {kind}".split()
    return f"{'an' if words[0][0] in 'aeiou' else 'a'} {' '.join(words)}"


@cache
def place(ahead: int, right: int) -> str:
    """Where something is, in steps; `right` is negative to the left."""
    side = f"to the {'right' if right > 0 else 'left'}"
    if ahead == 0:
        return f"{_steps(abs(right))} {side}"
    if right == 0:
        return "right in front of you" if ahead == 1 else f"{_steps(ahead)} ahead"
    return f"{_steps(ahead)} ahead and {abs(right)} {side}"


def seen(image: Sequence[Sequence[Cell]]) -> str:
    """Everything in view, nearest first, and the walls straight ahead and on both sides.

    `image` is minigrid's: columns from left to right, each from far to near, with the player in the
    middle of the nearest row.
    """
    width, depth = len(image), len(image[0])
    middle, near = width // 2, depth - 1
    found = []
    for column, cells in enumerate(image):
        for row, (kind, colour, state) in enumerate(cells):
            if kind in _THINGS and (column, row) != (middle, near):
                ahead, right = near - row, column - middle
                found.append((ahead + abs(right), ahead, right, kind, colour, state))
    found.sort()
    things = [
        f"{_named(kind, colour, state)} {place(ahead, right)}"
        for _, ahead, right, kind, colour, state in found
    ]
    walls = [
        place(ahead, right)
        for ahead, right in (
            _wall(image, middle, near, 0, -1),
            _wall(image, middle, near, -1, 0),
            _wall(image, middle, near, 1, 0),
        )
        if ahead or right
    ]
    lines = [f"You see {'; '.join(things)}." if things else "You see nothing but the floor."]
    if walls:
        lines.append(f"Walls: {', '.join(walls)}.")
    return "\n".join(lines)


def _wall(
    image: Sequence[Sequence[Cell]], column: int, row: int, right: int, down: int
) -> tuple[int, int]:
    """How far ahead and to the right the first wall is in a direction; (0, 0) if none is seen."""
    for steps in range(1, len(image)):
        across, along = column + right * steps, row + down * steps
        if not (0 <= across < len(image) and 0 <= along < len(image[0])):
            break
        if image[across][along][0] == _WALL:
            return -down * steps, right * steps
    return 0, 0


def _named(kind: int, colour: int, state: int) -> str:
    return thing(_KINDS[kind], _COLOURS[colour], _STATES[state] if kind == 4 else "")


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"
