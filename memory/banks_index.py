"""The index of each bank that was asked about, kept in step with the file."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memory.index import Index
from memory.relevance import Words
from memory.store import first
from memory.types import Bank

if TYPE_CHECKING:
    from sqlite_utils import Database

# What is kept in memory, least recently asked first to go: about 1 KB a note.
MOST_NOTES = 100_000


@dataclass(slots=True)
class _Kept:
    index: Index
    upto: str
    """The newest ``updated`` that it has seen; the file gives no two notes the same."""


class BankIndexes:
    """One index a bank, of its live notes. To be called under the store's lock."""

    def __init__(self, most_notes: int = MOST_NOTES) -> None:
        self.words = Words()
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._most_notes = most_notes

    def close(self) -> None:
        """Let go of everything."""
        self._kept.clear()
        self.words.close()

    def of(self, db: Database, bank: Bank) -> Index:
        """The bank's index as the file now stands, whoever wrote to it."""
        kept = self._kept.pop(bank.id, None)
        if kept is None or kept.index.dead > len(kept.index) + 1000:
            kept = _Kept(Index(), "")
        newest = first(db, "SELECT max(updated) AS at FROM notes WHERE bank = ?", (bank.id,))
        at = (newest or {})["at"] or ""
        if at > kept.upto:
            # A first reading goes by row id, along which a bank's notes lie side by side.
            changed = db.execute(
                "SELECT id, title, body, state FROM notes WHERE bank = ? AND updated > ?"
                if kept.upto
                else "SELECT id, title, body, state FROM notes WHERE bank = ? AND ? = ''",
                (bank.id, kept.upto),
            ).fetchall()
            for note, _, _, state in changed:
                if state != "live":
                    kept.index.remove(note)
            live = [(note, title, body) for note, title, body, state in changed if state == "live"]
            kept.index.put(self.words, sorted(live))
            kept.upto = at
        self._kept[bank.id] = kept
        self._trim()
        return kept.index

    def _trim(self) -> None:
        held = sum(len(kept.index) for kept in self._kept.values())
        while held > self._most_notes and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            held -= len(gone.index)
