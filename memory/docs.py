"""The schema of a memory file as ``docs/memory.md`` shows it: from a fresh file, not from memory.

``python -m memory.docs docs/memory.md`` writes it between the marks there; a test compares.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from pathlib import Path

from memory.expected import fresh
from memory.migrations import MIGRATIONS

BEGIN, END = "<!-- schema: written by python -m memory.docs -->", "<!-- end of schema -->"


def schema() -> str:
    """Tables, views, indexes and triggers after every migration, as Markdown."""
    with fresh() as conn:
        found = conn.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
            " AND name NOT LIKE 'notes_fts_%' ORDER BY rowid"
        ).fetchall()
        parts = [f"`PRAGMA user_version` is {len(MIGRATIONS)}.", ""]
        for kind in ("table", "view"):
            for _, name, _, sql in (row for row in found if row[0] == kind):
                parts += [f"### {name}", "", *_columns(conn, name), "", "```sql", sql, "```", ""]
    parts += ["### indexes and triggers", ""]
    parts += [f"- {kind} `{name}` on `{table}`" for kind, name, table, _ in found
              if kind in ("index", "trigger")]  # fmt: skip
    return "\n".join(parts)


def _columns(conn: sqlite3.Connection, table: str) -> list[str]:
    names = [row[1] for row in conn.execute(f"PRAGMA table_xinfo({table})") if row[6] == 0]
    return [", ".join(f"`{name}`" for name in names)]


def updated(document: str) -> str:
    """The document with the schema between its marks. Raises ValueError where they are missing."""
    if document.count(BEGIN) != 1 or document.count(END) != 1:
        raise ValueError(f"the document needs one {BEGIN!r} and one {END!r}")
    pattern = re.escape(BEGIN) + ".*" + re.escape(END)
    return re.sub(pattern, lambda _: f"{BEGIN}\n\n{schema()}\n\n{END}", document, flags=re.DOTALL)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.write_text(updated(place.read_text(encoding="utf-8")), encoding="utf-8")
