"""Every error that the memory file raises.

Each carries one clear line: what was wrong, the value, and what would be right.
"""

from __future__ import annotations


class MemoryFileError(Exception):
    """Base of all errors of the memory file; ``str(error)`` is one line for a person."""


class MemoryFileMissing(MemoryFileError):
    """There is no file (or no folder to make it in) at the path given."""


class NotAMemoryFile(MemoryFileError):
    """The path holds something else: a folder, no SQLite, or another application's database."""


class MemoryFileDamaged(MemoryFileError):
    """SQLite finds the file malformed, for example truncated."""


class NewerSchema(MemoryFileError):
    """The file was written by a newer Steno than this one."""


class OlderSchema(MemoryFileError):
    """An older Steno wrote the file: a person migrates it, and nothing does in passing."""


class MemoryFileReadOnly(MemoryFileError):
    """A write to a file, folder or handle that only allows reading."""


class MemoryFileFull(MemoryFileError):
    """The disk is full, or reading or writing it failed."""


class MemoryFileBusy(MemoryFileError):
    """Another writer held the file for longer than the busy timeout."""


class Conflict(MemoryFileError):
    """What the caller saw is no longer so: a stale version, or a key used for other content."""


class OutOfScope(MemoryFileError):
    """A note or bank outside the scope that the caller was given."""


class UnknownNote(MemoryFileError):
    """No note, or no such version of it, has this uid."""


class UnknownEpisode(MemoryFileError):
    """No episode has this uid."""


class UnknownSpan(MemoryFileError):
    """A source or pruned span that is not stored for this episode."""


class UnknownBank(MemoryFileError):
    """No bank has this kind and name."""


class BadBankName(MemoryFileError):
    """A bank's kind or name that is not allowed."""


class BadText(MemoryFileError):
    """Text that cannot be kept: empty, too long, with a NUL, or not valid Unicode."""


class BadValue(MemoryFileError):
    """A number, kind or key that a row cannot hold."""
