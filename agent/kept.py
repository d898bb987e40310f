"""What a memory file keeps of an episode, looked up where it is needed: no episode is read whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from memory import MemoryFile, Note, NoteVersion, Scope, UnknownEpisode
from memory.errors import MemoryFileError

MOST_SHARED = 200
"""Notes of shared banks that are looked through for those that an episode wrote at its end."""


class Kept:
    """Texts and notes of one episode. All of it may raise MemoryFileError."""

    def __init__(self, uid: str) -> None:
        self.uid = uid
        self._step = -1
        self._texts: dict[str, str] = {}
        self._notes: dict[str, Note] = {}
        self._versions: dict[str, list[NoteVersion]] = {}

    def turn_to(self, memory: MemoryFile, step: int) -> bool:
        """Have the texts of a step at hand; False where it is not committed."""
        if step != self._step:
            self._texts = {}
            with suppress(UnknownEpisode):
                spans = memory.spans(self.uid, step=step)
                self._texts = {span.uid: span.text or "(erased)" for span in spans}
            # Notes may be committed in the middle of a step; what the game said, only with it.
            committed = f"{self.uid}/{step}/observation/0" in self._texts
            self._step = step if committed else -1
        return step == self._step

    def text(self, span: str | None) -> str:
        """A text of the step that was turned to."""
        return self._texts.get(span or "", "")

    def note(self, memory: MemoryFile, uid: str, version: int) -> Note | None:
        """A note as it was in a version; None where it is gone."""
        then = self.version(memory, uid, version)
        now = self._notes.get(uid)
        if now is None or then is None:
            return None
        return replace(
            now,
            title=then.title,
            body=then.body,
            state=then.state,
            version=version,
            pinned=then.pinned,
            updated=then.at,
        )

    def version(self, memory: MemoryFile, uid: str, version: int) -> NoteVersion | None:
        """A version of a note; None where it is gone."""
        if not any(each.version == version for each in self._versions.get(uid, ())):
            self._read(memory, uid)
        return next((each for each in self._versions.get(uid, ()) if each.version == version), None)

    def written(self, memory: MemoryFile, step: int, reason: str) -> tuple[NoteVersion, ...]:
        """What the episode wrote at a step for a reason, note by note."""
        return tuple(
            each
            for uid in self._candidates(memory, reason)
            for each in self._versions[uid]
            if (each.episode, each.step, each.reason) == (self.uid, step, reason)
        )

    def _candidates(self, memory: MemoryFile, reason: str) -> Iterator[str]:
        """The notes that the episode may have written, their versions read."""
        banks = memory.banks()
        found = [
            note
            for bank in banks
            if (bank.kind, bank.name) == ("episode", self.uid)
            for note in memory.all_notes(Scope(bank))
        ]
        if reason == "end":  # into a bank that it need never have shown
            for bank in banks:
                if bank.kind != "episode":
                    found += memory.notes(Scope(bank), limit=MOST_SHARED)
        for uid in dict.fromkeys([*(note.uid for note in found), *self._versions]):
            newest = next((note.version for note in found if note.uid == uid), None)
            known = self._versions.get(uid)
            if known is None or newest is None or known[-1].version < newest:
                self._read(memory, uid)
            if uid in self._versions:
                yield uid

    def _read(self, memory: MemoryFile, uid: str) -> None:
        bank = memory.banks_of([uid]).get(uid)
        if bank is None:
            return
        with suppress(MemoryFileError):  # purged since
            self._notes[uid] = memory.note(Scope(bank), uid)
            self._versions[uid] = memory.versions(Scope(bank), uid)
