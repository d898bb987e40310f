"""Whatever a person and agents do to notes, in whatever order: the file passes the doctor."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from memory import (
    Add,
    Approve,
    Conflict,
    Delete,
    Edit,
    NoteVersion,
    OutOfScope,
    Pin,
    Restore,
    Rewrite,
    doctor,
)
from tests.memory.test_properties import fresh

# (kind, which note, which older version, by whom)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(
            ["add", "rewrite", "delete", "restore", "approve", "pin", "unpin", "purge", "asks"]
        ),
        st.integers(0, 3),
        st.integers(1, 3),
        st.sampled_from(["person", "agent"]),
    ),
    max_size=20,
)


def standing(version: NoteVersion) -> tuple[object, ...]:
    return version.title, version.body, version.state, version.pinned


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits=EDITS)
@example(edits=[("purge", 0, 1, "person"), ("rewrite", 0, 1, "agent")])
def test_any_edits_leave_a_sound_file(
    template: Path, edits: list[tuple[str, int, int, str]]
) -> None:
    with fresh(template) as world:
        file, scope = world.file, world.scope
        file.edit(scope, key="first", edits=[Add("first", "note")], reason="r")
        for number, (kind, pick, older, actor) in enumerate(edits):
            notes = file.all_notes(scope)
            note = notes[pick % len(notes)]
            changes: dict[str, Edit] = {
                "add": Add(f"title {pick}", f"body {number}"),
                "rewrite": Rewrite(note.uid, note.version, f"body {number}"),
                "delete": Delete(note.uid, note.version),
                "restore": Restore(note.uid, note.version, older),
                "approve": Approve(note.uid, note.version),
                "pin": Pin(note.uid, note.version),
                "unpin": Pin(note.uid, note.version, False),
            }
            before = world.dump()
            try:
                if kind == "purge":
                    file.purge(scope, note.uid, reason="r")
                elif kind == "asks":
                    file.set_approval(world.bank, pick > 1)
                else:
                    edit = changes[kind]
                    file.edit(scope, key=f"{number}", edits=[edit], reason="r", actor=actor)
            except (Conflict, OutOfScope):
                assert world.dump() == before
            live = {n.uid for n in file.live_notes(scope)}
            assert live == {n.uid for n in file.all_notes(scope) if n.state == "live"}
            assert all(n.title and n.body for n in file.live_notes(scope))
        for note in file.all_notes(scope):
            history = file.versions(scope, note.uid)
            for before_it, version in pairwise(history):
                if version.op in ("pin", "unpin", "restore") and version.title:
                    assert standing(version) != standing(before_it), "it was so already"
        found = [f for f in doctor.examine(world.path) if f.result == doctor.ERROR]
        assert found == []
