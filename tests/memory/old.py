"""A file as a Steno of schema 1 left it, written row by row: today's verbs no longer can."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from memory import StepRecord, schema
from memory.episodes import content_sha256
from memory.text import sha256

AT = "2026-01-0{}T00:00:00.000000Z"


def make_v1(path: Path) -> Path:
    """Two banks; a note rewritten, one deleted, one in the other bank; a summary with its prune."""
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("BEGIN")
        for statement in schema.V1:
            conn.execute(statement)
        conn.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        conn.execute("PRAGMA user_version = 1")
        for named in (("episode", "run-a/0"), ("company", "acme")):
            conn.execute("INSERT INTO banks (kind, name, created) VALUES (?, ?, '2026')", named)
        conn.execute(
            'INSERT INTO episodes (uid, run, "index", env, seed, agent, bank, started)'
            " VALUES ('run-a/0', 'run-a', 0, 'textworld/simple', 7, 'model', 1, '2026')"
        )
        for step, text in enumerate(("a hall", "a cellar")):
            conn.execute(
                "INSERT INTO spans (uid, episode, step, kind, ordinal, text, sha256, created)"
                " VALUES (?, 'run-a/0', ?, 'observation', 0, ?, ?, '2026')",
                (f"run-a/0/{step}/observation/0", step, text, sha256(text)),
            )
            action = "look" if step else None
            record = StepRecord(step, action, sha256(text), 0.0, None, False, "0", 10)
            digest = content_sha256(record, [(step, "observation", 0, sha256(text))])
            conn.execute(
                "INSERT INTO steps VALUES ('run-a/0', ?, ?, ?, 0, NULL, 0, '0', 10, ?, '2026')",
                (step, action, sha256(text), digest),
            )
        conn.execute("INSERT INTO commits VALUES (1, 'run-a/0', '1/high_water', 'summary', 1, ?)",
                     (AT.format(1),))  # fmt: skip
        for uid, bank, title, history in (
            ("a" * 16, 1, "door", [("add", "locked", "live"), ("rewrite", "open", "live")]),
            ("b" * 16, 2, "cook", [("add", "slowly", "live")]),
            ("c" * 16, 1, "lamp", [("add", "dark", "live"), ("delete", "dark", "deleted")]),
        ):
            _note(conn, uid, bank, title, history)
        conn.execute("INSERT INTO note_sources SELECT id, 1 FROM note_versions WHERE note = ?",
                     ("a" * 16,))  # fmt: skip
        conn.execute("INSERT INTO prunes VALUES (1, 1, 'run-a/0', 1, 'summarised', ?, 50, 20, ?)",
                     ("a" * 16, AT.format(1)))  # fmt: skip
        conn.execute("INSERT INTO prune_spans VALUES (1, 1)")
        conn.execute("INSERT INTO recalls VALUES ('run-a/0', 1, 1, '2026')")
        conn.execute("COMMIT")
        conn.execute("PRAGMA journal_mode = WAL")
    path.chmod(0o600)
    return path


def _note(
    conn: sqlite3.Connection, uid: str, bank: int, title: str, history: list[tuple[str, str, str]]
) -> None:
    times = []
    for number, (op, body, state) in enumerate(history, 1):
        count = conn.execute("SELECT count(*) FROM note_versions").fetchone()[0]
        times.append(AT.format(count + 1))
        if number == 1:
            conn.execute(
                "INSERT INTO notes (uid, bank, title, body, state, version, created, updated)"
                " VALUES (?, ?, ?, ?, ?, 1, ?, ?)",
                (uid, bank, title, body, state, times[0], times[0]),
            )
        else:
            conn.execute(
                "UPDATE notes SET body = ?, state = ?, version = ?, updated = ?, deleted = ?"
                " WHERE uid = ?",
                (body, state, number, times[-1], times[-1] if state == "deleted" else None, uid),
            )
        conn.execute(
            "INSERT INTO note_versions (note, version, op, title, body, state, actor, episode,"
            " step, reason, \"commit\", at) VALUES (?, ?, ?, ?, ?, ?, 'agent', 'run-a/0', 1,"
            " 'high_water', 1, ?)",
            (uid, number, op, title, body, state, times[-1]),
        )
