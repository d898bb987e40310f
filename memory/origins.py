"""Where a note came from and where it went: versions, spans, thoughts, recalls. Read only."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from memory import notes, prunes
from memory.errors import UnknownNote
from memory.store import rows
from memory.types import NoteVersion, PruneRecord, Recall, Scope, Span

if TYPE_CHECKING:
    from sqlite_utils import Database


# These leave a note's words as an earlier version wrote them.
_WORDLESS = ("pin", "unpin", "approve", "restore")


@dataclass(frozen=True, slots=True)
class Origin:
    """A version and the one that wrote its words: the spans that it summarises, what was thought and
    written when it was made, the prunes that it covers, and the windows that its words entered."""

    version: NoteVersion
    written_by: NoteVersion
    sources: tuple[Span, ...]
    written_in: tuple[Span, ...]
    prunes: tuple[PruneRecord, ...]
    recalls: tuple[Recall, ...]


def why(db: Database, scope: Scope, uid: str, version: int | None, upto: str | None) -> Origin:
    """Walk back from a version (the newest, where None), and forward to its prunes and recalls.

    Of what has a time of its own, what is on record ``upto`` that time.
    """
    history = notes.versions(db, scope, uid)
    if version is not None and not 1 <= version <= len(history):
        raise UnknownNote(f"note {uid} has no version {version}: it has 1 to {len(history)}")
    alike = _alike(history[:version])
    numbers = json.dumps([one.version for one in alike])
    of = alike[0]
    written_in = rows(
        db,
        "SELECT uid, episode, step, kind, ordinal, text, sha256, created, erased FROM spans"
        " WHERE episode = ? AND step = ? AND (kind = 'thought' OR id IN"
        "   (SELECT value FROM json_each(?))) ORDER BY id",
        (of.episode, of.step, json.dumps(summaries(db, uid, of.version))),
    )
    found = rows(
        db,
        "SELECT r.episode, r.step, v.note, v.version FROM recalls r JOIN note_versions v"
        " ON v.id = r.version WHERE v.note = ?1 AND v.version IN (SELECT value FROM json_each(?2))"
        " AND (?3 IS NULL OR r.at <= ?3) ORDER BY r.rowid",
        (uid, numbers, upto),
    )
    ids = rows(
        db,
        "SELECT id FROM note_versions WHERE note = ?"
        " AND version IN (SELECT value FROM json_each(?))",
        (uid, numbers),
    )
    return Origin(
        alike[-1],
        of,
        tuple(notes.sources(db, scope, uid, [one.version for one in alike], upto=upto)),
        tuple(Span(**row) for row in written_in),
        tuple(
            _within(db, scope, prune)
            for prune in prunes.of_versions(db, [row["id"] for row in ids], upto)
        ),
        tuple(Recall(**row) for row in found),
    )


def _within(db: Database, scope: Scope, prune: PruneRecord) -> PruneRecord:
    """The prune with those of its notes that the scope may read."""
    banks = notes.banks_of(db, prune.notes)
    return replace(prune, notes=tuple(uid for uid in prune.notes if banks[uid] in scope.readable))


def _alike(history: list[NoteVersion]) -> list[NoteVersion]:
    """The last version with those before it that have its words, from the one that wrote them on."""
    last = history[-1]
    alike = [last]
    for one in reversed(history[:-1]):
        if alike[-1].op not in _WORDLESS:
            break
        if (one.title, one.body) == (last.title, last.body) and one.op != "delete":
            alike.append(one)
    return alike[::-1]


def summaries(db: Database, uid: str, version: int | None = None) -> list[int]:
    """The row ids of the raw summaries that wrote a version (any, where None) of a note.

    A step may hold several: one for a full window, one at the end. The one that wrote a version was
    stored by the same transaction and bears its time. Where none does (a caller may have stored it
    with the step), every summary of the step may be the one.
    """
    found = rows(
        db,
        "SELECT v.id AS version, s.id, s.created = c.at AS exact FROM note_versions v"
        ' JOIN commits c ON c.id = v."commit" JOIN spans s ON s.episode = v.episode'
        "  AND s.step = v.step AND s.kind = 'summary'"
        " WHERE v.note = ? AND (? IS NULL OR v.version = ?) ORDER BY s.id",
        (uid, version, version),
    )
    known = {row["version"] for row in found if row["exact"]}
    return [row["id"] for row in found if row["exact"] or row["version"] not in known]
