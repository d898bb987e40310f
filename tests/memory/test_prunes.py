"""What notes a prune reaches: one is named in its row, several are found through its spans."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory import Add, Delete, MemoryFile, NoteChange, Prune, Rewrite, Scope, doctor
from tests.memory.cli import rows, run
from tests.memory.old import make_v1
from tests.memory.test_properties import fresh, quick
from tests.memory.world import EPISODE, World, record, span


@pytest.fixture
def played(world: World) -> World:
    """Six steps with an observation each."""
    for step in range(6):
        world.file.commit_step(EPISODE, record(step), [span(step, text=f"room {step}")])
    return world


def seen(*steps: int) -> tuple[str, ...]:
    return tuple(f"{EPISODE}/{step}/observation/0" for step in steps)


def cutting(*steps: int) -> Prune:
    return Prune("summarised", seen(*steps), 90, 10)


def named(world: World) -> list[str | None]:
    """The column ``note`` of each prune."""
    with closing(sqlite3.connect(world.path)) as conn:
        return [note for (note,) in conn.execute("SELECT note FROM prunes ORDER BY id")]


def covering(world: World) -> list[tuple[str, ...]]:
    return [record.notes for record in world.file.prunes(EPISODE)]


def prunes_are_sound(world: World) -> bool:
    found = {finding.check: finding.result for finding in doctor.examine(world.path)}
    return found["prunes"] == doctor.OK


def test_the_one_note_that_covers_a_prune_is_in_its_row(played: World) -> None:
    [written] = played.summary(
        "a", Add("t", "b"), sources=seen(0, 1, 2), prune=cutting(0, 1)
    ).versions
    assert named(played) == [written.note]
    assert covering(played) == [(written.note,)]
    played.summary("a", Add("t", "b"), sources=seen(0, 1, 2), prune=cutting(0, 1))
    assert named(played) == [written.note], "sent again it writes nothing"
    assert prunes_are_sound(played)


def test_of_several_notes_none_is_in_the_row_and_all_are_reached(played: World) -> None:
    done = played.summary(
        "a", Add("t", "b"), Add("u", "c"), sources=seen(0, 1, 2), prune=cutting(0, 1)
    )
    both = tuple(version.note for version in done.versions)
    assert (named(played), covering(played)) == ([None], [both])
    for uid, other in (both, both[::-1]):
        [why] = rows("why", played.path, uid)
        assert [(p["step"], p["spans"], p["notes"]) for p in why["prunes"]] == [
            (1, list(seen(0, 1)), list(both))
        ]
        told = run("why", played.path, uid, "-t").output
        assert f"{EPISODE} step 1: 2 spans, 90 -> 10 tokens, as {other} too" in told


def test_spans_that_stay_do_not_make_the_next_prune_that_of_the_note_before(played: World) -> None:
    [old] = played.summary("a", Add("t", "b"), sources=seen(0, 1, 2), prune=cutting(0, 1)).versions
    [new] = played.summary("b", Add("u", "c"), sources=seen(2, 3, 4), prune=cutting(2, 3)).versions
    assert named(played) == [old.note, new.note]
    for note, cut in ((old.note, seen(0, 1)), (new.note, seen(2, 3))):
        [why] = rows("why", played.path, note)
        assert [prune["spans"] for prune in why["prunes"]] == [list(cut)]


def test_a_deletion_covers_nothing_and_a_rewrite_does(played: World) -> None:
    lamp, door = played.summary("a", Add("lamp", "dark"), Add("door", "locked")).versions
    changes: tuple[NoteChange, ...] = (Delete(lamp.note, 1), Rewrite(door.note, 1, "open"))
    played.summary("b", *changes, sources=seen(0, 1), prune=cutting(0, 1))
    assert named(played) == [door.note]
    assert rows("why", played.path, door.note, "--version", 1)[0]["prunes"] == []
    assert len(rows("why", played.path, door.note)[0]["prunes"]) == 1
    assert prunes_are_sound(played)


def test_a_note_that_is_said_again_covers_what_it_took_as_sources(played: World) -> None:
    [note] = played.summary("a", Add("door", "locked"), sources=seen(0), prune=cutting(0)).versions
    again = played.summary("b", Add("door", "locked"), sources=seen(1, 2), prune=cutting(1, 2))
    assert (again.versions, again.echoed) == ((), (note.note,))
    assert named(played) == [note.note] * 2
    assert len(rows("why", played.path, note.note)[0]["prunes"]) == 2


def test_an_echo_of_a_note_that_is_only_read_covers_nothing(played: World) -> None:
    shared = played.file.bank("job", "cook")
    played.add("s", "door", "locked", Scope(shared))
    only_read = Scope(played.bank, (shared,))
    played.summary("b", Add("door", "locked"), scope=only_read, sources=seen(1), prune=cutting(1))
    assert (named(played), covering(played)) == ([None], [()])
    assert played.file.uncovered(EPISODE) == [], "its raw text is there"
    played.file.retain(keep_bytes=0)
    assert played.file.uncovered(EPISODE) == []


def test_why_names_no_note_of_a_bank_outside_its_scope(played: World) -> None:
    """One commit may rewrite a note of a shared bank and add to its own."""
    shared = played.file.bank("job", "cook")
    oven = played.add("s", "oven", "cold", Scope(shared))
    both = Scope(played.bank, (), (shared,))
    changes: tuple[NoteChange, ...] = (Add("t", "b"), Rewrite(oven.uid, 1, "hot"))
    done = played.summary("b", *changes, scope=both, sources=seen(1), prune=cutting(1))
    own, other = (version.note for version in done.versions)
    assert rows("why", played.path, own)[0]["prunes"][0]["notes"] == [own, other]
    [why] = rows("why", played.path, own, "--bank", str(played.bank))
    assert why["prunes"][0]["notes"] == [own]


def test_half_a_cover_is_none_and_what_was_recalled_needs_none(played: World) -> None:
    played.summary("a", Add("t", "b"), sources=seen(0), prune=cutting(0, 1))
    looked_up = span(1, "recalled", text="- a: b")
    cut = (*seen(2), looked_up.uid(EPISODE))
    [note] = played.summary(
        "b", Add("u", "c"), spans=(looked_up,), sources=cut, prune=Prune("summarised", cut, 9, 1)
    ).versions
    played.file.commit_eviction(
        episode=EPISODE, step=5, key="e", prune=Prune("evicted", seen(4), 9, 1)
    )
    assert named(played) == [None, note.note, None]
    assert covering(played) == [(), (note.note,), ()]


def test_the_doctor_sees_a_prune_with_another_note(played: World) -> None:
    played.summary("a", Add("t", "b"), sources=seen(0), prune=cutting(0))
    other = played.add("o", "other", "words")
    assert prunes_are_sound(played)
    played.file.close()
    with closing(sqlite3.connect(played.path)) as conn:
        conn.execute("DROP TRIGGER prunes_append_only")
        conn.execute("UPDATE prunes SET note = ?", (other.uid,))
        conn.commit()
    found = {finding.check: finding.detail for finding in doctor.examine(played.path)}
    assert f"names note {other.uid}, which does not cover" in found["prunes"]


def test_prunes_of_a_file_of_schema_1_reach_their_notes(path: Path) -> None:
    make_v1(path)
    assert run("migrate", path, "--no-backup").exit_code == 0
    with MemoryFile.open(path, read_only=True) as memory:
        assert [record.notes for record in memory.prunes("run-a/0")] == [("a" * 16,)]
    assert {f.check: f.result for f in doctor.examine(path)}["prunes"] == doctor.OK


def test_the_sql_of_the_document_finds_them_too(played: World) -> None:
    played.summary("a", Add("t", "b"), Add("u", "c"), sources=seen(0, 1), prune=cutting(0, 1))
    played.summary("b", Add("v", "d"), sources=seen(1, 2, 3), prune=cutting(1, 2))
    document = (Path(__file__).parents[2] / "docs" / "memory.md").read_text()
    [sql] = re.findall(r"```sql\n(SELECT v\.note, .*?)```", document, re.DOTALL)
    with closing(sqlite3.connect(played.path)) as conn:
        for number, record in enumerate(played.file.prunes(EPISODE), 1):
            found = conn.execute(sql.replace(":prune", str(number))).fetchall()
            whole = [note for note, _, spans in found if spans == len(record.prune.spans)]
            assert whole == list(record.notes)


COMMITS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["door", "key", "lamp"]), min_size=1, max_size=3),
        st.sets(st.integers(0, 5), min_size=1),
        st.sets(st.integers(0, 5), min_size=1),
    ),
    max_size=6,
)


@quick
@given(commits=COMMITS)
def test_a_row_names_a_note_where_just_one_covers_it(
    template: Path, commits: list[tuple[list[str], set[int], set[int]]]
) -> None:
    with fresh(template) as world:
        for step in range(6):
            world.file.commit_step(EPISODE, record(step), [span(step, text=f"room {step}")])
        covers: dict[str, set[int]] = {}  # title -> steps; each is said again and again
        expected: list[set[str]] = []
        for number, (titles, sources, cut) in enumerate(commits):
            changes = [Add(title, "body") for title in titles]
            world.summary(
                str(number), *changes, sources=seen(*sorted(sources)), prune=cutting(*sorted(cut))
            )
            for title in titles:
                covers.setdefault(title, set()).update(sources)
            expected.append({title for title, steps in covers.items() if cut <= steps})
        uids = {note.uid: note.title for note in world.file.all_notes(world.scope)}
        for note, then in zip(named(world), expected, strict=True):
            assert then == {uids[note]} if note is not None else len(then) != 1
        for record_, (_, _, cut) in zip(world.file.prunes(EPISODE), commits, strict=True):
            now = {title for title, steps in covers.items() if cut <= steps}
            assert {uids[uid] for uid in record_.notes} == now
        assert prunes_are_sound(world)
