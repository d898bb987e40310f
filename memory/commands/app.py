"""What the commands have in common: the app, its options, printing rows."""

from __future__ import annotations

import inspect
import secrets
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from memory.output import Format, Rows, render

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
LimitOption = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the note's history.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_OUTPUT = {
    "json_": Annotated[bool, typer.Option("--json", help="JSON array (the default in a pipe).")],
    "nl": Annotated[bool, typer.Option("--nl", help="JSON, one object a line.")],
    "csv_": Annotated[bool, typer.Option("--csv", help="CSV.")],
    "tsv": Annotated[bool, typer.Option("--tsv", help="TSV.")],
    "table": Annotated[bool, typer.Option("-t", "--table", help="A table of text.")],
    "fmt": Annotated[
        str | None, typer.Option("--fmt", help="A table in this format, e.g. github, html.")
    ],
}


def rows_command(
    name: str, text: Callable[[Rows], str] | None = None, *, brief: tuple[str, ...] = ()
) -> Callable[[Callable[..., Rows]], Callable[..., Rows]]:
    """Register a command that returns rows; it gets the output flags and prints accordingly.

    ``text`` renders them for a terminal and for ``-t``; without it they are a table, on a terminal
    of the ``brief`` columns alone.
    """

    def register(command: Callable[..., Rows]) -> Callable[..., Rows]:
        def printing(how: Format, **given: Any) -> None:
            emit(command(**given), how, text, brief)

        _register(name, command, printing)
        return command

    return register


def printing_command(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command that prints for itself, in the format ``how`` that its flags ask for."""

    def register(command: Callable[..., None]) -> Callable[..., None]:
        _register(name, command, command)
        return command

    return register


def _register(name: str, command: Callable[..., Any], printing: Callable[..., None]) -> None:
    """Add the command with its own parameters (but ``how``) and the output flags."""

    def run(**given: Any) -> None:
        flags = {key: given.pop(key) for key in _OUTPUT}
        printing(how=Format.chosen(**flags, terminal=sys.stdout.isatty()), **given)

    hints = typing.get_type_hints(command, include_extras=True)
    own = [one for one in inspect.signature(command).parameters.values() if one.name != "how"]
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
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    app.command(name)(run)


def emit(
    rows: Rows,
    how: Format,
    text: Callable[[Rows], str] | None,
    brief: tuple[str, ...] = (),
) -> None:
    """Print rows in a format: a terminal's table has the ``brief`` columns only, where any are named."""
    if text is not None and how.kind in ("text", "table") and how.style == "simple":
        typer.echo(text(rows))
    elif how.kind == "text":
        _print_table([{name: row[name] for name in brief or row} for row in rows])
    elif rows or how.kind == "json":
        typer.echo(render(rows, how))


_WHOLE = ("uid", "note", "version", "rows", "bytes")
"""Columns that a table never folds: a uid in pieces cannot be copied."""


def _print_table(rows: Rows) -> None:
    from rich.console import Console  # only a table needs it
    from rich.table import Table
    from rich.text import Text  # plain Text: rich would obey markup in a note

    from memory.render import printable

    if not rows:
        typer.echo("nothing")
        return
    table = Table()
    for name in rows[0]:
        table.add_column(name, no_wrap=name in _WHOLE, overflow="fold")
    for row in rows:
        cells = ("" if cell is None else str(cell) for cell in row.values())
        table.add_row(*(Text(printable(cell), overflow="fold") for cell in cells))
    Console(highlight=False).print(table)


def new_key() -> str:
    """An idempotency key for one command."""
    return f"command/{secrets.token_hex(8)}"
