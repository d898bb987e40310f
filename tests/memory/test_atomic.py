"""Every write verb is all or nothing, wherever it is cut off, and once only, however often sent."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from memory import (
    Add,
    BadText,
    BadValue,
    Conflict,
    Delete,
    MemoryFileError,
    MemoryFileFull,
    Prune,
    Rewrite,
    UnknownEpisode,
    UnknownNote,
    UnknownSpan,
)
from tests.memory.world import EPISODE, World, record, span

Verb = Callable[[World], object]


def _commit_step(world: World) -> None:
    world.file.commit_step(EPISODE, record(1), [span(1), span(1, "thought"), span(1, "action")])


def _commit_summary(world: World) -> None:
    old, older = world.file.live_notes(world.scope)
    cut = (f"{EPISODE}/0/observation/0", f"{EPISODE}/1/summary/0")
    world.summary(
        "second",
        Add("door", "locked"),
        Rewrite(old.uid, old.version, "new body", "new title"),
        Delete(older.uid, older.version),
        spans=(span(1, "summary", 0, "ADD door: locked"),),
        sources=cut,
        prune=Prune("summarised", cut, 700, 300),
    )


def _commit_eviction(world: World) -> None:
    prune = Prune("evicted", (f"{EPISODE}/0/observation/0",), 700, 300)
    world.file.commit_eviction(episode=EPISODE, step=1, key="evict", prune=prune)


def _record_recall(world: World) -> None:
    found = world.file.live_notes(world.scope)
    world.file.record_recall(episode=EPISODE, step=0, versions=[(n.uid, 1) for n in found])


VERBS: dict[str, Verb] = {
    "bank": lambda world: world.file.bank("person", "ada"),
    "start_episode": lambda world: world.start("run-a/1"),
    "finish_episode": lambda world: world.file.finish_episode(
        EPISODE, outcome="won", score=1.0, error=None
    ),
    "commit_step": _commit_step,
    "commit_summary": _commit_summary,
    "commit_eviction": _commit_eviction,
    "record_recall": _record_recall,
}


@pytest.fixture
def busy(world: World) -> World:
    """A world with a step, its span and two notes."""
    world.file.commit_step(EPISODE, record(0), [span(0)])
    world.summary("first", Add("key", "under the mat"), Add("lamp", "is dark"))
    return world


class InjectedError(Exception):
    pass


@contextmanager
def failing_at(world: World, statement: int) -> Any:
    """Raise before the given SQL statement (from 0) of this handle runs."""
    seen = 0

    def trace(sql: str, params: object) -> None:
        nonlocal seen
        if seen == statement:
            raise InjectedError(sql)
        seen += 1

    with world.file._store.db.tracer(trace):
        yield


@pytest.mark.parametrize("verb", VERBS)
def test_a_failure_before_any_statement_leaves_the_file_as_it_was(busy: World, verb: str) -> None:
    before = busy.dump()
    for statement in range(1000):
        try:
            with failing_at(busy, statement):
                VERBS[verb](busy)
        except InjectedError:
            assert busy.dump() == before, f"statement {statement} left something behind"
            assert not busy.file._store.db.conn.in_transaction
        else:
            break
    assert statement > 0
    assert busy.dump() != before, "after all the failures, the verb works"
    assert busy.file.uncovered(EPISODE) == []


@pytest.mark.parametrize("verb", VERBS)
def test_an_interrupt_is_rolled_back_too(busy: World, verb: str) -> None:
    before = busy.dump()

    def interrupt(sql: str, params: object) -> None:
        if sql.startswith(("INSERT", "UPDATE")):
            busy.file._store.db.conn.execute(sql, params)  # type: ignore[arg-type]
            raise KeyboardInterrupt

    with busy.file._store.db.tracer(interrupt), pytest.raises(KeyboardInterrupt):
        VERBS[verb](busy)
    assert not busy.file._store.db.conn.in_transaction
    assert busy.dump() == before


FILLER = (span(1, text="x" * 20_000),)
LARGE: dict[str, Verb] = {
    "commit_step": lambda world: world.file.commit_step(EPISODE, record(1), FILLER),
    "commit_summary": lambda world: world.summary("big", Add("a", "b"), spans=FILLER),
}


@pytest.mark.parametrize("verb", LARGE)
def test_a_full_disk_is_named_and_leaves_the_file_whole(busy: World, verb: str) -> None:
    conn = busy.file._store.db.conn
    pages = conn.execute("PRAGMA page_count").fetchone()[0]
    before = busy.dump()
    for room in range(4):  # SQLite refuses more pages than this as it does on a full disk
        conn.execute(f"PRAGMA max_page_count = {pages + room}")
        with pytest.raises(MemoryFileFull, match="free some disk space"):
            LARGE[verb](busy)
        assert busy.dump() == before
    conn.execute("PRAGMA max_page_count = 100000")
    LARGE[verb](busy)
    assert busy.dump() != before


@pytest.mark.parametrize("verb", VERBS)
def test_the_same_call_again_writes_nothing(busy: World, verb: str) -> None:
    if verb == "commit_summary":
        changes = (Add("door", "locked"), Rewrite(busy.file.live_notes(busy.scope)[0].uid, 1, "x"))
        first = busy.summary("again", *changes)
        before = busy.dump()
        second = busy.summary("again", *changes)
        assert second.versions == first.versions
        assert (first.replayed, second.replayed) == (False, True)
    else:
        VERBS[verb](busy)
        before = busy.dump()
        VERBS[verb](busy)
    assert busy.dump() == before


def test_what_a_killed_process_had_not_committed_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    script = f"""
import os, signal, sys
from pathlib import Path
from tests.memory.world import World, EPISODE, record, span
world = World.make(Path({str(path)!r}))
world.file.commit_step(EPISODE, record(0), [span(0)])
def die(sql, params):
    if sql.startswith("INSERT INTO steps"):
        os.kill(os.getpid(), signal.SIGKILL)
with world.file._store.db.tracer(die):
    world.file.commit_step(EPISODE, record(1), [span(1)])
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    assert done.returncode == -9
    world = World.make(path)
    assert [step.step for step in world.file.steps(EPISODE)] == [0]
    assert [found.step for found in world.file.spans(EPISODE)] == [0]
    world.file.commit_step(EPISODE, record(1), [span(1)])
    world.file.close()


def test_no_transaction_is_open_while_tokens_are_counted(world: World) -> None:
    def count(text: str) -> int:
        assert not world.file._store.db.conn.in_transaction
        return len(text)

    first = world.file.commit_summary(
        world.scope,
        episode=EPISODE,
        step=1,
        key="k",
        changes=[Add("ab", "cd")],
        sources=(),
        spans=(),
        prune=None,
        reason="r",
        tokens=count,
    ).versions[0]
    assert first.tokens == len("ab: cd")
    second = world.file.commit_summary(
        world.scope,
        episode=EPISODE,
        step=2,
        key="l",
        changes=[Rewrite(first.note, 1, "longer")],
        sources=(),
        spans=(),
        prune=None,
        reason="r",
        tokens=count,
    ).versions[0]
    assert second.tokens == len("ab: longer") == world.file.note(world.scope, first.note).tokens


# -- what is refused, and writes nothing


def test_a_stale_version_is_a_conflict_and_nothing_of_its_commit_is_written(busy: World) -> None:
    one, two = busy.file.live_notes(busy.scope)
    busy.summary("rewrite", Rewrite(one.uid, 1, "newer"))
    before = busy.dump()
    for stale in (
        Rewrite(one.uid, 1, "lost update"),
        Rewrite(one.uid, 3, "from the future"),
        Delete(one.uid, 1),
    ):
        with pytest.raises(Conflict, match=f"note {one.uid} is at version 2 .*read it again"):
            busy.summary("stale", Add("new", "note"), Rewrite(two.uid, 1, "fine"), stale)
        assert busy.dump() == before


def test_a_deleted_note_stays_deleted(busy: World) -> None:
    one = busy.file.live_notes(busy.scope)[0]
    busy.summary("delete", Delete(one.uid, 1))
    for seen in (1, 2):
        with pytest.raises(Conflict, match="deleted"):
            busy.summary(f"resurrect {seen}", Rewrite(one.uid, seen, "back"))
    assert one.uid not in [found.uid for found in busy.file.live_notes(busy.scope)]
    assert busy.file.note(busy.scope, one.uid).state == "deleted"


def test_sources_and_pruned_spans_must_be_stored(busy: World) -> None:
    before = busy.dump()
    missing = f"{EPISODE}/9/observation/0"
    with pytest.raises(UnknownSpan, match=missing):
        busy.summary("a", Add("t", "b"), sources=(missing,))
    with pytest.raises(UnknownSpan, match=missing):
        busy.summary("b", Add("t", "b"), prune=Prune("summarised", (missing,), 2, 1))
    with pytest.raises(UnknownSpan, match=missing):
        busy.file.commit_eviction(
            episode=EPISODE, step=1, key="c", prune=Prune("evicted", (missing,), 2, 1)
        )
    assert busy.dump() == before


def test_spans_of_another_episode_are_no_source(busy: World) -> None:
    busy.start("run-a/1", busy.file.bank("episode", "run-a/1"))
    other = f"{EPISODE}/0/observation/0"
    with pytest.raises(UnknownSpan, match="run-a/1"):
        busy.summary("a", Add("t", "b"), episode="run-a/1", sources=(other,))


def test_a_committed_step_cannot_change(busy: World) -> None:
    before = busy.dump()
    with pytest.raises(Conflict, match="step 0 .* other content"):
        busy.file.commit_step(EPISODE, record(0, score=1.0), [span(0)])
    with pytest.raises(Conflict, match="step 0 .* other content"):
        busy.file.commit_step(EPISODE, record(0), [span(0, text="another room")])
    with pytest.raises(Conflict, match="step 0 .* other content"):
        busy.file.commit_step(EPISODE, record(0), [])
    with pytest.raises(Conflict, match="other text"):
        busy.file.commit_step(EPISODE, record(1), [span(0, text="another room")])
    with pytest.raises(Conflict, match="step 2 .* cannot follow step 0"):
        busy.file.commit_step(EPISODE, record(2), [])
    assert busy.dump() == before


def test_a_step_may_hold_spans_that_a_summary_stored_before_it(busy: World) -> None:
    busy.summary("s", Add("t", "b"), spans=(span(1, "thought", 0, "hm"),))
    busy.file.commit_step(EPISODE, record(1), [span(1, "thought", 0, "hm"), span(1)])
    assert [(s.step, s.kind) for s in busy.file.spans(EPISODE, step=1)] == [
        (1, "thought"),
        (1, "observation"),
    ]


def test_a_key_belongs_to_one_verb(busy: World) -> None:
    with pytest.raises(Conflict, match="key 'first' .* was used for a summary"):
        busy.file.commit_eviction(
            episode=EPISODE,
            step=1,
            key="first",
            prune=Prune("evicted", (f"{EPISODE}/0/observation/0",), 2, 1),
        )


def test_an_episode_cannot_start_twice_with_other_values(world: World) -> None:
    with pytest.raises(Conflict, match="seed 7, not 8"):
        world.start(seed=8)


def test_an_end_is_final_unless_it_was_a_breakdown(world: World) -> None:
    world.file.finish_episode(EPISODE, outcome="interrupted", score=None, error=None)
    world.file.finish_episode(EPISODE, outcome="errored", score=None, error="EnvError: gone")
    world.file.finish_episode(EPISODE, outcome="lost", score=0.0, error=None)
    with pytest.raises(Conflict, match="ended as 'lost'"):
        world.file.finish_episode(EPISODE, outcome="won", score=1.0, error=None)
    assert world.file.episodes()[0].outcome == "lost"


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
    _commit_summary(busy)
    _record_recall(busy)
    _commit_step(busy)
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
