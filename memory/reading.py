"""The verbs that read. None of them leaves a transaction open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from memory import changes, commits, episodes, finding, notes, prunes, text
from memory.banks_index import BankIndexes
from memory.recall import choose
from memory.store import Store, first, rows
from memory.types import (
    NOTE_STATES,
    Bank,
    Episode,
    Figures,
    Note,
    NoteVersion,
    PruneRecord,
    Recall,
    Scope,
    Span,
    StepRecord,
)


class Reading:
    """Reading verbs, over a store."""

    _store: Store
    _indexes: BankIndexes

    def banks(self) -> list[Bank]:
        """Every bank, oldest first."""
        with self._store.read() as db:
            return episodes.banks(db)

    def find_bank(self, kind: str, name: str) -> Bank:
        """The bank of this kind and exact name (in NFC). Raises UnknownBank and BadBankName."""
        with self._store.read() as db:
            return episodes.find_bank(db, kind, name)

    def episodes(self) -> list[Episode]:
        """Every episode, in the order in which they started."""
        with self._store.read() as db:
            return episodes.all_episodes(db)

    def live_notes(self, scope: Scope) -> list[Note]:
        """The live notes of the scope's banks, oldest first. Raises UnknownBank."""
        with self._store.read() as db:
            return notes.in_scope(db, scope, ("live",))

    def all_notes(self, scope: Scope) -> list[Note]:
        """The notes of the scope's banks in any state, oldest first. Raises UnknownBank."""
        with self._store.read() as db:
            return notes.in_scope(db, scope, NOTE_STATES)

    def notes(
        self, scope: Scope, states: Sequence[str] = ("live",), limit: int | None = None
    ) -> list[Note]:
        """The scope's notes in one of the states, oldest first; at most ``limit``, the newest.

        Raises UnknownBank and BadValue.
        """
        for state in states:
            text.one_of(state, NOTE_STATES, "note state")
        with self._store.read() as db:
            return notes.in_scope(db, scope, states, limit)

    def note(self, scope: Scope, uid: str) -> Note:
        """One note, in any state. Raises UnknownNote, OutOfScope, UnknownBank."""
        with self._store.read() as db:
            return notes.seen(db, scope, uid)

    def banks_of(self, uids: Sequence[str]) -> dict[str, Bank]:
        """The banks of the notes with these uids, in any state; a uid of no note is left out."""
        with self._store.read() as db:
            return notes.banks_of(db, uids)

    def note_starting(self, scope: Scope, start: str) -> Note:
        """The note as it now stands whose uid is, or alone begins with, ``start``.

        Raises UnknownNote (also where several do) and UnknownBank.
        """
        with self._store.read() as db:
            return notes.with_uid(db, scope, start)

    def search(self, scope: Scope, query: str, limit: int = 5) -> list[Note]:
        """At most ``limit`` live notes of the scope that share a word with ``query``, best first.

        Any text is a legal query. The order depends on the notes of the scope alone, so that
        episodes that write into the same file at the same time cannot change it.
        Raises UnknownBank.
        """
        with self._store.read() as db:
            return finding.search(db, self._indexes, scope, query, limit)

    def search_file(self, query: str, limit: int = 5) -> list[Note]:
        """The same over every bank of the file: a person's search, not an agent's.

        It takes a second or two in a file of a million notes.
        """
        with self._store.read() as db:
            return finding.search_file(db, query, limit)

    def find(
        self,
        query: str,
        states: Sequence[str] = ("live", "proposed"),
        limit: int = 200,
        bank: Bank | None = None,
    ) -> list[Note]:
        """At most ``limit`` notes that hold all that a person has typed so far, best first.

        Each word of the query may be the beginning of one. `bank` None: every bank of the file.
        It takes a second or two in a file of a million notes. Raises UnknownBank and BadValue.
        """
        for state in states:
            text.one_of(state, NOTE_STATES, "note state")
        with self._store.read() as db:
            if bank is not None:
                episodes.check_bank(db, bank)
            return finding.find(db, query, states, limit, bank)

    def recall(
        self, scope: Scope, query: str, budget: int, cost: Callable[[Note], int]
    ) -> list[Note]:
        """The live notes to show within ``budget`` tokens: see ``memory.choose``.

        It chooses among every pinned note, and as many of those most relevant to ``query`` and of
        those most recently updated as the budget holds at 8 tokens a note. ``cost`` gives a
        note's tokens; it runs after the file was read.
        Raises UnknownBank.
        """
        with self._store.read() as db:
            found, relevant = finding.candidates(db, self._indexes, scope, query, budget)
        return choose(found, relevant, budget, cost)

    def asks_for_approval(self, bank: Bank) -> bool:
        """Whether what agents write into the bank waits for a person. Raises UnknownBank."""
        with self._store.read() as db:
            episodes.check_bank(db, bank)
            return changes.asks_for_approval(db, bank)

    def newest_change(self) -> str:
        """When the newest version of any note was written, ISO-8601 UTC; "" before the first.

        What ``Frozen.at`` wants in order to read banks as they now are.
        """
        with self._store.read() as db:
            row = first(db, "SELECT at FROM note_versions ORDER BY id DESC LIMIT 1")
            return row["at"] if row else ""

    def versions(self, scope: Scope, uid: str) -> list[NoteVersion]:
        """A note's history, oldest first. Raises UnknownNote, OutOfScope, UnknownBank."""
        with self._store.read() as db:
            return notes.versions(db, scope, uid)

    def sources(
        self, scope: Scope, uid: str, version: int | None = None, *, upto: str | None = None
    ) -> list[Span]:
        """The spans that a version (any, where None) of a note summarises, oldest first.

        ``upto`` a time (ISO-8601 UTC): those that the versions of then had then.
        Raises UnknownNote, OutOfScope, UnknownBank.
        """
        with self._store.read() as db:
            numbers = None if version is None else [version]
            return notes.sources(db, scope, uid, numbers, upto=upto)

    def steps(self, episode: str) -> list[StepRecord]:
        """The committed steps of an episode, in order. Raises UnknownEpisode."""
        with self._store.read() as db:
            return episodes.steps(db, episode)

    def spans(
        self, episode: str, *, step: int | None = None, kind: str | None = None
    ) -> list[Span]:
        """The spans of an episode (of one step, or one kind), as stored. Raises UnknownEpisode."""
        with self._store.read() as db:
            return episodes.spans(db, episode, step, kind)

    def prunes(self, episode: str) -> list[PruneRecord]:
        """The prunes of an episode, in order. Raises UnknownEpisode."""
        with self._store.read() as db:
            return prunes.of_episode(db, episode)

    def recalls(self, episode: str) -> list[Recall]:
        """What entered the window of an episode, in order. Raises UnknownEpisode."""
        with self._store.read() as db:
            return commits.recalls(db, episode)

    def uncovered(self, episode: str) -> list[str]:
        """Pruned spans with neither raw text nor a covering note: always none.

        Raises UnknownEpisode.
        """
        with self._store.read() as db:
            return prunes.uncovered(db, episode)

    def bank_health(self) -> list[dict[str, object]]:
        """The view ``bank_health``: a row a bank, oldest first."""
        with self._store.read() as db:
            return rows(db, "SELECT * FROM bank_health")

    def figures(self) -> Figures:
        """How many rows the file holds, by kind."""
        with self._store.read() as db:
            row = rows(
                db,
                "SELECT (SELECT count(*) FROM banks) AS banks,"
                " (SELECT count(*) FROM episodes) AS episodes,"
                " (SELECT count(*) FROM steps) AS steps,"
                " (SELECT count(*) FROM spans) AS spans,"
                " (SELECT count(*) FROM notes WHERE state = 'live') AS notes,"
                " (SELECT count(*) FROM note_versions) AS versions,"
                " (SELECT count(*) FROM recalls) AS recalls,"
                " (SELECT count(*) FROM prunes) AS prunes",
            )[0]
            return Figures(**row)
