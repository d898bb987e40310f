"""Finding notes: in a scope, by its own statistics; over a whole file, for a person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from memory import asof, notes
from memory.banks_index import BankIndexes
from memory.index import Index, best
from memory.relevance import QUERY_MAX_WORDS, match_any, match_beginnings, plain_words
from memory.store import rows
from memory.text import BODY_MAX_CHARS, storable
from memory.types import Bank, Note, Scope

if TYPE_CHECKING:
    from sqlite_utils import Database

# Candidates of a recall: as many of each sort as fit into its budget at so many tokens a note.
TOKENS_A_NOTE = 8
LEAST_CANDIDATES, MOST_CANDIDATES = 16, 512


def search(db: Database, indexes: BankIndexes, scope: Scope, query: str, limit: int) -> list[Note]:
    """At most ``limit`` live notes of the scope that share a word with ``query``, best first."""
    return _ranked(db, indexes, scope, asof.overlay(db, scope), query, limit)


def candidates(
    db: Database, indexes: BankIndexes, scope: Scope, query: str, budget: int
) -> tuple[list[Note], list[str]]:
    """The live notes that a recall chooses from, and the uids of the relevant ones, best first.

    Every pinned note, and as many of the most relevant and of the most recently updated as a
    ``budget`` of tokens might hold.
    """
    notes.bank_ids(db, scope)
    most = min(max(budget // TOKENS_A_NOTE, LEAST_CANDIDATES), MOST_CANDIDATES)
    over = asof.overlay(db, scope)
    relevant = _ranked(db, indexes, scope, over, query, most)
    ids: set[int] = set()
    newest: list[tuple[str, int]] = []
    for bank in scope.readable:
        pinned = db.execute(
            "SELECT id FROM notes INDEXED BY notes_pinned"
            " WHERE bank = ? AND pinned = 1 AND state = 'live'",
            (bank.id,),
        )
        ids.update(note for (note,) in pinned.fetchall())
        newest += db.execute(
            "SELECT updated, id FROM notes INDEXED BY notes_updated"
            " WHERE bank = ? AND state = 'live' ORDER BY updated DESC LIMIT ?",
            (bank.id, most + len(over.hidden)),
        ).fetchall()
    seen = sorted((pair for pair in newest if pair[1] not in over.hidden), reverse=True)
    ids.update(note for _, note in seen[:most])
    known = {note.uid: note for note in relevant}
    for note in notes.by_ids(db, sorted(ids - over.hidden)):
        known.setdefault(note.uid, note)
    known.update((note.uid, note) for note in over.then.values() if note.state == "live")
    return list(known.values()), [note.uid for note in relevant]


def _ranked(
    db: Database,
    indexes: BankIndexes,
    scope: Scope,
    over: asof.Overlay,
    query: str,
    limit: int,
) -> list[Note]:
    notes.bank_ids(db, scope)
    terms = indexes.words.of_query(query)
    if not terms or limit <= 0:
        return []
    views = [
        indexes.of(db, bank).view(over.hidden)
        for bank in sorted(scope.readable, key=lambda bank: bank.id)
    ]
    then = {row: note for row, note in over.then.items() if note.state == "live"}
    if then:
        old = Index()
        texts = [(row, note.title, note.body) for row, note in sorted(then.items())]
        old.put(indexes.words, texts)
        views.append(old.view())
    hits = [row for row, _ in best(views, terms, limit)]
    found = dict(notes.numbered(db, [row for row in hits if row not in then])) | then
    return [found[row] for row in hits]


def search_file(db: Database, query: str, limit: int) -> list[Note]:
    """At most ``limit`` live notes of the whole file, best first, whatever their bank.

    For a person: words are weighed by all banks together. FTS5 reads every note that has one of
    the words, a second or two in a file of a million notes.
    """
    expression = match_any(plain_words(query))
    if expression is None or limit <= 0:
        return []
    found = rows(
        db,
        "SELECT n.id FROM notes_fts JOIN notes n ON n.id = notes_fts.rowid"
        " WHERE notes_fts MATCH ? AND n.state = 'live'"
        " ORDER BY bm25(notes_fts, 2.0, 1.0), n.id LIMIT ?",
        (expression, limit),
    )
    stored = dict(notes.numbered(db, [row["id"] for row in found]))
    return [stored[row["id"]] for row in found]


def find(
    db: Database, query: str, states: Sequence[str], limit: int, bank: Bank | None
) -> list[Note]:
    """At most ``limit`` notes that hold all that a person has typed so far, best first.

    Each word may be the beginning of one. The index knows words by their stems, of which a half-typed
    word need not be a beginning ("cooki"), so the texts themselves are looked through for the rest.
    """
    # SQLite would end a pattern at a NUL; no note holds one.
    pieces = storable(query).replace("\0", "\ufffd").split()[:QUERY_MAX_WORDS]
    if not pieces or limit <= 0:
        return []
    where = (
        "n.state IN (SELECT value FROM json_each(:states)) AND (:bank IS NULL OR n.bank = :bank)"
    )
    bound: dict[str, object] = {"states": json.dumps(list(states)), "limit": limit}
    bound["bank"] = None if bank is None else bank.id
    ids: list[int] = []
    expression = match_beginnings(plain_words(query))
    if expression is not None:
        found = rows(
            db,
            "SELECT n.id FROM notes_fts JOIN notes n ON n.id = notes_fts.rowid"
            f" WHERE notes_fts MATCH :expression AND {where}"
            " ORDER BY bm25(notes_fts, 2.0, 1.0), n.id LIMIT :limit",
            {**bound, "expression": expression},
        )
        ids += [row["id"] for row in found]
    if len(ids) < limit:
        told = {f"piece{n}": _anywhere(piece) for n, piece in enumerate(pieces)}
        held = " AND ".join(
            f"(n.title LIKE :{name} ESCAPE '\\' OR n.body LIKE :{name} ESCAPE '\\')"
            for name in told
        )
        found = rows(
            db,
            f"SELECT n.id FROM notes n WHERE {where} AND {held} ORDER BY n.id DESC LIMIT :limit",
            {**bound, **told},
        )
        known = set(ids)
        ids += [row["id"] for row in found if row["id"] not in known]
    stored = dict(notes.numbered(db, ids[:limit]))
    return [stored[each] for each in ids[:limit]]


def _anywhere(piece: str) -> str:
    """A LIKE pattern; SQLite takes none over 50,000 characters, and no text holds one of 10,000."""
    for special in "\\%_":
        piece = piece.replace(special, f"\\{special}")
    return f"%{piece[:BODY_MAX_CHARS]}%"
