"""The table of keys and the commands of the plain mode as docs/tui.md shows them.

``python -m tui.docs docs/tui.md`` writes them between the marks there; a test compares.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from tui.keys import as_markdown
from tui.lines import COMMANDS


def commands() -> str:
    """The commands of the plain mode, as a table."""
    lines = ["| line | what it does |", "|---|---|"]
    for each in COMMANDS:
        wants = f" {each.wants}".replace("|", "\\|") if each.wants else ""
        lines.append(f"| `{each.word}{wants}` | {each.help} |")
    return "\n".join(lines)


PARTS: dict[str, Callable[[], str]] = {"keys": as_markdown, "plain commands": commands}


def marks(name: str) -> tuple[str, str]:
    """The comments between which a part stands."""
    return f"<!-- {name}: written by python -m tui.docs -->", f"<!-- end of {name} -->"


def updated(document: str) -> str:
    """The document with its parts as they are now. Raises ValueError where a mark is missing."""
    for name, part in PARTS.items():
        begin, end = marks(name)
        if document.count(begin) != 1 or document.count(end) != 1:
            raise ValueError(f"the document needs one {begin!r} and one {end!r}")
        pattern = re.escape(begin) + ".*" + re.escape(end)
        whole = f"{begin}\n\n{part()}\n\n{end}".replace("\\", "\\\\")
        document = re.sub(pattern, whole, document, flags=re.DOTALL)
    return document


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.write_text(updated(place.read_text(encoding="utf-8")), encoding="utf-8")
