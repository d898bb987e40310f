"""What an error says of a name that nobody has: which ones are near it."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """How a sentence about a wrong name ends: "; did you mean 'x' or 'y'?", or "." if none is near."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
