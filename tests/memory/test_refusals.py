"""What the file can never hold is refused by name, in one line, and leaves no trace."""

from __future__ import annotations

import sqlite3

import pytest

from memory import (
    Add,
    BadText,
    BadValue,
    MemoryFileError,
    Prune,
    Rewrite,
    UnknownEpisode,
    UnknownNote,
)
from tests.memory.verbs import Verb, commit_step, commit_summary, record_recall
from tests.memory.world import EPISODE, World, record, span

REFUSED: list[tuple[type[MemoryFileError], Verb]] = [
    (UnknownEpisode, lambda w: w.file.commit_step("nobody", record(0), [])),
    (UnknownEpisode, lambda w: w.file.finish_episode("nobody", outcome="x", score=0, error=None)),
    (UnknownEpisode, lambda w: w.summary("k", Add("t", "b"), episode="nobody")),
    (UnknownEpisode, lambda w: w.file.steps("nobody")),
    (UnknownEpisode, lambda w: w.file.spans("nobody")),
    (UnknownEpisode, lambda w: w.file.uncovered("nobody")),
    (UnknownNote, lambda w: w.summary("k", Rewrite("nobody", 1, "b"))),
    (UnknownNote, lambda w: w.file.record_recall(episode=EPISODE, step=0, versions=[("no", 1)])),
    (BadText, lambda w: w.summary("k", Add("", "b"))),
    (BadText, lambda w: w.summary("k", Add("t", " \n "))),
    (BadText, lambda w: w.summary("k", Add("t", "a\0b"))),
    (BadText, lambda w: w.summary("k", Add("t", "a\ud800b"))),
    (BadText, lambda w: w.summary("k", Add("t", "x" * 10_001))),
    (BadText, lambda w: w.summary("k", Add("x" * 201, "b"))),
    (BadText, lambda w: w.summary("", Add("t", "b"))),
    (BadText, lambda w: w.file.commit_step(EPISODE, record(0), [span(text="\udfff")])),
    (BadText, lambda w: w.start("line\nbreak")),
    (BadValue, lambda w: w.file.commit_step(EPISODE, record(0, action="look"), [])),
    (BadValue, lambda w: w.file.commit_step(EPISODE, record(1, action=None), [])),
    (BadValue, lambda w: w.file.commit_step(EPISODE, record(0, reward=float("nan")), [])),
    (BadValue, lambda w: w.file.commit_step(EPISODE, record(0, score=float("inf")), [])),
    (BadValue, lambda w: w.file.commit_step(EPISODE, record(0, trace_offset=-1), [])),
    (BadValue, lambda w: w.file.commit_step(EPISODE, record(0, trace_offset=2**63), [])),
    (BadValue, lambda w: w.file.commit_step(EPISODE, record(0, observation_sha256="ab"), [])),
    (BadValue, lambda w: w.file.commit_step(EPISODE, record(0), [span(kind="dream")])),
    (BadValue, lambda w: w.file.commit_step(EPISODE, record(0), [span(ordinal=-1)])),
    (BadValue, lambda w: w.start("big", seed=2**64)),
    (BadValue, lambda w: w.summary("k", prune=Prune("summarised", ("x",), 2, 1))),
    (BadValue, lambda w: w.summary("k", Add("t", "b"), prune=Prune("evicted", ("x",), 2, 1))),
    (BadValue, lambda w: w.summary("k", Add("t", "b"), prune=Prune("summarised", (), 2, 1))),
]


@pytest.mark.parametrize(("error", "call"), REFUSED)
def test_bad_input_is_a_named_error_of_one_line(
    world: World, error: type[MemoryFileError], call: Verb
) -> None:
    before = world.dump()
    with pytest.raises(error) as caught:
        call(world)
    assert "\n" not in str(caught.value).replace(str(world.path), "")
    assert ":" in str(caught.value), "the part after the colon says what would be right"
    assert world.dump() == before


def test_history_is_append_only_even_for_other_tools(busy: World) -> None:
    commit_summary(busy)
    record_recall(busy)
    commit_step(busy)
    columns = {
        "steps": "window = 'x'",
        "spans": "text = 'x'",
        "commits": "step = 9",
        "note_versions": "body = 'x'",
        "note_sources": "span = 1",
        "recalls": "step = 9",
        "prunes": "tokens_after = 9",
        "prune_spans": "span = 1",
    }
    for table, change in columns.items():
        conn = sqlite3.connect(busy.path)
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            conn.execute(f"UPDATE {table} SET {change}")
        conn.close()
