"""What the commands have in common: the app, its options, opening a file, printing rows."""

from __future__ import annotations

import functools
import inspect
import secrets
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from memory.asof import moment
from memory.errors import MemoryFileMissing, UnknownBank
from memory.file import MemoryFile
from memory.output import Format, Rows, render
from memory.types import Bank, Frozen, Note, Scope

FILE_NAME = "memory.sqlite"
LOG_HELD = (
    "a reader holds the file's log, which has the words still: when it has ended, run this again"
)

app = typer.Typer(
    name="memory",
    help="Read, correct and look after a memory file. Reading commands never write a byte.",
    no_args_is_help=True,
)

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE|RUNDIR", help="A memory file, or a run directory.")
]
NoteArgument = Annotated[str, typer.Argument(metavar="NOTE", help="A note's uid, or its start.")]
NotesArgument = Annotated[
    list[str], typer.Argument(metavar="NOTE...", help="Notes: their uids, or the starts of them.")
]
BankOption = Annotated[
    str | None, typer.Option("--bank", metavar="KIND/NAME", help="Only the notes of this bank.")
]
AtOption = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="As it was at this time (ISO-8601).")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the note's history.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_OUTPUT = {
    "json_": Annotated[bool, typer.Option("--json", help="JSON array (the default in a pipe).")],
    "nl": Annotated[bool, typer.Option("--nl", help="JSON, one object a line.")],
    "csv_": Annotated[bool, typer.Option("--csv", help="CSV.")],
    "tsv": Annotated[bool, typer.Option("--tsv", help="TSV.")],
    "table": Annotated[bool, typer.Option("-t", "--table", help="A table of text.")],
    "fmt": Annotated[str | None, typer.Option("--fmt", help="A table in a format of tabulate.")],
}


def rows_command(
    name: str, text: Callable[[Rows], str] | None = None
) -> Callable[[Callable[..., Rows]], Callable[..., None]]:
    """Register a command that returns rows; it gets the output flags and prints accordingly.

    ``text`` renders them for a terminal and for ``-t``; without it they are a table.
    """

    def register(command: Callable[..., Rows]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(**given: Any) -> None:
            flags = {key: given.pop(key) for key in _OUTPUT}
            how = Format.chosen(**flags, terminal=sys.stdout.isatty())
            emit(command(**given), how, text)

        hints = typing.get_type_hints(command, include_extras=True)
        own = inspect.signature(command).parameters.values()
        parameters = [one.replace(annotation=hints[one.name]) for one in own]
        parameters += [
            inspect.Parameter(
                key,
                inspect.Parameter.KEYWORD_ONLY,
                default=None if key == "fmt" else False,
                annotation=option,
            )
            for key, option in _OUTPUT.items()
        ]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        del run.__wrapped__
        app.command(name)(run)
        return run

    return register


def emit(rows: Rows, how: Format, text: Callable[[Rows], str] | None) -> None:
    """Print rows in a format."""
    if text is not None and how.kind in ("text", "table") and how.style == "simple":
        typer.echo(text(rows))
    elif how.kind == "text":
        _print_table(rows)
    elif rows or how.kind == "json":
        typer.echo(render(rows, how))


def _print_table(rows: Rows) -> None:
    from rich.console import Console  # only a table needs it
    from rich.table import Table
    from rich.text import Text  # plain Text: rich would obey markup in a note

    from memory.render import printable

    if not rows:
        typer.echo("nothing")
        return
    table = Table(*rows[0])
    for row in rows:
        cells = ("" if cell is None else str(cell) for cell in row.values())
        table.add_row(*(Text(printable(cell), overflow="fold") for cell in cells))
    Console(highlight=False).print(table)


def locate(path: Path) -> Path:
    """The memory file at ``path``, or in the run directory ``path``. Raises MemoryFileMissing."""
    inside = path / FILE_NAME
    if path.is_dir():
        if not inside.exists():
            raise MemoryFileMissing(
                f"{path} holds no {FILE_NAME}: give a memory file or a run directory"
            )
        return inside
    return path


def open_for_reading(path: Path) -> MemoryFile:
    """The memory file, read-only. Raises what ``MemoryFile.open`` raises."""
    return MemoryFile.open(locate(path), read_only=True)


def open_for_writing(path: Path) -> MemoryFile:
    """The memory file, which must be there. Raises what ``MemoryFile.open`` raises."""
    place = locate(path)
    if not place.exists():
        raise MemoryFileMissing(f"{place} does not exist: give an existing memory file")
    return MemoryFile.open(place)


def find_bank(memory: MemoryFile, name: str) -> Bank:
    """The bank of this KIND/NAME. Raises UnknownBank."""
    kind, slash, rest = name.partition("/")
    if not slash:
        raise UnknownBank(f"bank {name!r} has no kind: give KIND/NAME, such as person/ada")
    known = [bank for bank in memory.banks() if (bank.kind, bank.name) == (kind, rest)]
    return known[0] if known else memory.bank(kind, rest)


def scope_of(memory: MemoryFile, name: str | None, at: str | None = None) -> Scope | None:
    """A person's scope: the bank named, or every bank. None where the file has no bank yet."""
    banks = memory.banks() if name is None else [find_bank(memory, name)]
    if not banks:
        return None
    frozen = Frozen(tuple(banks), moment(at)) if at is not None else None
    return Scope(banks[0], tuple(banks), (), frozen)


def find_note(memory: MemoryFile, start: str) -> tuple[Scope, Note]:
    """A note by the start of its uid, with a scope that may change it. Raises UnknownNote."""
    scope = scope_of(memory, None)
    if scope is None:
        from memory.errors import UnknownNote

        raise UnknownNote(f"the file holds no notes yet, so none is {start!r}")
    note = memory.note_starting(scope, start)
    return Scope(note.bank), note


def new_key() -> str:
    """An idempotency key for one command."""
    return f"command/{secrets.token_hex(8)}"


def note_row(note: Note) -> dict[str, Any]:
    """A note as a row."""
    return {
        "uid": note.uid,
        "bank": str(note.bank),
        "title": note.title,
        "body": note.body,
        "state": note.state,
        "version": note.version,
        "pinned": note.pinned,
        "tokens": note.tokens,
        "created": note.created,
        "updated": note.updated,
    }
