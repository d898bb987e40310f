"""A directory that whoever works in it cannot leave.

Every path is walked one name at a time, each opened in the directory that the one before it gave,
and never through a link. So there is no moment between looking and opening: who swaps a directory for
a symbolic link meanwhile gets a refusal, not a file from elsewhere. What is read or replaced must be a
plain file with one name: no link (symbolic or hard), no device, no pipe.
"""

import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

MAX_FILE_BYTES = 64 * 1024
MAX_FILES = 200
MAX_DEPTH = 6
# Begins with a letter or a digit, so '.', '..', hidden and temporary files are none.
_NAME = re.compile(r"[^\W_][\w.+ -]{0,79}", re.ASCII)
_TEMPORARY = ".writing-"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a pipe would wait for somebody at its other end.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Refused(Exception):
    """A file operation that is not done; the text tells why, in words for who asked."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a directory; `size` is in bytes, None for a directory."""

    path: str
    size: int | None


class Sandbox:
    """Reads and writes text files under `root`, and nothing else.

    Paths are relative, with '/' between names. Raises `Refused` for whatever is not done, and
    `OSError` only where `root` itself cannot be opened.
    """

    def __init__(self, root: Path) -> None:
        self._root = os.open(root, _DIRECTORY)

    def close(self) -> None:
        """Let go of the directory; the files stay. A second close does nothing."""
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    def entries(self, path: str = "") -> list[Entry]:
        """The files and directories in a directory, by name; what is neither is left out."""
        names = _names(path)
        with self._directory(names, path) as directory:
            return list(_entries(directory, names))

    def files(self) -> list[Entry]:
        """Every file in every directory, by path."""
        found: list[Entry] = []
        waiting: list[tuple[str, ...]] = [()]
        while waiting:
            names = waiting.pop()
            # A directory may vanish, or turn into a link, after it was listed.
            with suppress(Refused), self._directory(names, "/".join(names)) as directory:
                for entry in _entries(directory, names):
                    if entry.size is not None:
                        found.append(entry)
                    elif len(names) < MAX_DEPTH - 1:
                        waiting.append((*names, entry.path.rpartition("/")[2]))
            if len(found) > 2 * MAX_FILES:
                break
        return sorted(found, key=lambda entry: entry.path)

    def read(self, path: str) -> str:
        """The text of a file; bytes that are no UTF-8 are shown as such."""
        *above, name = _names(path, "a file")
        with self._directory(above, path) as directory:
            try:
                descriptor = os.open(name, _READ, dir_fd=directory)
            except OSError as error:
                raise Refused(f"there is no file {path!r} that can be read") from error
            try:
                _check(os.fstat(descriptor), path)
                with os.fdopen(descriptor, "rb", closefd=False) as file:
                    content = file.read(MAX_FILE_BYTES + 1)
            except OSError as error:
                raise Refused(f"{path!r} cannot be read") from error
            finally:
                os.close(descriptor)
        if len(content) > MAX_FILE_BYTES:
            raise Refused(f"{path!r} is longer than {MAX_FILE_BYTES} bytes")
        return content.decode("utf-8", "backslashreplace")

    def write(self, path: str, text: str) -> None:
        """Make a file, or replace one, with the directories above it. Readers see old or new."""
        *above, name = _names(path, "a file")
        content = text.encode("utf-8", "backslashreplace")
        if len(content) > MAX_FILE_BYTES:
            raise Refused(f"{len(content)} bytes are too many for a file: {MAX_FILE_BYTES} at most")
        known = {entry.path for entry in self.files()}
        if path not in known and len(known) >= MAX_FILES:
            raise Refused(f"there are {len(known)} files already: no more can be made")
        with self._directory(above, path, make=True) as directory:
            with suppress(FileNotFoundError):
                _check(os.stat(name, dir_fd=directory, follow_symlinks=False), path)
            temporary = _TEMPORARY + secrets.token_hex(8)
            try:
                descriptor = os.open(temporary, _CREATE, 0o600, dir_fd=directory)
                try:
                    with os.fdopen(descriptor, "wb") as file:
                        file.write(content)
                    # A link that has come in between is replaced by this, not followed.
                    os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
                except BaseException:
                    with suppress(OSError):
                        os.unlink(temporary, dir_fd=directory)
                    raise
            except OSError as error:
                raise Refused(f"{path!r} cannot be written") from error

    @contextmanager
    def _directory(
        self, names: "list[str] | tuple[str, ...]", path: str, *, make: bool = False
    ) -> Iterator[int]:
        """The descriptor of a directory, walked to from the root."""
        if self._root < 0:
            raise Refused("the directory is closed")
        here = os.dup(self._root)
        try:
            for name in names:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, 0o700, dir_fd=here)
                there = os.open(name, _DIRECTORY, dir_fd=here)
                os.close(here)
                here = there
        except OSError as error:
            os.close(here)
            raise Refused(f"there is no directory for {path!r}") from error
        try:
            yield here
        finally:
            os.close(here)


def _names(path: str, what: str = "") -> list[str]:
    """The names of a path, checked one by one. With `what`, there must be one."""
    names = path.split("/") if path not in ("", ".") else []
    if names and names[-1] == "" and not what:
        names.pop()  # "notes/" is a fine name of a directory
    if not names and what:
        raise Refused(f"name {what}, such as notes.txt")
    for name in names:
        if not _NAME.fullmatch(name):
            raise Refused(
                f"{path!r} is not allowed: paths stay in this directory, and names are letters, "
                "digits, spaces and . _ + -"
            )
    if len(names) > MAX_DEPTH:
        raise Refused(f"{path!r} is not allowed: at most {MAX_DEPTH} names deep")
    return names


def _entries(directory: int, names: "list[str] | tuple[str, ...]") -> Iterator[Entry]:
    """What may be worked with in an open directory, by name."""
    with os.scandir(directory) as found:
        for entry in sorted(found, key=lambda entry: entry.name):
            if not _NAME.fullmatch(entry.name):
                continue
            try:
                about = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # it has just gone
            path = "/".join((*names, entry.name))
            if stat.S_ISDIR(about.st_mode):
                yield Entry(path, None)
            elif stat.S_ISREG(about.st_mode) and about.st_nlink == 1:
                yield Entry(path, about.st_size)


def _check(about: os.stat_result, path: str) -> None:
    """Raise `Refused` for what is no plain file with one name."""
    if stat.S_ISDIR(about.st_mode):
        raise Refused(f"{path!r} is a directory")
    if not stat.S_ISREG(about.st_mode) or about.st_nlink > 1:
        raise Refused(f"{path!r} is no plain file")
