"""MemoryFile: the verbs of a memory file. Each writing verb is exactly one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from memory import commits, episodes, notes, relevance
from memory.errors import BadValue
from memory.store import BUSY_TIMEOUT_S, Store, rows
from memory.types import (
    Add,
    Bank,
    Delete,
    Episode,
    Figures,
    NewSpan,
    Note,
    NoteChange,
    NoteVersion,
    Prune,
    PruneRecord,
    Recall,
    Scope,
    Span,
    StepRecord,
    SummaryCommit,
)


class MemoryFile:
    """An open memory file. Usable from any thread, one call at a time; a context manager.

    Any verb may raise MemoryFileBusy (another writer held on for longer than the busy timeout),
    MemoryFileFull (no room, or I/O failed), MemoryFileDamaged and, where it writes,
    MemoryFileReadOnly. An error of any kind leaves the file as it was before the call.
    """

    def __init__(self, store: Store) -> None:
        """Use ``MemoryFile.open``."""
        self._store = store

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        read_only: bool = False,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Self:
        """Open a memory file; unless ``read_only``, make it (mode 0600) and migrate it as needed.

        Raises MemoryFileMissing, NotAMemoryFile, NewerSchema, OlderSchema (read-only only),
        MemoryFileReadOnly, MemoryFileDamaged; the file is then unchanged, byte for byte.
        """
        return cls(
            Store(Path(path), read_only=read_only, busy_timeout_s=busy_timeout_s, clock=clock)
        )

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._store.path

    def close(self) -> None:
        """Close the file. A second call does nothing."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- banks and episodes

    def bank(self, kind: str, name: str) -> Bank:
        """The bank of this kind and exact name (in NFC), made where it is not there yet.

        On a read-only handle it must exist. Raises BadBankName and UnknownBank.
        """
        if self._store.read_only:
            with self._store.read() as db:
                return episodes.find_bank(db, kind, name)
        with self._store.write() as db:
            return episodes.get_or_create_bank(db, kind, name, self._store.now())

    def banks(self) -> list[Bank]:
        """Every bank, oldest first."""
        with self._store.read() as db:
            return episodes.banks(db)

    def start_episode(
        self, *, uid: str, run: str, index: int, env: str, seed: int, agent: str, bank: Bank
    ) -> None:
        """Record an episode; again with the same values, a no-op.

        Raises Conflict where the uid has other values, UnknownBank, BadText and BadValue.
        """
        with self._store.write() as db:
            now = self._store.now()
            wanted = Episode(uid, run, index, env, seed, agent, bank, now, None, None, None, None)
            episodes.start(db, wanted)

    def finish_episode(
        self, uid: str, *, outcome: str, score: float | None, error: str | None
    ) -> None:
        """Record how an episode ended; again with the same values, a no-op.

        An end with an error, or with the outcome ``interrupted``, may be replaced after a resume;
        any other end is final. Raises Conflict and UnknownEpisode.
        """
        with self._store.write() as db:
            episodes.finish(db, uid, outcome, score, error, self._store.now())

    def episodes(self) -> list[Episode]:
        """Every episode, in the order in which they started."""
        with self._store.read() as db:
            return episodes.all_episodes(db)

    # -- the three commits

    def commit_step(self, episode: str, record: StepRecord, spans: Sequence[NewSpan]) -> None:
        """Commit a step with its spans: the commit point of the step.

        The same content again is a no-op. Spans that a summary already stored may be given again.
        Raises Conflict (other content, other span text, or a gap in the steps), UnknownEpisode,
        BadValue and BadText.
        """
        with self._store.write() as db:
            episodes.commit_step(db, episode, record, spans, self._store.now())

    def commit_summary(
        self,
        scope: Scope,
        *,
        episode: str,
        step: int,
        key: str,
        changes: Sequence[NoteChange],
        sources: Sequence[str],
        spans: Sequence[NewSpan],
        prune: Prune | None,
        reason: str,
        tokens: Callable[[str], int] | None = None,
    ) -> SummaryCommit:
        """Commit spans, note versions, their sources (span uids) and the prune, all or nothing.

        A second call with the same (episode, key) writes nothing and returns the first result.
        ``tokens`` counts the tokens of ``"title: body"``; it runs before the transaction begins.
        Raises Conflict (stale version), OutOfScope, UnknownNote, UnknownEpisode, UnknownSpan,
        UnknownBank, BadText and BadValue.
        """
        if prune is not None and prune.kind != "summarised":
            raise BadValue(f"prune kind {prune.kind!r} in a summary: it must be 'summarised'")
        if prune is not None and not changes:
            raise BadValue("a summary of no changes covers nothing: evict the spans instead")
        counts = [self._tokens(scope, change, tokens) for change in changes]
        with self._store.write() as db:
            now = self._store.now()
            notes.bank_ids(db, scope)
            commit, replayed = commits.begin_commit(db, episode, key, "summary", step, now)
            if not replayed:
                episodes.store_spans(db, episode, spans, now)
                source_ids = episodes.span_ids(db, episode, sources)
                author = notes.Author(episode, step, key, reason, commit)
                for ordinal, (change, count) in enumerate(zip(changes, counts, strict=True)):
                    at = self._store.note_time(db)
                    version = notes.apply_change(db, scope, change, ordinal, author, count, at)
                    for span in source_ids:
                        notes.add_source(db, version, span)
                if prune is not None:
                    commits.add_prune(db, episode, step, commit, prune, now)
            return SummaryCommit(notes.versions_of_commit(db, commit), replayed)

    def _tokens(
        self, scope: Scope, change: NoteChange, tokens: Callable[[str], int] | None
    ) -> int | None:
        """What ``tokens`` counts for the note that the change leaves; None where unknowable."""
        if tokens is None or isinstance(change, Delete):
            return None
        body, title = notes.note_body(change.body), change.title
        if isinstance(change, Add) or title is not None:
            return tokens(f"{notes.note_title(title or '')}: {body}")
        return tokens(f"{self.note(scope, change.uid).title}: {body}")

    def commit_eviction(self, *, episode: str, step: int, key: str, prune: Prune) -> None:
        """Record that stored spans left the window with no note. Idempotent by (episode, key).

        Raises UnknownSpan where a span is not stored, Conflict, UnknownEpisode, BadValue.
        """
        if prune.kind != "evicted":
            raise BadValue(f"prune kind {prune.kind!r} in an eviction: it must be 'evicted'")
        with self._store.write() as db:
            now = self._store.now()
            commit, replayed = commits.begin_commit(db, episode, key, "eviction", step, now)
            if not replayed:
                commits.add_prune(db, episode, step, commit, prune, now)

    def record_recall(
        self,
        *,
        episode: str,
        step: int,
        versions: Sequence[tuple[str, int]],
        scope: Scope | None = None,
    ) -> None:
        """Record which note versions (uid, version) entered the window at a step. Idempotent.

        Raises UnknownEpisode, UnknownNote and, where a scope is given, OutOfScope.
        """
        with self._store.write() as db:
            episodes.require(db, episode)
            for uid, version in versions:
                commits.add_recall(db, scope, episode, step, uid, version, self._store.now())

    # -- reading

    def live_notes(self, scope: Scope) -> list[Note]:
        """The live notes of the scope's banks, oldest first. Raises UnknownBank."""
        with self._store.read() as db:
            return notes.in_scope(db, scope, deleted=False)

    def all_notes(self, scope: Scope) -> list[Note]:
        """The notes of the scope's banks in any state, oldest first. Raises UnknownBank."""
        with self._store.read() as db:
            return notes.in_scope(db, scope, deleted=True)

    def note(self, scope: Scope, uid: str) -> Note:
        """One note, in any state. Raises UnknownNote, OutOfScope, UnknownBank."""
        with self._store.read() as db:
            return notes.one(db, scope, uid)

    def search(self, scope: Scope, query: str, limit: int = 5) -> list[Note]:
        """At most ``limit`` live notes of the scope that share a word with ``query``, best first.

        Any text is a legal query. The order depends on the notes of the scope alone, so that
        episodes that write into the same file at the same time cannot change it.
        Raises UnknownBank.
        """
        live = {note.uid: note for note in self.live_notes(scope)}
        return [live[uid] for uid in relevance.rank(list(live.values()), query)[: max(limit, 0)]]

    def versions(self, scope: Scope, uid: str) -> list[NoteVersion]:
        """A note's history, oldest first. Raises UnknownNote, OutOfScope, UnknownBank."""
        with self._store.read() as db:
            return notes.versions(db, scope, uid)

    def sources(self, scope: Scope, uid: str, version: int | None = None) -> list[Span]:
        """The spans that a version (any, where None) of a note summarises, oldest first.

        Raises UnknownNote, OutOfScope, UnknownBank.
        """
        with self._store.read() as db:
            return notes.sources(db, scope, uid, version)

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
            return commits.prunes(db, episode)

    def recalls(self, episode: str) -> list[Recall]:
        """What entered the window of an episode, in order. Raises UnknownEpisode."""
        with self._store.read() as db:
            return commits.recalls(db, episode)

    def uncovered(self, episode: str) -> list[str]:
        """Pruned spans with neither raw text nor a covering note: always none.

        Raises UnknownEpisode.
        """
        with self._store.read() as db:
            return commits.uncovered(db, episode)

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
