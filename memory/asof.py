"""Banks that stand still: which of their notes have changed since, and what they were then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from memory.errors import BadValue
from memory.store import rows
from memory.types import Bank, Note, Scope

if TYPE_CHECKING:
    from sqlite_utils import Database


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a frozen scope sees otherwise: which notes are hidden, and those that were there, by row
    id, as they were ``then``."""

    hidden: frozenset[int] = frozenset()
    hidden_uids: frozenset[str] = frozenset()
    then: Mapping[int, Note] = field(default_factory=dict)


def overlay(db: Database, scope: Scope) -> Overlay:
    """What has changed in the scope's frozen banks since. Empty for a scope without any."""
    frozen = scope.frozen
    banks = {bank.id: bank for bank in scope.readable}
    standing = [bank.id for bank in frozen.banks if bank.id in banks] if frozen else []
    if frozen is None or not standing:
        return Overlay()
    changed = rows(
        db,
        "SELECT n.id, n.uid, n.bank, n.version AS current, (SELECT max(v.version)"
        "   FROM note_versions v WHERE v.note = n.uid AND (v.at <= ? OR v.episode = ?)) AS seen"
        " FROM notes n WHERE n.bank IN (SELECT value FROM json_each(?)) AND n.updated > ?",
        (frozen.at, frozen.episode, json.dumps(standing), frozen.at),
    )
    changed = [row for row in changed if row["seen"] != row["current"]]
    then = {
        row["id"]: _as_seen(db, row["uid"], row["seen"], banks[row["bank"]])
        for row in changed
        if row["seen"] is not None
    }
    return Overlay(
        frozenset(row["id"] for row in changed),
        frozenset(row["uid"] for row in changed),
        then,
    )


def _as_seen(db: Database, uid: str, version: int, bank: Bank) -> Note:
    [row] = rows(
        db,
        "SELECT v.title, v.body, v.state, v.tokens, v.pinned, v.at, (SELECT min(w.at) FROM"
        " note_versions w WHERE w.note = v.note) AS created FROM note_versions v"
        " WHERE v.note = ? AND v.version = ?",
        (uid, version),
    )
    return Note(
        uid,
        bank,
        row["title"],
        row["body"],
        # A purge reaches into the past: no window may show what has no words any more.
        row["state"] if row["title"] else "deleted",
        version,
        row["tokens"],
        bool(row["pinned"]),
        row["created"],
        row["at"],
    )


def moment(text: str) -> str:
    """A time as the file writes it, from ISO-8601; one without a zone is UTC. Raises BadValue.

    A date alone is its last microsecond: what was written on that day is seen.
    """
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadValue(
            f"time {text!r} is not ISO-8601: write it like 2026-11-22 or 2026-11-22T13:05:00Z"
        ) from None
    if len(text.strip()) <= len("2026-11-22"):
        given = given.replace(hour=23, minute=59, second=59, microsecond=999_999)
    if given.tzinfo is None:
        given = given.replace(tzinfo=UTC)
    try:
        given = given.astimezone(UTC)
    except OverflowError:
        raise BadValue(f"time {text!r} lies outside the years 1 to 9999 in UTC") from None
    # Not strftime: it writes the year 999 in three digits, and times are compared as texts.
    return given.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
