"""A note in a person's own editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Edited:
    """What was left in the editor."""

    title: str
    body: str


def in_editor(title: str, body: str) -> Edited | str:
    """Title and body as a person leaves them, the rest of the lines as one; or what went wrong."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "note.txt"
        draft.write_text(f"{title}\n\n{body}\n", encoding="utf-8", newline="")
        try:
            subprocess.run([*shlex.split(editor), str(draft)], check=True)
            written = draft.read_text(encoding="utf-8")
        # ValueError: a quote in the command that is not closed, or text that is not UTF-8.
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            return f"editor {editor!r} failed: {error}"
    first, _, rest = written.partition("\n")
    if not first.strip() or not rest.strip():
        return "the first line is the title, and the rest the body: neither may be empty"
    return Edited(first.strip(), " ".join(rest.split()))
