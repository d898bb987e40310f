"""Commands that only read: they open the file read-only and work while a run is writing."""

from __future__ import annotations

import dataclasses
import difflib
import time
from typing import Annotated, Any

import typer

from memory.commands.app import (
    AtOption,
    BankOption,
    FileArgument,
    NoteArgument,
    app,
    find_note,
    note_row,
    open_for_reading,
    rows_command,
    scope_of,
)
from memory.errors import UnknownNote
from memory.output import Rows
from memory.render import printable
from memory.types import NOTE_STATES, NoteVersion

LimitOption = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")]


@rows_command("ls")
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


@rows_command("search")
def search(
    file: FileArgument,
    query: Annotated[str, typer.Argument(help="Any words.")],
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
    """Show notes whole: their text, their versions, and the spans they came from."""
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
                    dataclasses.asdict(version)
                    for version in memory.versions(scope, one.uid)
                    if version.version <= one.version
                ],
                "sources": [dataclasses.asdict(span) for span in memory.sources(scope, one.uid)],
            }
            for one in shown
        ]


def _note_as_text(note: dict[str, Any]) -> str:
    tokens = "tokens not counted" if note["tokens"] is None else f"{note['tokens']} tokens"
    pinned = ", pinned" if note["pinned"] else ""
    lines = [
        f"{note['title']}: {note['body']}",
        f"  note {note['uid']} in {note['bank']}, {note['state']}{pinned}, {tokens}",
        f"  created {note['created']}, updated {note['updated']}",
        "  versions:",
        *(f"    {_version_as_text(version)}" for version in note["versions"]),
        "  sources:" if note["sources"] else "  sources: none",
    ]
    for span in note["sources"]:
        lines += [f"    {span['uid']}", *_indented(span["text"])]
    return printable("\n".join(lines))


def _version_as_text(version: dict[str, Any]) -> str:
    where = f", episode {version['episode']} step {version['step']}" if version["episode"] else ""
    return (
        f"{version['version']} {version['op']} by {version['actor']} at {version['at']}{where}"
        f" ({version['reason']}): {version['title']}: {version['body']}"
    )


def _indented(text: str | None) -> list[str]:
    return [f"      {line}" for line in (text if text is not None else "(erased)").splitlines()]


@rows_command("history")
def history(file: FileArgument, note: NoteArgument) -> Rows:
    """Every version of a note: what it said, who wrote it, when and why."""
    with open_for_reading(file) as memory:
        scope, found = find_note(memory, note)
        return [dataclasses.asdict(version) for version in memory.versions(scope, found.uid)]


@app.command("diff")
def diff(
    file: FileArgument,
    note: NoteArgument,
    old: Annotated[int | None, typer.Argument(help="A version; default: the last but one.")] = None,
    new: Annotated[int | None, typer.Argument(help="A version; default: the newest.")] = None,
) -> None:
    """Show how a note changed from one version to another."""
    with open_for_reading(file) as memory:
        scope, found = find_note(memory, note)
        versions = memory.versions(scope, found.uid)
    after = _numbered(versions, found.uid, len(versions) if new is None else new)
    before = _numbered(versions, found.uid, max(after.version - 1, 1) if old is None else old)
    typer.echo(difference(before, after))


def _numbered(versions: list[NoteVersion], uid: str, number: int) -> NoteVersion:
    if not 1 <= number <= len(versions):
        raise UnknownNote(f"note {uid} has no version {number}: it has 1 to {len(versions)}")
    return versions[number - 1]


def difference(before: NoteVersion, after: NoteVersion) -> str:
    """A unified diff of two versions, a word a line for bodies, safe to print."""
    lines = difflib.unified_diff(
        _as_lines(before),
        _as_lines(after),
        f"{before.note} version {before.version} ({before.op}, {before.at})",
        f"{after.note} version {after.version} ({after.op}, {after.at})",
        lineterm="",
    )
    return printable("\n".join(lines)) or f"versions {before.version} and {after.version} are alike"


def _as_lines(version: NoteVersion) -> list[str]:
    return [f"title: {version.title}", f"state: {version.state}", f"pinned: {version.pinned}",
            f"body: {version.body}"]  # fmt: skip


def _origin_as_text(rows: Rows) -> str:
    [row] = rows
    version = row["version"]
    lines = [f"{version['title']}: {version['body']}", f"  version {_version_as_text(version)}"]
    for heading, spans in (
        ("it summarises", row["sources"]),
        ("it was written after", row["written_in"]),
    ):
        lines.append(f"  {heading}:" if spans else f"  {heading}: nothing on record")
        for span in spans:
            lines += [f"    {span['uid']}", *_indented(span["text"])]
    lines.append("  it was recalled in:" if row["recalls"] else "  it was never recalled")
    lines += [f"    {recall['episode']} step {recall['step']}" for recall in row["recalls"]]
    return printable("\n".join(lines))


@rows_command("why", _origin_as_text)
def why(
    file: FileArgument,
    note: NoteArgument,
    version: Annotated[int | None, typer.Option(help="A version; default: the newest.")] = None,
) -> Rows:
    """Tell where a version came from: its spans, the thought that wrote it, its recalls."""
    with open_for_reading(file) as memory:
        scope, found = find_note(memory, note)
        return [dataclasses.asdict(memory.why(scope, found.uid, version))]


@app.command("tail")
def tail(
    file: FileArgument,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="Events to begin with.")] = 10,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Wait for more.")] = False,
    every_s: Annotated[float, typer.Option(help="Seconds between looks.")] = 0.5,
) -> None:
    """Print the newest steps, notes, prunes and recalls; with -f, more as they come."""
    with open_for_reading(file) as memory:
        events = memory.timeline(limit=lines)
        upto = max((str(event["at"]) for event in memory.timeline(limit=1)), default="")
        while True:
            for event in events:
                typer.echo(_event_as_text(event))
            if not follow:
                return
            time.sleep(every_s)
            events = memory.timeline(after=upto)
            upto = max((str(event["at"]) for event in events), default=upto)


def _event_as_text(event: dict[str, Any]) -> str:
    where = f"{event['episode']} step {event['step']}" if event["episode"] else "by hand"
    note = f" [{event['note']}]" if event["note"] else ""
    shown = f"{event['at']} {where}: {event['what']}{note} {event['detail'] or ''}"
    return " ".join(printable(shown).split())
