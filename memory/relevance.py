"""Which notes have to do with a text: BM25, plainly. Pure.

The plain way, over the notes given and no others: they are indexed anew, in memory, for each
question. ``memory.index`` gives the same scores fast, and is held against this.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from contextlib import closing

from memory.text import storable
from memory.types import Note

# An observation repeats itself; past this many distinct words more of them only cost time.
QUERY_MAX_WORDS = 128
TOKENIZER = "porter unicode61 remove_diacritics 2"
# FTS5's own constants: how soon a repeated word stops counting, and how much length counts.
K1, B = 1.2, 0.75
TITLE_WEIGHT = 2.0
LEAST_IDF = 1e-6  # of a word that most notes hold


class Words:
    """Texts as the full-text index takes them: words by stem, without case or accents."""

    def __init__(self) -> None:
        self._conn = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._conn.execute(
            f"CREATE VIRTUAL TABLE texts USING fts5(title, body, tokenize='{TOKENIZER}')"
        )
        self._conn.execute("CREATE VIRTUAL TABLE words USING fts5vocab(texts, 'instance')")

    def close(self) -> None:
        """Close the scratch index."""
        self._conn.close()

    def of(self, texts: Sequence[tuple[str, str]]) -> list[tuple[int, str, str]]:
        """Each word of each (title, body): the text's place, the column, the word; words sorted."""
        self._conn.execute("BEGIN")
        try:
            self._conn.executemany(
                "INSERT INTO texts (rowid, title, body) VALUES (?, ?, ?)",
                (
                    (place, storable(title), storable(body))
                    for place, (title, body) in enumerate(texts)
                ),
            )
            return self._conn.execute("SELECT doc, col, term FROM words").fetchall()
        finally:
            self._conn.execute("ROLLBACK")

    def of_query(self, query: str) -> list[str]:
        """The distinct words of a text, in the order of their first places; at most 128."""
        self._conn.execute("BEGIN")
        try:
            self._conn.execute("INSERT INTO texts (title) VALUES (?)", (storable(query),))
            found = self._conn.execute(
                'SELECT term FROM words GROUP BY term ORDER BY min("offset") LIMIT ?',
                (QUERY_MAX_WORDS,),
            ).fetchall()
        finally:
            self._conn.execute("ROLLBACK")
        return [term for (term,) in found]


def match_any(words: Sequence[str]) -> str | None:
    """An FTS5 expression: any of the words, each quoted. None without a word."""
    return " OR ".join('"' + word.replace('"', '""') + '"' for word in words) or None


def match_all(words: Sequence[str]) -> str | None:
    """An FTS5 expression: all of the words, each quoted. None without a word."""
    return " AND ".join('"' + word.replace('"', '""') + '"' for word in words) or None


def match_beginnings(words: Sequence[str]) -> str | None:
    """An FTS5 expression: all of the words, or words that begin so. None without a word."""
    quoted = ('"' + word.replace('"', '""') + '" *' for word in words)
    return " AND ".join(quoted) or None


def plain_words(text: str) -> list[str]:
    """The runs of letters and digits in a text, for a query that FTS5 is to stem itself."""
    kept = "".join(char if char.isalnum() else " " for char in storable(text))
    # Not casefold: it writes a sharp s as two letters, which the index does not.
    return list(dict.fromkeys(kept.lower().split()))[:QUERY_MAX_WORDS]


def scores(notes: Sequence[Note], query: str) -> dict[str, float]:
    """How much each note (by uid) that shares a word with ``query`` has to do with it.

    BM25 (Robertson and Zaragoza, 2009) with FTS5's constants; a title's words count twice.
    """
    with closing(Words()) as words:
        wanted = words.of_query(query)
        found = words.of([(note.title, note.body) for note in notes])
    lengths = [0] * len(notes)
    weights: list[dict[str, float]] = [{} for _ in notes]
    for place, column, term in found:
        lengths[place] += 1
        weight = TITLE_WEIGHT if column == "title" else 1.0
        weights[place][term] = weights[place].get(term, 0.0) + weight
    total: dict[str, float] = {}
    for term in wanted:
        holding = [place for place in range(len(notes)) if term in weights[place]]
        weight_of_word = idf(len(notes), len(holding))
        for place in holding:
            tf = weights[place][term]
            relative = lengths[place] * len(notes) / sum(lengths)
            part = weight_of_word * tf * (K1 + 1) / (tf + K1 * (1 - B + B * relative))
            total[notes[place].uid] = total.get(notes[place].uid, 0.0) + part
    return total


def idf(notes: int, holding: int) -> float:
    """How much a word tells that ``holding`` of so many notes hold."""
    return max(math.log((notes - holding + 0.5) / (holding + 0.5)), LEAST_IDF)


def rank(notes: Sequence[Note], query: str) -> list[str]:
    """The uids of the notes that share a word with ``query``, best first; oldest first in a tie."""
    found = scores(notes, query)
    sharing = [note for note in notes if note.uid in found]
    return [
        note.uid
        for note in sorted(sharing, key=lambda note: (-found[note.uid], note.created, note.uid))
    ]
