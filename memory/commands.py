"""``steno memory ls`` and ``steno memory show``: what a person reads, without writing a byte."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from memory.errors import MemoryFileMissing, UnknownBank, UnknownNote
from memory.file import MemoryFile
from memory.render import printable
from memory.types import Bank, Note, NoteVersion, Scope, Span

FILE_NAME = "memory.sqlite"

app = typer.Typer(name="memory", help="Read the notes of a memory file.", no_args_is_help=True)

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE|RUNDIR", help="A memory file, or a run directory.")
]
BankOption = Annotated[
    str | None, typer.Option(metavar="KIND/NAME", help="Only the notes of this bank.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.command("ls")
def ls(
    file: FileArgument,
    bank: BankOption = None,
    all_: Annotated[bool, typer.Option("--all", help="Deleted notes too.")] = False,
    json_: JsonOption = False,
) -> None:
    """List the live notes, oldest first."""
    with open_for_reading(file) as memory:
        scope = _scope(memory, bank)
        notes = _notes(memory, scope, deleted=all_)
    if json_:
        for note in notes:
            typer.echo(json.dumps(dataclasses.asdict(note)))
    else:
        _print_table(notes)


@app.command("show")
def show(
    file: FileArgument,
    note: Annotated[
        str | None, typer.Argument(help="A note's uid or the start of it; all notes without.")
    ] = None,
    bank: BankOption = None,
    json_: JsonOption = False,
) -> None:
    """Show notes whole: their text, their versions, and the spans they came from."""
    with open_for_reading(file) as memory:
        scope = _scope(memory, bank)
        if note is None:
            shown = _notes(memory, scope, deleted=False)
        else:
            shown = [_find(_notes(memory, scope, deleted=True), note)]
        for place, one in enumerate(shown):
            assert scope is not None  # there is a note, so there is a bank
            versions, sources = memory.versions(scope, one.uid), memory.sources(scope, one.uid)
            if json_:
                typer.echo(json.dumps(_as_dict(one, versions, sources)))
            else:
                typer.echo(("\n" if place else "") + _as_text(one, versions, sources))


def open_for_reading(path: Path) -> MemoryFile:
    """The memory file at ``path``, or the one in the run directory ``path``, read-only.

    Raises MemoryFileMissing and what ``MemoryFile.open`` raises.
    """
    if path.is_dir():
        inside = path / FILE_NAME
        if not inside.exists():
            raise MemoryFileMissing(
                f"{path} holds no {FILE_NAME}: give a memory file or a run directory"
            )
        path = inside
    return MemoryFile.open(path, read_only=True)


def _scope(memory: MemoryFile, name: str | None) -> Scope | None:
    """A person's scope: the bank named, or every bank. None where the file has no bank yet."""
    banks = memory.banks()
    if name is not None:
        kind, slash, rest = name.partition("/")
        if not slash:
            raise UnknownBank(f"bank {name!r} has no kind: give KIND/NAME, such as person/ada")
        banks = [memory.bank(kind, rest)]
    return Scope(banks[0], tuple(banks)) if banks else None


def _notes(memory: MemoryFile, scope: Scope | None, *, deleted: bool) -> list[Note]:
    if scope is None:
        return []
    return memory.all_notes(scope) if deleted else memory.live_notes(scope)


def _find(notes: list[Note], uid: str) -> Note:
    """The note with this uid, or the only one whose uid starts so. Raises UnknownNote."""
    found = [note for note in notes if note.uid.startswith(uid)] if uid else []
    if len(found) != 1:
        said = "no note's uid starts" if not found else f"the uids of {len(found)} notes start"
        raise UnknownNote(
            f"{said} with {printable(repr(uid))}: give a uid that `steno memory ls` lists"
        )
    return found[0]


def _print_table(notes: list[Note]) -> None:
    from rich.console import Console  # only a table needs it
    from rich.table import Table
    from rich.text import Text  # plain Text: rich would obey markup in a note

    if not notes:
        typer.echo("no notes")
        return
    table = Table("uid", "bank", "title", "body", "v", "state", "updated")
    for note in notes:
        cells = (
            note.uid,
            _bank_name(note.bank),
            ("* " if note.pinned else "") + note.title,
            note.body,
            str(note.version),
            note.state,
            note.updated[:19] + "Z",
        )
        table.add_row(*(Text(printable(cell), overflow="fold") for cell in cells))
    Console(highlight=False).print(table)


def _bank_name(bank: Bank) -> str:
    return f"{bank.kind}/{bank.name}"


def _as_dict(note: Note, versions: list[NoteVersion], sources: list[Span]) -> dict[str, object]:
    return {
        **dataclasses.asdict(note),
        "versions": [dataclasses.asdict(version) for version in versions],
        "sources": [dataclasses.asdict(span) for span in sources],
    }


def _as_text(note: Note, versions: list[NoteVersion], sources: list[Span]) -> str:
    tokens = "tokens not counted" if note.tokens is None else f"{note.tokens} tokens"
    pinned = ", pinned" if note.pinned else ""
    lines = [
        f"{note.title}: {note.body}",
        f"  note {note.uid} in {_bank_name(note.bank)}, {note.state}{pinned}, {tokens}",
        f"  created {note.created}, updated {note.updated}",
        "  versions:",
    ]
    for version in versions:
        where = f", episode {version.episode} step {version.step}" if version.episode else ""
        lines.append(
            f"    {version.version} {version.op} by {version.actor} at {version.at}{where}"
            f" ({version.reason}): {version.title}: {version.body}"
        )
    lines.append("  sources:" if sources else "  sources: none")
    for span in sources:
        lines.append(f"    {span.uid}")
        lines.extend(f"      {line}" for line in span.text.splitlines())
    return printable("\n".join(lines))
