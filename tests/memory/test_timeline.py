"""What happened is told in the order in which it was written, once, whatever the clock did."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from memory import Add, MemoryFile, Note, Prune, Scope
from memory.commands import app
from memory.timeline import START
from tests.memory.cli import rows, run
from tests.memory.test_properties import quick
from tests.memory.world import EPISODE, World, record, span


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 6, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment

    def back(self, hours: int) -> None:
        self.moment -= timedelta(hours=hours)


def with_clock(world: World, clock: Clock) -> World:
    world.file.close()
    world.file = MemoryFile.open(world.path, clock=clock)
    return world


def test_events_are_those_of_the_view(world: World, door: Note) -> None:
    world.file.commit_step(EPISODE, record(1), [span(1)])
    run("edit", world.path, door.uid, "--body", "open")
    run("pin", world.path, door.uid)
    events = world.file.timeline().events
    with closing(sqlite3.connect(world.path)) as conn:
        conn.row_factory = sqlite3.Row
        view = [dict(row) for row in conn.execute("SELECT * FROM timeline")]
    assert sorted(events, key=str) == sorted(view, key=str)
    assert len(events) == 7
    assert list(events[0]) == list(view[0])


def test_after_a_clock_was_set_back_what_comes_is_still_told_last(world: World) -> None:
    clock = Clock()
    with_clock(world, clock)
    for step in range(4):
        world.file.commit_step(EPISODE, record(step), [span(step)])
        if step == 1:
            clock.back(5)
    assert [event["step"] for event in rows("tail", world.path)] == [0, 1, 2, 3]
    assert [event["step"] for event in rows("tail", world.path, "-n", 2)] == [2, 3]
    times = [event["at"] for event in rows("tail", world.path)]
    assert times != sorted(times), "as recorded"


WRITES: dict[str, Callable[[World, int], object]] = {
    "step": lambda w, n: w.file.commit_step(
        EPISODE, record(len(w.file.steps(EPISODE))), [span(len(w.file.steps(EPISODE)))]
    ),
    "note": lambda w, n: w.summary(f"s{n}", Add(f"t{n}", f"b{n}")),
    "prune": lambda w, n: w.file.commit_eviction(
        episode=EPISODE,
        step=1,
        key=f"e{n}",
        prune=Prune("evicted", (f"{EPISODE}/0/observation/0",), 2, 1),
    ),
    "recall": lambda w, n: w.file.record_recall(
        episode=EPISODE,
        step=n,
        versions=[(note.uid, 1) for note in w.file.live_notes(w.scope)[:1]],
    ),
}
STORY = st.lists(
    st.tuples(st.sampled_from(sorted(WRITES)), st.integers(-2, 1), st.booleans()), max_size=15
)


@quick
@given(story=STORY)
def test_who_follows_meets_every_event_once_and_in_the_order_of_its_kind(
    template: Path, story: list[tuple[str, int, bool]]
) -> None:
    """A story is what is written, by how many hours the clock is set, and whether one looks then."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "memory.sqlite"
        shutil.copyfile(template, path)
        clock = Clock()
        world = with_clock(World.make(path), clock)
        world.file._store.db.execute("PRAGMA synchronous = OFF")
        world.file.commit_step(EPISODE, record(0), [span(0)])
        followed: list[dict[str, Any]] = []
        seen = START
        for number, (what, hours, looks) in enumerate(story):
            clock.back(-hours)
            WRITES[what](world, number)
            if looks:
                told = world.file.timeline(seen)
                followed += told.events
                seen = told.seen
        followed += world.file.timeline(seen).events
        whole = world.file.timeline().events
        assert sorted(followed, key=str) == sorted(whole, key=str)
        for events in (followed, whole):
            steps = [event["step"] for event in events if event["what"] == "step"]
            assert steps == list(range(len(steps)))
            notes = [event["detail"] for event in events if event["what"] == "add"]
            assert notes == [f"t{n}: b{n}" for n, (what, *_) in enumerate(story) if what == "note"]
        for limit in (0, 1, 3, 99):
            newest = world.file.timeline(limit=limit).events
            assert len(newest) == min(limit, len(whole))
        world.file.close()


def test_tail_follows_past_a_clock_that_is_set_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    with_clock(world, clock)
    world.file.commit_step(EPISODE, record(0), [span(0)])
    looks = 0

    def sleep(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks > 4:
            raise KeyboardInterrupt
        clock.back(2)
        world.file.commit_step(EPISODE, record(looks), [span(looks)])

    monkeypatch.setattr(time, "sleep", sleep)
    done = CliRunner().invoke(app, ["tail", str(world.path), "-f", "--nl"])
    told = [json.loads(line)["step"] for line in done.stdout.splitlines() if line.startswith("{")]
    assert told == [0, 1, 2, 3, 4]


def test_a_prune_is_what_an_episode_did_whatever_note_covers_it(world: World) -> None:
    """A note of a shared bank may cover what leaves the window of an episode."""
    world.file.commit_step(EPISODE, record(0), [span(0)])
    shared = Scope(world.file.bank("job", "cook"))
    cut = (f"{EPISODE}/0/observation/0",)
    prune = Prune("summarised", cut, 9, 1)
    [note] = world.summary("k", Add("oven", "hot"), scope=shared, sources=cut, prune=prune).versions
    own = rows("tail", world.path, "--bank", f"episode/{EPISODE}")
    assert [(event["what"], event["note"]) for event in own] == [
        ("step", None),
        ("prune summarised", None),
    ]
    job = rows("tail", world.path, "--bank", "job/cook")
    assert [(event["what"], event["note"]) for event in job] == [("add", note.note)]
    whole = {event["what"]: event["note"] for event in rows("tail", world.path)}
    assert whole["prune summarised"] == note.note
