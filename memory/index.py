"""The words of some notes, held in memory: the scores of ``memory.relevance``, fast.

BM25 weighs a word by how rare it is among the notes in scope. An index over the whole file would
weigh it by what other banks hold (a wall breached), and by what episodes beside this one write (a
trajectory that cannot be repeated). So each bank has an index of its own, read once and then kept
in step with what was written since; a question adds up those of the banks in its scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from memory.relevance import K1, TITLE_WEIGHT, B, Words, idf

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


@dataclass(slots=True)
class _Posting:
    """The notes that hold a word: their slots and the word's weight in each, as arrays on demand."""

    slots: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    arrays: Any = None


class Index:
    """Notes by row id and the words that they hold. ``put`` a note again where it has changed."""

    def __init__(self) -> None:
        self._postings: dict[str, _Posting] = {}
        self._slot_of: dict[int, int] = {}
        self._ids: list[int] = []
        self._lengths: list[int] = []
        self._alive: list[bool] = []
        self._arrays: Any = None

    def __len__(self) -> int:
        """Notes that are in it."""
        return len(self._slot_of)

    @property
    def dead(self) -> int:
        """Slots of notes that were taken out: past half of all, an index is better built anew."""
        return len(self._ids) - len(self._slot_of)

    def remove(self, note: int) -> None:
        """Take a note out; one that is not in it is no error."""
        slot = self._slot_of.pop(note, None)
        if slot is not None:
            self._alive[slot] = False
            self._arrays = None

    def put(self, words: Words, notes: Sequence[tuple[int, str, str]]) -> None:
        """Put notes in as (row id, title, body), in place of what these row ids held."""
        slots = []
        for note, _, _ in notes:
            self.remove(note)
            slot = self._slot_of[note] = len(self._ids)
            slots.append(slot)
            self._ids.append(note)
            self._lengths.append(0)
            self._alive.append(True)
        self._arrays = None
        weights: dict[tuple[str, int], float] = {}
        for place, column, term in words.of([(title, body) for _, title, body in notes]):
            self._lengths[slots[place]] += 1
            key = (term, slots[place])
            weights[key] = weights.get(key, 0.0) + (TITLE_WEIGHT if column == "title" else 1.0)
        for (term, slot), weight in weights.items():
            posting = self._postings.setdefault(term, _Posting())
            posting.slots.append(slot)
            posting.weights.append(weight)
            posting.arrays = None

    def view(self, hidden: Iterable[int] = ()) -> View:
        """What a question sees: all of it but the hidden row ids."""
        import numpy as np

        if self._arrays is None:
            self._arrays = (
                np.array(self._ids, np.int64),
                np.array(self._lengths, np.float64),
                np.array(self._alive, bool),
            )
        ids, lengths, alive = self._arrays
        gone = [self._slot_of[note] for note in hidden if note in self._slot_of]
        if gone:
            alive = alive.copy()
            alive[gone] = False
        return View(self, ids, lengths, alive, int(alive.sum()), float(lengths[alive].sum()))

    def posting(self, term: str) -> tuple[Ints, Floats] | None:
        """The slots (ascending) and weights of a word; None where no note ever held it."""
        import numpy as np

        posting = self._postings.get(term)
        if posting is None:
            return None
        if posting.arrays is None:
            posting.arrays = (np.array(posting.slots, np.int64), np.array(posting.weights))
        slots, weights = posting.arrays
        return slots, weights


@dataclass(frozen=True, slots=True)
class View:
    """An index as one question sees it. ``total`` adds up the lengths, in words, of its ``notes``."""

    index: Index
    ids: Ints
    lengths: Floats
    alive: NDArray[np.bool_]
    notes: int
    total: float

    def held(self, terms: Sequence[str]) -> list[tuple[Ints, Floats]]:
        """For each word the slots of the notes seen that hold it, and its weights there."""
        import numpy as np

        found = []
        for term in terms:
            posting = self.index.posting(term)
            if posting is None:
                found.append((np.empty(0, np.int64), np.empty(0)))
                continue
            slots, weights = posting
            seen = self.alive[slots]
            found.append((slots, weights) if seen.all() else (slots[seen], weights[seen]))
        return found


def best(views: Sequence[View], terms: Sequence[str], limit: int) -> list[tuple[int, float]]:
    """At most ``limit`` (row id, score) of the notes that share a word, best first.

    The statistics are over all the views together. A tie goes to the lower row id: to the bank
    that was made first, and within a bank to the older note.
    """
    import numpy as np

    notes, total = sum(view.notes for view in views), sum(view.total for view in views)
    if not notes or not total or not terms or limit <= 0:
        return []
    held = [view.held(terms) for view in views]
    holding = np.sum([[len(slots) for slots, _ in each] for each in held], axis=0)
    weights_of_words = np.array([idf(notes, int(count)) for count in holding])
    scores = []
    for view, each in zip(views, held, strict=True):
        slots = np.concatenate([slots for slots, _ in each])
        tf = np.concatenate([weights for _, weights in each])
        told = np.repeat(weights_of_words, [len(slots) for slots, _ in each])
        norm = (K1 * (1 - B + B * view.lengths * (notes / total)))[slots]
        part = told * tf * (K1 + 1) / (tf + norm)
        scores.append(np.bincount(slots, weights=part, minlength=len(view.ids)))
    ids = np.concatenate([view.ids for view in views])
    score = np.concatenate(scores)
    hits = np.flatnonzero(score > 0)
    if len(hits) > limit:  # a tie at the edge must not be cut by chance: keep all of it, then sort
        edge = np.partition(score[hits], len(hits) - limit)[len(hits) - limit]
        hits = hits[score[hits] >= edge]
    order = np.lexsort((ids[hits], -score[hits]))[:limit]
    return [(int(ids[hits[place]]), float(score[hits[place]])) for place in order]
