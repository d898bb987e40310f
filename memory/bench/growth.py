"""How large a memory file has become while somebody writes to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def committed_bytes(path: Path) -> int:
    """What the file takes once all that is committed has gone into it.

    Its size on disk grows in leaps of megabytes, whenever the write-ahead log is emptied into it.
    """
    address = f"{path.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as db:
        [pages] = db.execute("PRAGMA page_count").fetchone()
        [size] = db.execute("PRAGMA page_size").fetchone()
    return int(pages) * int(size)
