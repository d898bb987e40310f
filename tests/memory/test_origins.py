"""Where a note came from: the very spans, also where a step has several summaries."""

from __future__ import annotations

import pytest

from memory import Add, Note
from tests.memory.world import EPISODE, World, record, span


@pytest.fixture
def two(world: World) -> tuple[Note, Note]:
    """Two notes of one step, each by a summary of its own: the window was full, then the end."""
    made = []
    for ordinal, name in enumerate(("door", "lamp")):
        spans = (span(1, "summary", ordinal, f"ADD {name}: {name} said"),)
        done = world.summary(name, Add(name, f"{name} said"), spans=spans)
        made.append(world.file.note(world.scope, done.versions[0].note))
    world.file.commit_step(EPISODE, record(0), [span(0)])
    world.file.commit_step(EPISODE, record(1), [span(1, "thought", 0, "both")])
    return made[0], made[1]


def test_why_shows_the_summary_that_wrote_the_version(world: World, two: tuple[Note, Note]) -> None:
    for note in two:
        origin = world.file.why(world.scope, note.uid)
        told = {one.kind: one.text for one in origin.written_in}
        assert told == {"thought": "both", "summary": f"ADD {note.title}: {note.body}"}


def test_a_purge_takes_the_summary_that_wrote_the_note_and_no_other(
    world: World, two: tuple[Note, Note]
) -> None:
    world.file.purge(world.scope, two[0].uid, reason="r")
    left = [one.text for one in world.file.spans(EPISODE, kind="summary")]
    assert left == [None, "ADD lamp: lamp said"]
    assert [one.text for one in world.file.spans(EPISODE, kind="thought")] == ["both"]


def test_a_summary_that_no_commit_stored_may_be_any_of_the_step(world: World) -> None:
    """Rather a span too many is erased than a word that was to go stays."""
    world.file.commit_step(EPISODE, record(0), [span(0)])
    spans = [span(1, "summary", n, f"ADD door: secret {n}") for n in range(2)]
    world.file.commit_step(EPISODE, record(1), spans)
    note = world.add("k", "door", "secret 1")
    assert len(world.file.why(world.scope, note.uid).written_in) == 2
    world.file.purge(world.scope, note.uid, reason="r")
    assert [one.text for one in world.file.spans(EPISODE, kind="summary")] == [None, None]
