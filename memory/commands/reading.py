"""Commands that list and show notes: they open the file read-only and work while a run is writing."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import typer

from memory.commands.app import (
    AtOption,
    BankOption,
    FileArgument,
    LimitOption,
    NoteArgument,
    rows_command,
)
from memory.commands.places import find_note, open_for_reading, scope_of, upto
from memory.commands.rows import indented, note_row, version_as_text, version_row, words
from memory.output import Rows
from memory.render import printable
from memory.types import NOTE_STATES

# What a terminal has room for; -t and the other formats show every column.
BRIEF = ("uid", "bank", "title", "body", "state")
BRIEF_HISTORY = ("version", "op", "title", "body", "actor", "reason", "at")


@rows_command("ls", brief=BRIEF)
def ls(
    file: FileArgument,
    bank: BankOption = None,
    all_: Annotated[bool, typer.Option("--all", help="Notes in any state.")] = False,
    state: Annotated[str, typer.Option(help="live, proposed or deleted.")] = "live",
    at: AtOption = None,
    limit: LimitOption = None,
) -> Rows:
    """List notes, oldest first; with --limit the newest."""
    with open_for_reading(file) as memory:
        scope = scope_of(memory, bank, at)
        if scope is None:
            return []
        found = memory.notes(scope, NOTE_STATES if all_ else (state,), limit)
        return [note_row(note) for note in found]


@rows_command("search", brief=BRIEF)
def search(
    file: FileArgument,
    query: Annotated[
        str, typer.Argument(help="Any words. Before words that begin with a dash write --.")
    ],
    bank: BankOption = None,
    at: AtOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 10,
) -> Rows:
    """Search the live notes, best first: of a bank, or of the whole file."""
    with open_for_reading(file) as memory:
        if bank is None and at is None:
            return [note_row(note) for note in memory.search_file(query, limit)]
        scope = scope_of(memory, bank, at)
        return [] if scope is None else [note_row(n) for n in memory.search(scope, query, limit)]


def _notes_as_text(rows: Rows) -> str:
    return "\n\n".join(_note_as_text(row) for row in rows) if rows else "no notes"


@rows_command("show", _notes_as_text)
def show(
    file: FileArgument,
    note: Annotated[
        str | None, typer.Argument(help="A note's uid or the start of it; all notes without.")
    ] = None,
    bank: BankOption = None,
    at: AtOption = None,
    limit: LimitOption = None,
) -> Rows:
    """Show notes whole: their text, their versions, and the spans they came from.

    Notes are shown oldest first; with --limit the newest.
    """
    time = upto(None, at)
    with open_for_reading(file) as memory:
        scope = scope_of(memory, bank, at)
        if scope is None:
            return []
        if note is None:
            shown = memory.notes(scope, limit=limit)
        else:
            shown = [memory.note(scope, memory.note_starting(scope, note).uid)]
        return [
            {
                **note_row(one),
                "versions": [
                    version_row(version)
                    for version in memory.versions(scope, one.uid)
                    if version.version <= one.version
                ],
                "sources": [
                    dataclasses.asdict(span) for span in memory.sources(scope, one.uid, upto=time)
                ],
            }
            for one in shown
        ]


def _note_as_text(note: dict[str, Any]) -> str:
    tokens = "tokens not counted" if note["tokens"] is None else f"{note['tokens']} tokens"
    pinned = ", pinned" if note["pinned"] else ""
    lines = [
        words(note),
        f"  note {note['uid']} in {note['bank']}, {note['state']}{pinned}, {tokens}",
        f"  created {note['created']}, updated {note['updated']}",
        "  versions:",
        *(f"    {version_as_text(version)}" for version in note["versions"]),
        "  sources:" if note["sources"] else "  sources: none",
    ]
    for span in note["sources"]:
        lines += [f"    {span['uid']}", *indented(span["text"])]
    return printable("\n".join(lines))


@rows_command("history", brief=BRIEF_HISTORY)
def history(
    file: FileArgument,
    note: NoteArgument,
    bank: BankOption = None,
    at: AtOption = None,
    limit: LimitOption = None,
) -> Rows:
    """Every version of a note: what it said, who wrote it, when and why; with --limit the newest."""
    time = upto(None, at)
    with open_for_reading(file) as memory:
        scope, found = find_note(memory, note, bank)
        known = [
            version_row(version)
            for version in memory.versions(scope, found.uid)
            if time is None or version.at <= time
        ]
    return known if limit is None else known[-limit:]
