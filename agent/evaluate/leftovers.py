"""What a played game's memory file tells: its thoughts, the notes it was shown, what notes replaced."""

from __future__ import annotations

from pathlib import Path

from agent.trace import read
from memory import MemoryFile, Scope

Shown = tuple[tuple[str, str], ...]
"""The notes of one head: titles and bodies."""


def thoughts_of(directory: Path) -> list[str]:
    """The thoughts of a run directory's episodes, in order. Raises MemoryFileError."""
    with MemoryFile.open(directory / "memory.sqlite", read_only=True) as memory:
        return [
            span.text
            for episode in memory.episodes()
            for span in memory.spans(episode.uid, kind="thought")
            if span.text is not None
        ]


def replaced_tokens(directory: Path) -> int:
    """Tokens of the spans that notes took the place of, those of the game's end included.

    Spans that were cut without notes (evicted) do not count. Raises MemoryFileError.
    """
    with MemoryFile.open(directory / "memory.sqlite", read_only=True) as memory:
        prunes = [record.prune for e in memory.episodes() for record in memory.prunes(e.uid)]
    return sum(p.tokens_before - p.tokens_after for p in prunes if p.kind == "summarised")


def notes_shown(directory: Path) -> list[Shown]:
    """The notes in each head of the (one) game's window, as they then were; heads without any left out.

    Raises MemoryFileError and RunDirectoryError.
    """
    with MemoryFile.open(directory / "memory.sqlite", read_only=True) as memory:
        [episode] = memory.episodes()
        scope = Scope(episode.bank)

        def then(uid: str, version: int) -> tuple[str, str]:
            [seen] = [each for each in memory.versions(scope, uid) if each.version == version]
            return seen.title, seen.body

        return [
            tuple(then(uid, version) for uid, version in event["shown"])
            for event in read(directory / "traces" / "000000.jsonl")
            if event["e"] == "notes" and event["shown"]
        ]
