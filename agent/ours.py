"""Standard output for what we say: what an environment prints beside it goes to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TextIO

_STDOUT, _STDERR = 1, 2


@contextmanager
def ours_alone() -> Iterator[TextIO]:
    """Inside, `print` and descriptor 1 (of a library in C, of a child process) lead to stderr.

    Yields what leads to standard output. A terminal keeps its descriptor: nobody parses it, and a bar on
    it must know all that is written.
    """
    out = sys.stdout
    with redirect_stdout(sys.stderr):
        if not _is_descriptor(out):
            yield out
            return
        out.flush()
        kept = os.dup(_STDOUT)
        try:
            os.dup2(_STDERR, _STDOUT)
            with open(kept, "w", encoding=out.encoding, errors=out.errors, closefd=False) as ours:
                yield ours
        finally:
            os.dup2(kept, _STDOUT)
            os.close(kept)


def _is_descriptor(out: TextIO) -> bool:
    """Whether a stream is descriptor 1 itself, and no terminal, a notebook's cell, a test's capture."""
    try:
        return out.fileno() == _STDOUT and not out.isatty()
    except (OSError, ValueError, AttributeError):
        return False
