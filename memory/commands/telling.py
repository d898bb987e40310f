"""Commands that tell what happened: to a note, where it came from, and in the file as it happens."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Annotated, Any

import typer

from memory.commands.app import (
    AtOption,
    BankOption,
    FileArgument,
    LimitOption,
    NoteArgument,
    emit,
    printing_command,
    rows_command,
)
from memory.commands.places import find_bank, find_note, open_for_reading, scope_of, upto
from memory.commands.rows import indented, prune_row, version_as_text, version_row, words
from memory.errors import BadValue, UnknownNote
from memory.output import Format, Rows, render
from memory.render import printable
from memory.types import NoteVersion

_COMPARED = ("title", "state", "pinned", "body")


def _difference_as_text(rows: Rows) -> str:
    if not rows:
        return "the two versions are alike"
    lines = [
        f"{mark} {rows[0]['note']} version {rows[0][f'{which}_version']}"
        f" ({rows[0][f'{which}_op']}, {rows[0][f'{which}_at']})"
        for mark, which in (("---", "old"), ("+++", "new"))
    ]
    for row in rows:
        lines += [f"-{row['field']}: {row['old']}", f"+{row['field']}: {row['new']}"]
    return printable("\n".join(lines))


@rows_command("diff", _difference_as_text)
def diff(
    file: FileArgument,
    note: NoteArgument,
    old: Annotated[int | None, typer.Argument(help="A version; default: the last but one.")] = None,
    new: Annotated[int | None, typer.Argument(help="A version; default: the newest.")] = None,
    bank: BankOption = None,
    at: AtOption = None,
    limit: LimitOption = None,
) -> Rows:
    """Show how a note changed from one version to another: a row for each part that did."""
    moment = upto(new, at)
    with open_for_reading(file) as memory:
        scope, found = find_note(memory, note, bank)
        versions = memory.versions(scope, found.uid)
    number = _newest(versions, moment).version if new is None else new
    after = _numbered(versions, found.uid, number)
    before = _numbered(versions, found.uid, max(after.version - 1, 1) if old is None else old)
    was, now = version_row(before), version_row(after)
    return [
        {
            "note": found.uid,
            "field": field,
            "old": was[field],
            "new": now[field],
            "old_version": before.version,
            "new_version": after.version,
            "old_op": before.op,
            "new_op": after.op,
            "old_at": before.at,
            "new_at": after.at,
        }
        for field in _COMPARED
        if was[field] != now[field]
    ][:limit]


def _numbered(versions: list[NoteVersion], uid: str, number: int) -> NoteVersion:
    if not 1 <= number <= len(versions):
        raise UnknownNote(f"note {uid} has no version {number}: it has 1 to {len(versions)}")
    return versions[number - 1]


def _newest(versions: list[NoteVersion], moment: str | None) -> NoteVersion:
    """The version that stood at a time. Raises UnknownNote where the note was not there yet."""
    known = [version for version in versions if moment is None or version.at <= moment]
    if not known:
        raise UnknownNote(
            f"note {versions[0].note} was not there yet at {moment}: it was added at {versions[0].at}"
        )
    return known[-1]


def _origin_as_text(rows: Rows) -> str:
    [row] = rows
    version, writer = row["version"], row["written_by"]
    lines = [words(version), f"  version {version_as_text(version)}"]
    if writer != version:
        lines.append(f"  its words are those of version {version_as_text(writer)}")
    for heading, spans in (
        ("it summarises", row["sources"]),
        ("it was written after", row["written_in"]),
    ):
        lines.append(f"  {heading}:" if spans else f"  {heading}: nothing on record")
        for span in spans:
            lines += [f"    {span['uid']}", *indented(span["text"])]
    lines += ["  it covers what left the window in:"] if row["prunes"] else []
    for prune in row["prunes"]:
        others = [uid for uid in prune["notes"] if uid != version["note"]]
        beside = f", as {' and '.join(others)} too" if others else ""
        lines.append(
            f"    {prune['episode']} step {prune['step']}: {len(prune['spans'])} spans,"
            f" {prune['tokens_before']} -> {prune['tokens_after']} tokens{beside}"
        )
    lines.append("  it was recalled in:" if row["recalls"] else "  it was never recalled")
    lines += [f"    {recall['episode']} step {recall['step']}" for recall in row["recalls"]]
    return printable("\n".join(lines))


@rows_command("why", _origin_as_text)
def why(
    file: FileArgument,
    note: NoteArgument,
    version: Annotated[int | None, typer.Option(help="A version; default: the newest.")] = None,
    bank: BankOption = None,
    at: AtOption = None,
    limit: LimitOption = None,
) -> Rows:
    """Tell where a version came from, what it let the window forget, and where it was recalled.

    With --limit only the newest spans, prunes and recalls, at most so many of each.
    """
    moment = upto(version, at)
    with open_for_reading(file) as memory:
        scope, found = find_note(memory, note, bank)
        if moment is not None:
            version = _newest(memory.versions(scope, found.uid), moment).version
        origin = memory.why(scope_of(memory, bank) or scope, found.uid, version, upto=moment)
    whole = {
        "sources": [dataclasses.asdict(span) for span in origin.sources],
        "written_in": [dataclasses.asdict(span) for span in origin.written_in],
        "prunes": [prune_row(prune) for prune in origin.prunes],
        "recalls": [dataclasses.asdict(recall) for recall in origin.recalls],
    }
    newest = {what: each[-limit:] if limit else each for what, each in whole.items()}
    told = {"version": version_row(origin.version), "written_by": version_row(origin.written_by)}
    return [{**told, **newest}]


@printing_command("tail")
def tail(
    file: FileArgument,
    how: Format,
    lines: Annotated[
        int, typer.Option("-n", "--lines", "--limit", min=0, help="Events to begin with.")
    ] = 10,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Wait for more.")] = False,
    every_s: Annotated[float, typer.Option(help="Seconds between looks.", min=0.01)] = 0.5,
    bank: BankOption = None,
    at: AtOption = None,
) -> None:
    """Print the newest steps, notes, prunes and recalls; with -f, more as they come.

    With --bank: what became of its notes, and what its episodes did. With -f, JSON is an object a
    line.
    """
    moment = upto(None, at)
    if follow and moment is not None:
        raise BadValue("-f and --at contradict each other: what was, is all there")
    with open_for_reading(file) as memory:
        of = None if bank is None else find_bank(memory, bank)
        told = memory.timeline(limit=lines, bank=of, upto=moment)
        if not follow:
            emit(told.events, how, _events_as_text)
            return
        begun = False
        while True:
            begun = _stream(told.events, how, begun) or begun
            time.sleep(every_s)
            told = memory.timeline(told.seen, bank=of)


def _stream(events: Rows, how: Format, begun: bool) -> bool:
    """Print events as they come; a heading only once. Whether anything was printed."""
    if not events:
        return False
    if how.kind in ("csv", "tsv"):
        text = render(events, how)
        typer.echo(text.split("\n", 1)[1] if begun else text)
    elif how.kind in ("json", "nl"):
        typer.echo("\n".join(json.dumps(event) for event in events))
    else:
        typer.echo(_events_as_text(events))
    return True


def _events_as_text(events: Rows) -> str:
    return "\n".join(map(_event_as_text, events)) or "nothing"


def _event_as_text(event: dict[str, Any]) -> str:
    where = f"{event['episode']} step {event['step']}" if event["episode"] else "by hand"
    note = f" [{event['note']}]" if event["note"] else ""
    detail = event["detail"] or ""
    shown = f"{event['at']} {where}: {event['what']}{note} {detail}"
    return " ".join(printable(shown).split())
