"""Banks as Markdown files: written for people, and read back."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from memory import markdown
from memory.commands.app import (
    AtOption,
    BankOption,
    FileArgument,
    ReasonOption,
    YesOption,
    app,
    rows_command,
)
from memory.commands.editing import confirmed
from memory.commands.places import (
    find_bank,
    kind_and_name,
    open_for_reading,
    open_for_writing,
    upto,
)
from memory.errors import BadValue, MemoryFileReadOnly, UnknownBank
from memory.file import MemoryFile
from memory.output import Rows
from memory.render import printable
from memory.types import Add, Bank, Delete, Edit, Frozen, Note, Pin, Rewrite, Scope


def _exported_as_text(rows: Rows) -> str:
    lines = (f"{row['path']}: {row['notes']} notes of {row['bank']}" for row in rows)
    return printable("\n".join(lines)) or "no notes"


@rows_command("export", _exported_as_text)
def export(
    file: FileArgument,
    folder: Annotated[Path, typer.Argument(help="Where the files go; made where it is missing.")],
    bank: BankOption = None,
    at: AtOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over files that are there.")
    ] = False,
) -> Rows:
    """Write the live notes of each bank as one Markdown file with front matter."""
    time, written = upto(None, at), []
    with open_for_reading(file) as memory:
        newest = memory.newest_change()
        known = newest if time is None else min(newest, time)
        for one in memory.banks() if bank is None else [find_bank(memory, bank)]:
            frozen = None if time is None else Frozen((one,), time)
            notes = memory.live_notes(Scope(one, frozen=frozen))
            if notes or bank is not None:
                path = folder / markdown.file_name(one)
                _write(path, markdown.write(one, notes, known), force)
                written.append({"bank": str(one), "path": str(path), "notes": len(notes)})
    return written


def _write(path: Path, text: str, force: bool) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MemoryFileReadOnly(
            f"folder {path.parent} cannot be made: {error.strerror}"
        ) from error
    try:
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
        kind, name = (given.kind, given.name) if bank is None else kind_and_name(bank)
        place = _known_bank(memory, kind, name)
        notes = {} if place is None else {n.uid: n for n in memory.all_notes(Scope(place))}
        known = memory.banks_of([entry.uid for entry in given.entries if entry.uid is not None])
        elsewhere = {uid for uid, its in known.items() if its != place}
        taken = markdown.copied(given, f"{kind}/{name}", elsewhere)
        edits = markdown.edits(taken, notes, delete=delete)
        if not edits:
            typer.echo("nothing to change")
            return
        typer.echo(preview(edits, notes))
        confirmed(yes, printable(f"Write {len(edits)} changes into {kind}/{name}?"))
        # The same document into the same bank in the same state is the same commit.
        state = sorted((note.uid, note.version) for note in notes.values())
        digest = hashlib.sha256(repr((kind, name, edits, state)).encode()).hexdigest()
        done = memory.edit_bank(kind, name, key=f"import/{digest}", edits=edits, reason=reason)
        typer.echo(printable(f"wrote {len(done.versions)} versions into {kind}/{name}"))


def _known_bank(memory: MemoryFile, kind: str, name: str) -> Bank | None:
    """The bank; None where an import is to make it, which it does only with its notes."""
    try:
        return memory.find_bank(kind, name)
    except UnknownBank:
        return None


def preview(edits: Sequence[Edit], notes: Mapping[str, Note]) -> str:
    """What the edits would do to the notes that stand, as a diff, safe to print."""
    stand = {
        note.uid: (note.title, note.body, note.pinned)
        for note in notes.values()
        if note.state != "deleted"
    }
    after = dict(stand)
    for number, edit in enumerate(edits):
        if isinstance(edit, Add):
            after[edit.uid or f"new {number}"] = (edit.title, edit.body, False)
        elif isinstance(edit, Rewrite):
            title, _, pinned = after[edit.uid]
            after[edit.uid] = (edit.title or title, edit.body, pinned)
        elif isinstance(edit, Pin):
            after[edit.uid] = (*after[edit.uid][:2], edit.pinned)
        elif isinstance(edit, Delete):
            del after[edit.uid]
    lines = difflib.unified_diff(
        [_line(*note) for note in stand.values()],
        [_line(*note) for note in after.values()],
        "stored",
        "document",
        lineterm="",
    )
    return printable("\n".join(lines))


def _line(title: str, body: str, pinned: bool) -> str:
    return f"{title}: {body}" + (" (pinned)" if pinned else "")
