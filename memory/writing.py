"""The verbs that write. Each is exactly one transaction, and leaves all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from memory import changes as changing
from memory import commits, episodes, notes, prunes
from memory.errors import BadValue
from memory.store import Store
from memory.types import (
    Add,
    Bank,
    Delete,
    Edit,
    Episode,
    NewSpan,
    NoteChange,
    Prune,
    Scope,
    StepRecord,
    SummaryCommit,
)

if TYPE_CHECKING:
    from sqlite_utils import Database


class Writing:
    """Writing verbs, over a store."""

    _store: Store

    def bank(self, kind: str, name: str) -> Bank:
        """The bank of this kind and exact name (in NFC), made where it is not there yet.

        On a read-only handle it must exist. Raises BadBankName and UnknownBank.
        """
        if self._store.read_only:
            with self._store.read() as db:
                return episodes.find_bank(db, kind, name)
        with self._store.write() as db:
            return episodes.get_or_create_bank(db, kind, name, self._store.now())

    def set_approval(self, bank: Bank, asks: bool) -> None:
        """Have what agents write into the bank wait as ``proposed`` for a person, or no longer.

        Raises UnknownBank.
        """
        with self._store.write() as db:
            episodes.set_approval(db, bank, asks)

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
        A change that says what a note in scope says already is an echo: it writes no version, and
        the note that stands takes the sources, if this scope may write it. Recalled spans are
        nobody's source: their words are those of notes. In a bank that asks for approval what is
        added is ``proposed``, and nothing else may be changed (OutOfScope).
        Raises Conflict (stale version), OutOfScope, UnknownNote, UnknownEpisode, UnknownSpan,
        UnknownBank, BadText and BadValue.
        """
        if prune is not None and prune.kind != "summarised":
            raise BadValue(f"prune kind {prune.kind!r} in a summary: it must be 'summarised'")
        if prune is not None and not changes:
            raise BadValue("a summary of no changes covers nothing: evict the spans instead")
        counts = [self._tokens(scope, change, tokens) for change in changes]
        echoed = []
        with self._store.write() as db:
            now = self._store.now()
            notes.bank_ids(db, scope)
            commit, replayed = commits.begin_commit(db, episode, key, "summary", step, now)
            if not replayed:
                episodes.store_spans(db, episode, spans, now)
                source_ids = episodes.span_ids(db, episode, sources, but_not="recalled")
                author = changing.Author(episode, step, key, reason, commit)
                for ordinal, (change, count) in enumerate(zip(changes, counts, strict=True)):
                    echo = changing.echo_of(db, scope, change)
                    if echo is None:
                        at = self._store.note_time(db)
                        version = changing.apply_change(
                            db, scope, change, ordinal, author, count, at
                        )
                    else:
                        version = echo.version
                        echoed.append(echo.note)
                        if not echo.ours:
                            continue
                    for span in source_ids:
                        changing.add_source(db, version, span)
                if prune is not None:
                    prunes.add(db, episode, step, commit, prune, now)
            return SummaryCommit(notes.versions_of_commit(db, commit), replayed, tuple(echoed))

    def edit(
        self,
        scope: Scope,
        *,
        key: str,
        edits: Sequence[Edit],
        reason: str,
        actor: str = "person",
    ) -> SummaryCommit:
        """Commit edits that no episode makes: a person's, or another agent's. All or nothing.

        A second call with the same key writes nothing and returns the first result. What an
        ``agent`` writes is held to the same rules as in a summary, echoes included; a person may say
        a thing twice. To pin a pinned note, or to restore the words that stand, writes nothing. What
        writes nothing uses up no key. Raises Conflict (stale version, or nothing to approve),
        OutOfScope, UnknownNote, UnknownBank, BadText and BadValue.
        """
        with self._store.write() as db:
            return self._edit(db, scope, key, edits, reason, actor)

    def edit_bank(
        self, kind: str, name: str, *, key: str, edits: Sequence[Edit], reason: str
    ) -> SummaryCommit:
        """The same by a person, in a bank of this kind and name, made where it is not there yet.

        It is made in the same transaction: edits that are refused leave no empty bank behind.
        Raises BadBankName and what ``edit`` raises.
        """
        with self._store.write() as db:
            bank = episodes.get_or_create_bank(db, kind, name, self._store.now())
            return self._edit(db, Scope(bank), key, edits, reason, "person")

    def _edit(
        self,
        db: Database,
        scope: Scope,
        key: str,
        edits: Sequence[Edit],
        reason: str,
        actor: str,
    ) -> SummaryCommit:
        notes.bank_ids(db, scope)
        commit = commits.known_commit(db, None, key, "edit")
        if commit is not None:
            return SummaryCommit(notes.versions_of_commit(db, commit), True)
        author: changing.Author | None = None
        echoed = []
        for ordinal, each in enumerate(edits):
            as_it_is = changing.already(db, scope, each, actor)
            if as_it_is is not None:
                echoed.append(as_it_is)
                continue
            if author is None:
                now = self._store.now()
                commit, _ = commits.begin_commit(db, None, key, "edit", None, now)
                author = changing.Author(None, None, key, reason, commit, actor)
            at = self._store.note_time(db)
            changing.apply_change(db, scope, each, ordinal, author, None, at)
        written = () if author is None else notes.versions_of_commit(db, author.commit)
        return SummaryCommit(written, False, tuple(echoed))

    def _tokens(
        self, scope: Scope, change: NoteChange, tokens: Callable[[str], int] | None
    ) -> int | None:
        """What ``tokens`` counts for the note that the change leaves; None where unknowable."""
        if tokens is None or isinstance(change, Delete):
            return None
        body, title = changing.note_body(change.body), change.title
        if isinstance(change, Add) or title is not None:
            return tokens(f"{changing.note_title(title or '')}: {body}")
        return tokens(f"{self._title(scope, change.uid)}: {body}")

    def _title(self, scope: Scope, uid: str) -> str:
        with self._store.read() as db:
            return notes.one(db, scope, uid).title

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
                prunes.add(db, episode, step, commit, prune, now)

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
