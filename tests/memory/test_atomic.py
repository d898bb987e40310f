"""Every write verb is all or nothing, wherever it is cut off, and once only, however often sent."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from memory import Add, MemoryFileFull, Rewrite
from tests.memory.verbs import VERBS, Verb
from tests.memory.world import EPISODE, World, record, span


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
