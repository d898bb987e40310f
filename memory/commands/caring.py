"""Commands that look after a file: its health, its size, its copies, and those it is served to."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Annotated

import typer

from memory import doctor as doctors
from memory.commands.app import (
    LOG_HELD,
    AtOption,
    BankOption,
    FileArgument,
    LimitOption,
    YesOption,
    app,
    emit,
    printing_command,
    rows_command,
)
from memory.commands.editing import confirmed
from memory.commands.places import find_bank, locate, open_for_reading, open_for_writing, upto
from memory.errors import BadValue
from memory.migrations import MIGRATIONS
from memory.output import Format, Rows
from memory.render import printable

BYTES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}


@rows_command("stats")
def stats(
    file: FileArgument, bank: BankOption = None, at: AtOption = None, limit: LimitOption = None
) -> Rows:
    """Rows and bytes by kind, the largest first.

    With --bank: of its notes, and of what the episodes did whose own bank it is. With --at: of what
    was there then, with the bytes that are left of it.
    """
    time = upto(None, at)
    with open_for_reading(file) as memory:
        of = None if bank is None else find_bank(memory, bank)
        return [dataclasses.asdict(size) for size in memory.sizes(of, at=time)][:limit]


@printing_command("doctor")
def doctor(file: FileArgument, how: Format) -> None:
    """Check a file: integrity, schema, index, replay of versions, hashes, permissions, SQLite.

    Exit code 1 where something is wrong; warnings are none.
    """
    found = doctors.examine(locate(file))
    emit([dataclasses.asdict(finding) for finding in found], how, _findings_as_text)
    if any(finding.result == doctors.ERROR for finding in found):
        raise typer.Exit(1)


def _findings_as_text(rows: Rows) -> str:
    lines = (f"{row['result']:<8} {row['check']:<16} {row['detail']}".rstrip() for row in rows)
    return printable("\n".join(lines))


@app.command("repair")
def repair(file: FileArgument) -> None:
    """Make again all that follows from the tables: views, indexes, triggers, the full-text index.

    It changes no row of a table: what is wrong there is for `restore`, or for a backup.
    """
    with open_for_writing(file) as memory:
        for line in memory.repair():
            typer.echo(line)


@app.command("backup")
def backup(
    file: FileArgument,
    destination: Annotated[Path, typer.Argument(help="A path where nothing is yet.")],
) -> None:
    """Copy a file, also while a run is writing to it: never copy it with cp."""
    with open_for_reading(file, older=True) as memory:
        memory.backup(destination)
    typer.echo(printable(f"{destination}: {destination.stat().st_size} bytes"))


@app.command("retain")
def retain(
    file: FileArgument,
    keep_days: Annotated[
        float | None, typer.Option("--days", min=0, help="Keep raw text of so many days.")
    ] = None,
    keep_bytes: Annotated[
        str | None, typer.Option("--bytes", help="Keep so much raw text, e.g. 500M.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    yes: YesOption = False,
) -> None:
    """Erase raw text that notes cover and no window shows, the oldest first.

    Without this command everything is kept. Notes and their versions always are.
    """
    if keep_days is None and keep_bytes is None:
        raise BadValue("retain wants --days or --bytes: without one everything is kept")
    limit = None if keep_bytes is None else _bytes(keep_bytes)
    with open_for_writing(file) as memory:
        would = memory.retain(keep_days=keep_days, keep_bytes=limit, dry=True)
        typer.echo(f"{would.spans} spans ({would.bytes} bytes) to erase")
        if dry_run or not would.spans:
            return
        confirmed(yes, "Erase them for good?")
        gone = memory.retain(keep_days=keep_days, keep_bytes=limit)
        typer.echo(f"erased {gone.spans} spans ({gone.bytes} bytes)")
        if gone.log_held:
            typer.echo(LOG_HELD)


def _bytes(text: str) -> int:
    number, unit = text.upper().removesuffix("B"), ""
    if number[-1:] in BYTES:
        number, unit = number[:-1], number[-1:]
    try:
        return int(float(number) * BYTES[unit])
    except (ValueError, OverflowError):
        raise BadValue(f"--bytes {text!r} is no size: write it like 500M") from None


@app.command("migrate")
def migrate(
    file: FileArgument,
    backup: Annotated[
        bool, typer.Option("--backup/--no-backup", help="Copy the file first, beside it.")
    ] = True,
) -> None:
    """Bring a file of an older Steno to this one's schema; a copy of it is made first.

    An older Steno cannot read the file afterwards.
    """
    with open_for_reading(file, older=True) as memory:
        before = memory.schema
        if backup and before < len(MIGRATIONS):
            copy = _free(memory.path.with_name(f"{memory.path.name}.schema-{before}"))
            memory.backup(copy)
            told = f"{copy}: the file as it was, {copy.stat().st_size} bytes"
            typer.echo(printable(told))
    with open_for_writing(file, migrating=True) as memory:
        typer.echo(printable(f"{memory.path}: schema {memory.schema}"))


def _free(path: Path) -> Path:
    """The path itself, or with the first number behind it under which nothing is yet."""
    numbered = (path.with_name(f"{path.name}-{number}") for number in itertools.count(2))
    return next(place for place in itertools.chain([path], numbered) if not place.exists())


@app.command("serve")
def serve(
    file: FileArgument,
    banks: Annotated[
        list[str] | None,
        typer.Option("--bank", metavar="KIND/NAME", help="Only these banks. Repeatable."),
    ] = None,
    write: Annotated[
        str | None, typer.Option("--write", metavar="KIND/NAME", help="Let clients add notes here.")
    ] = None,
) -> None:
    """Serve notes to other agents: an MCP server on stdin and stdout."""
    from memory.server import serve as serve_mcp

    serve_mcp(locate(file), banks or [], write)


@app.command("bench")
def bench(
    folder: Annotated[
        Path | None, typer.Option(help="Where to build its files; default: a temporary folder.")
    ] = None,
    kills: Annotated[int, typer.Option(min=0, help="Writers to kill.")] = 200,
    largest: Annotated[int, typer.Option(min=1000, help="Notes in the largest file.")] = 1_000_000,
) -> None:
    """Measure durable writes, recall and kills; the last line is JSON."""
    from memory.bench import run

    run(folder, kills=kills, largest=largest)
