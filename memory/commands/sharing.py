"""Banks as Markdown files: written for people, and read back."""

from __future__ import annotations

import difflib
import hashlib
from pathlib import Path
from typing import Annotated

import typer

from memory import markdown
from memory.commands.app import (
    BankOption,
    FileArgument,
    ReasonOption,
    YesOption,
    app,
    find_bank,
    open_for_reading,
    open_for_writing,
)
from memory.commands.editing import confirmed
from memory.errors import BadValue, MemoryFileReadOnly
from memory.render import printable
from memory.types import Note, Scope


@app.command("export")
def export(
    file: FileArgument,
    folder: Annotated[Path, typer.Argument(help="Where the files go; made where it is missing.")],
    bank: BankOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over files that are there.")
    ] = False,
) -> None:
    """Write the live notes of each bank as one Markdown file with front matter."""
    with open_for_reading(file) as memory:
        banks = memory.banks() if bank is None else [find_bank(memory, bank)]
        at = memory.newest_change()
        for one in banks:
            notes = memory.live_notes(Scope(one))
            if notes or bank is not None:
                path = folder / markdown.file_name(one)
                _write(path, markdown.write(one, notes, at), force)
                typer.echo(printable(f"{path}: {len(notes)} notes of {one}"))


def _write(path: Path, text: str, force: bool) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except FileExistsError:
        raise MemoryFileReadOnly(f"{path} is there already: use --force to write over it") from None
    except OSError as error:
        raise MemoryFileReadOnly(f"{path} cannot be written: {error.strerror}") from error


@app.command("import")
def import_(
    file: FileArgument,
    document: Annotated[Path, typer.Argument(help="A Markdown file that export wrote.")],
    bank: BankOption = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete what was exported and is no longer in it.")
    ] = False,
    yes: YesOption = False,
    reason: ReasonOption = "imported",
) -> None:
    """Read a bank back, or into another file: shows what would change, then asks.

    A note that was changed in the memory file since the export is a conflict, and nothing is
    written.
    """
    try:
        text = document.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadValue(f"{document} cannot be read as text: {error}") from error
    given = markdown.read(text)
    with open_for_writing(file) as memory:
        place = find_bank(memory, bank or f"{given.kind}/{given.name}")
        scope = Scope(place)
        notes = {note.uid: note for note in memory.all_notes(scope)}
        edits = markdown.edits(given, notes, delete=delete)
        typer.echo(_preview(given, list(notes.values()), delete))
        if not edits:
            typer.echo("nothing to change")
            return
        confirmed(yes, f"Write {len(edits)} changes into {place}?")
        # The same document into the same bank in the same state is the same commit.
        state = sorted((note.uid, note.version) for note in notes.values())
        digest = hashlib.sha256(repr((place, edits, state)).encode()).hexdigest()
        done = memory.edit(scope, key=f"import/{digest}", edits=edits, reason=reason)
        typer.echo(printable(f"wrote {len(done.versions)} versions into {place}"))


def _preview(given: markdown.Document, notes: list[Note], delete: bool) -> str:
    live = {note.uid: f"{note.title}: {note.body}" for note in notes if note.state == "live"}
    after = {entry.uid or f"new {n}": f"{entry.title}: {entry.body}"
             for n, entry in enumerate(given.entries)}  # fmt: skip
    before = [live[uid] for uid in live if delete or uid in after]
    lines = difflib.unified_diff(before, list(after.values()), "stored", "document", lineterm="")
    return printable("\n".join(lines))
