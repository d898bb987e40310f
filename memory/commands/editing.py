"""Commands that change notes, as a person: each is one commit with a reason in the history."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from memory.commands.app import (
    LOG_HELD,
    BankOption,
    FileArgument,
    NoteArgument,
    NotesArgument,
    ReasonOption,
    YesOption,
    app,
    new_key,
    rows_command,
)
from memory.commands.places import (
    find_bank,
    find_note,
    kind_and_name,
    open_for_reading,
    open_for_writing,
    scope_of,
)
from memory.commands.rows import note_row, version_row, words
from memory.errors import BadValue, Conflict
from memory.file import MemoryFile
from memory.output import Rows
from memory.render import printable
from memory.types import (
    Add,
    Approve,
    Delete,
    Edit,
    Note,
    Pin,
    Restore,
    Rewrite,
    Scope,
    SummaryCommit,
)

# What a terminal has room for; -t and the other formats show every column.
BRIEF_BANK = ("bank", "approval", "live", "proposed", "deleted", "pinned")


@app.command("add")
def add(
    file: FileArgument,
    title: Annotated[str, typer.Argument(help="The new note's title.")],
    body: Annotated[str, typer.Argument(help="Its body: one line.")],
    bank: Annotated[str, typer.Option("--bank", metavar="KIND/NAME", help="Where to.")],
    reason: ReasonOption = "added by hand",
) -> None:
    """Add a note to a bank, which is made where it is not there yet.

    A title or body that begins with a dash goes last, after --: add FILE --bank job/x -- -5 degrees
    """
    with open_for_writing(file) as memory:
        edits = [Add(title, body)]
        _tell(memory.edit_bank(*kind_and_name(bank), key=new_key(), edits=edits, reason=reason))


@app.command("edit")
def edit(
    file: FileArgument,
    note: NoteArgument,
    title: Annotated[str | None, typer.Option(help="The new title.")] = None,
    body: Annotated[str | None, typer.Option(help="The new body.")] = None,
    reason: ReasonOption = "edited by hand",
) -> None:
    """Change a note's words; without --title and --body in $EDITOR."""
    with open_for_writing(file) as memory:
        scope, found = find_note(memory, note)
        if not found.title:
            raise Conflict(f"note {found.uid} was purged: its words are gone")
        if title is None and body is None:
            title, body = _in_editor(found)
        title = found.title if title is None else title
        body = found.body if body is None else body
        if (title, body) == (found.title, found.body):
            typer.echo("unchanged")
            return
        try:
            _commit(memory, scope, [Rewrite(found.uid, found.version, body, title)], reason)
        except Conflict:
            _not_written(f"{title}: {body}")
            raise


def _in_editor(note: Note) -> tuple[str, str]:
    """Title and body as a person leaves them in an editor: the first line, and the rest as one."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "note.txt"
        given = f"{note.title}\n\n{note.body}\n"
        draft.write_text(given, encoding="utf-8", newline="")
        try:
            subprocess.run([*shlex.split(editor), str(draft)], check=True)
            left = draft.read_bytes()
            written = left.decode("utf-8")
        except UnicodeDecodeError as error:
            _not_written(left.decode("utf-8", "replace"))
            raise BadValue(f"editor {editor!r} left text that is not UTF-8: {error}") from error
        # ValueError: a quote in the command that is not closed.
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            raise BadValue(f"editor {editor!r} failed: {error}: use --title and --body") from error
    if written == given:
        return note.title, note.body  # also where its spaces are not those that follow below
    title, _, rest = written.partition("\n")
    return title.strip(), " ".join(rest.split())


def _not_written(text: str) -> None:
    """Show words that a person typed and that cannot be kept, lest they be lost."""
    typer.echo(printable(f"your words, which were not written: {text}"), err=True)


@app.command("rm")
def rm(file: FileArgument, notes: NotesArgument, reason: ReasonOption = "removed by hand") -> None:
    """Delete notes: no window shows them again. Their history stays; purge erases it."""
    _each(file, notes, reason, lambda note: Delete(note.uid, note.version))


@app.command("restore")
def restore(
    file: FileArgument,
    note: NoteArgument,
    version: Annotated[
        int | None, typer.Argument(help="A version; default: the newest that was not deleted.")
    ] = None,
    reason: ReasonOption = "restored by hand",
) -> None:
    """Bring back an older version of a note, also of a deleted one."""
    with open_for_writing(file) as memory:
        scope, found = find_note(memory, note)
        versions = [one.version for one in memory.versions(scope, found.uid) if one.op != "delete"]
        number = versions[-1] if version is None else version
        _commit(memory, scope, [Restore(found.uid, found.version, number)], reason)


@app.command("approve")
def approve(
    file: FileArgument,
    notes: Annotated[
        list[str] | None, typer.Argument(metavar="[NOTE]...", help="Proposed notes.")
    ] = None,
    bank: BankOption = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Every proposed note, or the bank's.")
    ] = False,
    reason: ReasonOption = "approved by hand",
) -> None:
    """Let proposed notes live. `steno memory ls --state proposed` lists them."""
    if all_ == bool(notes):
        raise BadValue("approve wants notes, or --all: give one of the two")
    if all_:
        with open_for_reading(file) as memory:
            scope = scope_of(memory, bank)
            notes = [n.uid for n in memory.notes(scope, ("proposed",))] if scope else []
    _each(file, notes or [], reason, lambda note: Approve(note.uid, note.version), bank)


@app.command("pin")
def pin(
    file: FileArgument,
    notes: NotesArgument,
    off: Annotated[bool, typer.Option("--off", help="No longer.")] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why, for the note's history.")
    ] = None,
) -> None:
    """Have notes recalled before all others."""
    why = reason if reason is not None else f"{'un' if off else ''}pinned by hand"
    _each(file, notes, why, lambda note: Pin(note.uid, note.version, not off))


@app.command("purge")
def purge(
    file: FileArgument,
    note: NoteArgument,
    keep_sources: Annotated[
        bool, typer.Option("--keep-sources", help="Keep the raw spans that it came from.")
    ] = False,
    yes: YesOption = False,
    reason: ReasonOption = "purged by hand",
) -> None:
    """Erase a note for good: all its versions, and the raw spans that hold its words.

    Other notes that came from those spans stay, without their raw text. A run directory's trace
    holds the tokens too: delete it yourself.
    """
    with open_for_writing(file) as memory:
        scope, found = find_note(memory, note)
        typer.echo(printable(f"{found.uid} in {found.bank}: {words(note_row(found))}"))
        confirmed(yes, "Erase it for good?")
        gone = memory.purge(scope, found.uid, reason=reason, sources=not keep_sources)
        typer.echo(f"erased {gone.versions} versions and {gone.spans} spans ({gone.bytes} bytes)")
        if gone.log_held:
            typer.echo(LOG_HELD)


@rows_command("bank", brief=BRIEF_BANK)
def bank(
    file: FileArgument,
    name: Annotated[str | None, typer.Argument(metavar="[KIND/NAME]", help="One bank.")] = None,
    approval: Annotated[
        bool | None,
        typer.Option("--approval/--no-approval", help="Whether what agents add waits for you."),
    ] = None,
    create: Annotated[
        bool, typer.Option("--create", help="With --approval: make the file too, before any run.")
    ] = False,
) -> Rows:
    """List banks and how they fare; make one, or have it ask for approval."""
    if approval is not None:
        if name is None:
            raise BadValue("--approval wants a bank: name it as KIND/NAME")
        with open_for_writing(file, create=create) as memory:
            memory.set_approval(memory.bank(*kind_and_name(name)), approval)
    elif create:
        raise BadValue("--create wants a bank and --approval or --no-approval")
    with open_for_reading(file) as memory:
        known = None if name is None else str(find_bank(memory, name))
        return [row for row in memory.bank_health() if known in (None, row["bank"])]


def confirmed(yes: bool, question: str) -> None:
    """Ask, unless told not to. Raises BadValue where nobody can answer, Exit for a no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadValue("nothing was written, as nobody is there to ask: give --yes")
    if not typer.confirm(question):
        typer.echo("nothing was written")
        raise typer.Exit(1)


def _each(
    file: Path,
    starts: list[str],
    reason: str,
    change: Callable[[Note], Edit],
    bank: str | None = None,
) -> None:
    with open_for_writing(file) as memory:
        found = [find_note(memory, start, bank)[1] for start in starts]
        banks = tuple(dict.fromkeys(note.bank for note in found))
        if banks:
            edits = [change(note) for note in dict.fromkeys(found)]
            _commit(memory, Scope(banks[0], (), banks), edits, reason)
        else:
            typer.echo("nothing to change")


def _commit(memory: MemoryFile, scope: Scope, edits: list[Edit], reason: str) -> None:
    _tell(memory.edit(scope, key=new_key(), edits=edits, reason=reason))


def _tell(done: SummaryCommit) -> None:
    for version in done.versions:
        title = version_row(version)["title"]
        typer.echo(printable(f"{version.op} {version.note} version {version.version}: {title}"))
    for uid in done.echoed:
        typer.echo(f"already so: {uid}")
