"""What contradicts the file is refused: stale versions, spans that are not there, other content."""

from __future__ import annotations

import pytest

from memory import Add, Conflict, Delete, Prune, Rewrite, UnknownSpan
from tests.memory.world import EPISODE, World, record, span


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
