"""Notes and versions as rows and as words, for every command and for the MCP server."""

from __future__ import annotations

import dataclasses
from typing import Any

from memory.types import Note, NoteVersion, PruneRecord

PURGED = "(purged)"
"""What stands for words that were erased for good. A note that was not has a title."""


def note_row(note: Note) -> dict[str, Any]:
    """A note as a row."""
    return {
        "uid": note.uid,
        "bank": str(note.bank),
        "title": note.title or PURGED,
        "body": note.body,
        "state": note.state,
        "version": note.version,
        "pinned": note.pinned,
        "tokens": note.tokens,
        "created": note.created,
        "updated": note.updated,
    }


def version_row(version: NoteVersion) -> dict[str, Any]:
    """A version as a row."""
    return {**dataclasses.asdict(version), "title": version.title or PURGED}


def prune_row(record: PruneRecord) -> dict[str, Any]:
    """A prune as a row."""
    return {
        "episode": record.episode,
        "step": record.step,
        "kind": record.prune.kind,
        "spans": record.prune.spans,
        "tokens_before": record.prune.tokens_before,
        "tokens_after": record.prune.tokens_after,
        "at": record.at,
        "notes": record.notes,
    }


def words(row: dict[str, Any]) -> str:
    """``title: body`` of a row, or that it was purged."""
    return f"{row['title']}: {row['body']}" if row["body"] else str(row["title"])


def version_as_text(row: dict[str, Any]) -> str:
    """A row of a version in one line."""
    where = f", episode {row['episode']} step {row['step']}" if row["episode"] else ""
    why = f" ({row['reason']})" if row["reason"] else ""
    return (
        f"{row['version']} {row['op']} by {row['actor']} at {row['at']}{where}{why}: {words(row)}"
    )


def indented(text: str | None) -> list[str]:
    """The lines of a span's text, or that it was erased."""
    return [f"      {line}" for line in (text if text is not None else "(erased)").splitlines()]
