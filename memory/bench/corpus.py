"""Notes that nobody wrote, for measuring: words of uneven frequency, as in any language."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

from memory.file import MemoryFile
from memory.schema_v2 import BANK_SHIFT
from memory.types import Bank

WORDS = 8_000
IN_SCOPE = 5_000
OTHERS = 2_500  # notes of each bank out of scope


class Speaker:
    """Says words: the n-th likeliest about 1/n as often as the first (Zipf)."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        pieces = [c + v for c in "bcdfglmnprst" for v in "aeiou"]
        spell = random.Random(0)
        made = ("".join(spell.choices(pieces, k=spell.randint(1, 4))) for _ in range(2 * WORDS))
        self._words = list(dict.fromkeys(made))[:WORDS]
        self._weights = list(
            itertools.accumulate(1 / (rank + 2) for rank in range(len(self._words)))
        )

    def say(self, count: int) -> str:
        """So many words."""
        return " ".join(self._random.choices(self._words, cum_weights=self._weights, k=count))


def build(path: Path, notes: int) -> tuple[MemoryFile, tuple[Bank, ...]]:
    """A file of so many live notes, and the banks in scope: two that share at most 5,000 notes.

    Rows as the verbs write them (a version each, the index by triggers), in transactions of 10,000
    and without waiting for the disk: what is measured is reading them.
    """
    speaker = Speaker(1)
    in_scope = min(notes, IN_SCOPE)
    sizes = [in_scope - in_scope // 2, in_scope // 2]
    rest = notes - in_scope
    sizes += [OTHERS] * (rest // OTHERS) + ([rest % OTHERS] if rest % OTHERS else [])
    with MemoryFile.open(path) as file:
        banks = [file.bank("company", "first"), file.bank("job", "second")]
        with file.bulk() as db:
            for number in range(2, len(sizes)):
                db.execute(
                    "INSERT INTO banks (kind, name, created) VALUES ('person', ?, '2026')",
                    (f"other {number}",),
                )
            found = [row[0] for row in db.execute("SELECT id FROM banks ORDER BY id").fetchall()]
        rows = _rows(list(zip(found, sizes, strict=True)), speaker)
        while chunk := list(itertools.islice(rows, 10_000)):
            with file.bulk() as db:
                db.conn.executemany(
                    "INSERT INTO notes (id, uid, bank, title, body, state, version, created,"
                    " updated) VALUES (?1, ?2, ?3, ?4, ?5, 'live', 1, ?6, ?6)",
                    chunk,
                )
                db.conn.executemany(
                    "INSERT INTO note_versions (note, version, op, title, body, state, actor,"
                    " reason, at) VALUES (?2, 1, 'add', ?4, ?5, 'live', 'person', 'bench', ?6)",
                    chunk,
                )
    return MemoryFile.open(path), tuple(banks)


def _rows(
    banks: list[tuple[int, int]], speaker: Speaker
) -> Iterator[tuple[int, str, int, str, str, str]]:
    """Rows of notes, the banks taking turns as episodes that run side by side do."""
    serial = 0
    for place in range(max(size for _, size in banks)):
        for bank, size in banks:
            if place < size:
                serial += 1
                at = f"2026-01-01T{serial // 3_600:06}:{serial // 60 % 60:02}:{serial % 60:02}.0Z"
                note = (bank << BANK_SHIFT) + place + 1
                yield note, f"{serial:016x}", bank, speaker.say(2), speaker.say(12), at
