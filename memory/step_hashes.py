"""Steps' hashes, derived again from what the file holds. Read only."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import permutations

from memory.episodes import content_sha256
from memory.types import StepRecord

Sent = tuple[int, str, int, str]
"""A span as a step's hash takes it: (step, kind, ordinal, SHA-256 of the text)."""

# Of so many spans every selection in every order is tried: 6 make 1,957 hashes.
MOST_TRIED = 6


def faults(conn: sqlite3.Connection) -> list[str]:
    """The steps that are not what was committed."""
    return [
        f"step {step} of {episode} is not what was committed: its hash does not fit"
        for (episode,) in conn.execute("SELECT uid FROM episodes ORDER BY rowid").fetchall()
        for step in _unfit(conn, episode)
    ]


def _unfit(conn: sqlite3.Connection, episode: str) -> Iterator[int]:
    by_time: dict[str, list[Sent]] = defaultdict(list)
    by_step: dict[int, list[tuple[str, Sent]]] = defaultdict(list)
    for created, *sent in conn.execute(
        "SELECT created, step, kind, ordinal, sha256 FROM spans WHERE episode = ? ORDER BY id",
        (episode,),
    ):
        span: Sent = tuple(sent)
        by_time[created].append(span)
        by_step[span[0]].append((created, span))
    for *values, digest, committed in conn.execute(
        "SELECT step, action, observation_sha256, reward, score, done, window, trace_offset,"
        " content_sha256, committed FROM steps WHERE episode = ? ORDER BY step",
        (episode,),
    ):
        own = [span for created, span in by_step[values[0]] if created <= committed]
        if not _fits(StepRecord(*values), digest, by_time[committed], own):
            yield values[0]


def _fits(record: StepRecord, digest: str, stored: Sequence[Sent], own: list[Sent]) -> bool:
    """Whether the record gives the hash with the spans that were ``stored`` in its transaction.

    A step may have been sent with spans that a summary had stored before. Which, and in what order,
    is not on record: then any selection of its ``own`` spans may be the one.
    """

    def gives(spans: Sequence[Sent]) -> bool:
        return content_sha256(record, spans) == digest

    if gives(stored) or gives(own):
        return True
    counts = range(len(own) + 1) if len(own) <= MOST_TRIED else ()
    return any(gives(chosen) for count in counts for chosen in permutations(own, count))
