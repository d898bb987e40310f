"""What a person names on the command line, found: a file, a bank, a note."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from memory.asof import moment
from memory.errors import BadValue, MemoryFileMissing, UnknownBank, UnknownNote
from memory.file import MemoryFile
from memory.types import Bank, Frozen, Note, Scope

FILE_NAME = "memory.sqlite"
CONFIG_NAME = "config.toml"


def locate(path: Path) -> Path:
    """The memory file at ``path``, or of the run directory ``path``. Raises MemoryFileMissing."""
    if not path.is_dir():
        return path
    named = _named_by_config(path)
    if named is not None:
        return named
    inside = path / FILE_NAME
    if not inside.exists():
        raise MemoryFileMissing(
            f"{path} holds no {FILE_NAME}: give a memory file or a run directory"
        )
    return inside


def _named_by_config(run: Path) -> Path | None:
    """The memory file that a run's config names; None where the run has one of its own."""
    place = run / CONFIG_NAME
    if not place.exists():
        return None
    try:
        config: dict[str, Any] = tomllib.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MemoryFileMissing(
            f"{place} cannot be read ({error}): give the memory file itself"
        ) from error
    named = config.get("memory")
    if not isinstance(named, str):
        return None
    tried = [folder / named for folder in _started_in(run, config.get("out"))]
    for found in tried:
        if found.exists():
            return found
    raise MemoryFileMissing(
        f"{place} says memory = {named!r}, and there is no {' or '.join(map(str, tried))}: give the "
        "memory file itself"
    )


def _started_in(run: Path, out: object) -> list[Path]:
    """Folders that a relative path in a run's config may start from, the likeliest first.

    It starts from where ``steno run`` was called: above the run directory by the path that the run
    was given for it, or by the default, ``runs/NAME``. Else from here.
    """
    whole = run.absolute()
    given = Path(out) if isinstance(out, str) else Path("runs") / whole.name
    own = whole.parts[len(whole.parts) - len(given.parts) :] == given.parts
    above = [] if given.is_absolute() or not own else [Path(*whole.parts[: -len(given.parts)])]
    return list(dict.fromkeys([*above, Path.cwd()]))


def open_for_reading(path: Path, *, older: bool = False) -> MemoryFile:
    """The memory file, read-only. Raises what ``MemoryFile.open`` raises."""
    return MemoryFile.open(locate(path), read_only=True, older=older)


def open_for_writing(path: Path, *, migrating: bool = False, create: bool = False) -> MemoryFile:
    """The memory file, which must be there unless ``create``. Raises what ``MemoryFile.open`` raises."""
    place = locate(path)
    if not create and not place.exists():
        raise MemoryFileMissing(f"{place} does not exist: give an existing memory file")
    return MemoryFile.open(place, migrating=migrating)


def kind_and_name(name: str) -> tuple[str, str]:
    """The two parts of KIND/NAME. Raises UnknownBank."""
    kind, slash, rest = name.partition("/")
    if not slash:
        raise UnknownBank(f"bank {name!r} has no kind: give KIND/NAME, such as person/ada")
    return kind, rest


def find_bank(memory: MemoryFile, name: str) -> Bank:
    """The bank of this KIND/NAME. Raises UnknownBank; it makes none."""
    return memory.find_bank(*kind_and_name(name))


def scope_of(memory: MemoryFile, name: str | None, at: str | None = None) -> Scope | None:
    """A person's scope: the bank named, or every bank. None where the file has no bank yet."""
    banks = memory.banks() if name is None else [find_bank(memory, name)]
    if not banks:
        return None
    frozen = Frozen(tuple(banks), moment(at)) if at is not None else None
    return Scope(banks[0], tuple(banks), (), frozen)


def find_note(memory: MemoryFile, start: str, bank: str | None = None) -> tuple[Scope, Note]:
    """A note by the start of its uid, of the file or a bank, with a scope that may change it.

    Raises UnknownNote and UnknownBank.
    """
    scope = scope_of(memory, bank)
    if scope is None:
        raise UnknownNote(f"the file holds no notes yet, so none is {start!r}")
    note = memory.note_starting(scope, start)
    return Scope(note.bank), note


def upto(version: int | None, at: str | None) -> str | None:
    """The time of --at. Raises BadValue where a version is named as well."""
    if version is not None and at is not None:
        raise BadValue("a version and --at contradict each other: give one of them")
    return None if at is None else moment(at)
