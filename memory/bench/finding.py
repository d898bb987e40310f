"""How long a recall takes, in files of several sizes: queries are observations of 60 words."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from memory.bench.corpus import Speaker, build
from memory.file import MemoryFile
from memory.types import Add, Note, Scope

QUERIES = 60
UNSCOPED = 5
QUERY_WORDS = 60
# Of the benchmark itself: what a run gives a recall, its config says. Up to 135 it makes no difference.
RECALL_TOKENS = 112


def measure(folder: Path, say: Callable[[str], None], sizes: list[int]) -> dict[str, Any]:
    """Milliseconds a recall: the median, the first one of a process, and one over all banks."""
    p50: dict[str, float] = {}
    cpu: dict[str, float] = {}
    after_write: dict[str, float] = {}
    first: dict[str, float] = {}
    unscoped: dict[str, float] = {}
    for size in sizes:
        path = folder / f"{size}.sqlite"
        began_s = time.perf_counter()
        file, banks = build(path, size)
        scope = Scope(banks[0], banks[1:])
        held = len(file.live_notes(scope))
        say(f"{size} notes, {held} in scope, {path.stat().st_size / 1e6:.0f} MB, "
            f"built in {time.perf_counter() - began_s:.0f} s")  # fmt: skip
        speaker, key = Speaker(2), str(size)
        with file:
            first[key], *rest = _times(
                lambda f=file, s=scope, q=speaker: f.recall(
                    s, q.say(QUERY_WORDS), RECALL_TOKENS, _cost
                ),  # type: ignore[misc]
                QUERIES,
            )
            p50[key] = statistics.median(rest)
            cpu[key] = statistics.median(
                _times(
                    lambda f=file, s=scope, q=speaker: f.recall(  # type: ignore[misc]
                        s, q.say(QUERY_WORDS), RECALL_TOKENS, _cost
                    ),
                    QUERIES,
                    time.process_time,
                )
            )
            after_write[key] = _after_writes(file, scope, speaker)
            unscoped[key] = statistics.median(
                _times(lambda f=file, q=speaker: f.search_file(q.say(QUERY_WORDS), 20), UNSCOPED)  # type: ignore[misc]
            )
        say(f"  recall: median {p50[key]:.2f} ms ({cpu[key]:.2f} ms of processor), "
            f"just after a write {after_write[key]:.2f} ms, "
            f"the first of a process {first[key]:.0f} ms; "
            f"a search of the whole file {unscoped[key]:.0f} ms")  # fmt: skip
        path.unlink()
    return {
        "recall_ms_p50": _rounded(p50),
        "recall_cpu_ms_p50": _rounded(cpu),
        "recall_after_write_ms_p50": _rounded(after_write),
        "recall_first_ms": _rounded(first),
        "search_file_ms_p50": _rounded(unscoped),
    }


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    """To three digits, which is more than a second measurement would repeat."""
    return {size: float(f"{value:.3g}") for size, value in figures.items()}


def _after_writes(file: MemoryFile, scope: Scope, speaker: Speaker) -> float:
    """The median of recalls each of which follows a commit into the banks in scope."""
    found = []
    for number in range(QUERIES):
        note = Add(speaker.say(2), speaker.say(12))
        file.edit(scope, key=f"bench/{number}", edits=[note], reason="bench")
        query = speaker.say(QUERY_WORDS)
        found += _times(lambda q=query: file.recall(scope, q, RECALL_TOKENS, _cost), 1)  # type: ignore[misc]
    return statistics.median(found)


def _times(
    call: Callable[[], object], repeats: int, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Milliseconds of each call. By ``time.process_time``: as if nobody else used the processor."""
    found = []
    for _ in range(repeats):
        began_s = clock()
        call()
        found.append(1e3 * (clock() - began_s))
    return found


def _cost(note: Note) -> int:
    return (len(note.title) + len(note.body)) // 4
