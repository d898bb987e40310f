"""Shared banks: who may read and write them, what waits for a person, and banks that stand still."""

from __future__ import annotations

import pytest

from memory import (
    Add,
    Approve,
    Bank,
    Conflict,
    Delete,
    Edit,
    Frozen,
    OutOfScope,
    Pin,
    Restore,
    Rewrite,
    Scope,
    UnknownBank,
    UnknownNote,
)
from memory.asof import moment
from memory.errors import BadValue
from tests.memory.world import EPISODE, World


@pytest.fixture
def shared(world: World) -> Bank:
    return world.file.bank("job", "cook")


def test_a_shared_bank_that_is_read_and_written_takes_changes_and_notes(
    world: World, shared: Bank
) -> None:
    scope = Scope(world.bank, (), (shared,))
    lesson = world.add("lesson", "oven", "is hot", scope.adding_to(shared))
    assert lesson.bank == shared
    world.summary("change", Add("mine", "x"), Rewrite(lesson.uid, 1, "is very hot"), scope=scope)
    assert world.file.note(scope, lesson.uid).body == "is very hot"
    assert {n.bank for n in world.file.live_notes(scope)} == {world.bank, shared}
    assert [n.title for n in world.file.live_notes(world.scope)] == ["mine"]
    with pytest.raises(OutOfScope, match="only reads"):
        world.summary("no", Delete(lesson.uid, 2), scope=Scope(world.bank, (shared,)))
    assert scope.adding_to(shared).writable == (shared, world.bank)


def test_what_an_agent_writes_waits_where_the_bank_asks(world: World, shared: Bank) -> None:
    world.file.set_approval(shared, True)
    scope = Scope(shared)
    done = world.summary("k", Add("oven", "is hot"), scope=scope)
    assert done.versions[0].state == "proposed"
    uid = done.versions[0].note
    assert world.file.live_notes(scope) == world.file.search(scope, "oven") == []
    assert world.file.recall(scope, "oven", 99, lambda n: 1) == []
    assert world.file.search_file("oven") == []
    assert [n.uid for n in world.file.notes(scope, ("proposed",))] == [uid]
    assert world.summary("again", Add("Oven", "is hot."), scope=scope).echoes == 1
    world.file.edit(scope, key="a", edits=[Approve(uid, 1)], reason="fine")
    assert [n.uid for n in world.file.live_notes(scope)] == [uid]
    with pytest.raises(Conflict, match="live, not proposed"):
        world.file.edit(scope, key="b", edits=[Approve(uid, 2)], reason="twice")
    for change in (Rewrite(uid, 2, "is cold"), Delete(uid, 2)):
        with pytest.raises(OutOfScope, match="only a person changes"):
            world.summary("c", Add("t", "b"), change, scope=scope)
    world.file.edit(scope, key="d", edits=[Rewrite(uid, 2, "is warm")], reason="a person may")
    other = world.file.edit(
        scope, key="e", edits=[Add("from", "afar")], reason="mcp", actor="agent"
    )
    assert other.versions[0].state == "proposed"
    assert world.file.asks_for_approval(shared)
    world.file.set_approval(shared, False)
    assert not world.file.asks_for_approval(shared)
    assert world.summary("f", Add("pan", "is big"), scope=scope).versions[0].state == "live"


def test_edits_are_a_persons_versions_and_written_once(world: World) -> None:
    door = world.add("k", "door", "locked")
    edits: list[Edit] = [
        Pin(door.uid, 1),
        Rewrite(door.uid, 2, "open", "gate"),
        Add("lamp", "lit", "f" * 16),
    ]
    first = world.file.edit(world.scope, key="e", edits=edits, reason="by hand")
    assert [(v.op, v.actor, v.episode, v.key) for v in first.versions] == [
        ("pin", "person", None, "e"),
        ("rewrite", "person", None, "e"),
        ("add", "person", None, "e"),
    ]
    before = world.dump()
    again = world.file.edit(world.scope, key="e", edits=edits, reason="by hand")
    assert again.replayed
    assert again.versions == first.versions
    assert world.dump() == before
    world.file.edit(world.scope, key="d", edits=[Delete(door.uid, 3)], reason="r")
    with pytest.raises(Conflict, match="restore it before"):
        world.file.edit(world.scope, key="x", edits=[Rewrite(door.uid, 4, "z")], reason="r")
    world.file.edit(world.scope, key="r", edits=[Restore(door.uid, 4, 1)], reason="r")
    restored = world.file.note(world.scope, door.uid)
    assert (restored.title, restored.body, restored.state, restored.version, restored.pinned) == (
        ("door", "locked", "live", 5, True)
    )
    for wrong, said in (
        (Restore(door.uid, 5, 9), "no version 9"),
        (Rewrite(door.uid, 4, "stale"), "read it again"),
        (Add("t", "b", "f" * 16), "is taken"),
    ):
        with pytest.raises(Conflict, match=said):
            world.file.edit(world.scope, key="w", edits=[Add("new", "x"), wrong], reason="r")
    with pytest.raises(BadValue, match="16 hex digits"):
        world.file.edit(world.scope, key="w", edits=[Add("t", "b", "../x")], reason="r")
    with pytest.raises(BadValue, match="actor 'robot'"):
        world.file.edit(world.scope, key="w", edits=[Add("t", "b")], reason="r", actor="robot")
    other = Scope(world.file.bank("job", "other"))
    with pytest.raises(OutOfScope):
        world.file.edit(other, key="w", edits=[Pin(door.uid, 5)], reason="r")


# -- banks that stand still


def test_a_frozen_bank_is_read_as_it_was_but_for_the_episodes_own_writing(
    world: World, shared: Bank
) -> None:
    live = Scope(shared)
    kept, changed, gone, pinned = (
        world.file.edit(live, key=t, edits=[Add(t, f"old word {t}")], reason="r").versions[0].note
        for t in ("kept", "changed", "gone", "pinned")
    )
    at = world.file.newest_change()
    before = world.file.live_notes(live)
    frozen = Scope(world.bank, (), (shared,), Frozen((shared,), at, EPISODE))
    searched = world.file.search(frozen, "old word changed gone", 9)
    recalled = world.file.recall(frozen, "old word gone", 40, lambda n: 8)
    world.file.edit(
        live,
        key="later",
        edits=[
            Rewrite(changed, 1, "new"),
            Delete(gone, 1),
            Pin(pinned, 1),
            Add("late", "old word"),
        ],
        reason="another run",
    )
    assert world.file.live_notes(live) != before
    assert world.file.live_notes(frozen) == before
    assert world.file.search(frozen, "old word changed gone", 9) == searched
    assert world.file.recall(frozen, "old word gone", 40, lambda n: 8) == recalled
    assert world.file.note(frozen, gone).state == "live"
    assert world.file.note(frozen, changed).version == 1
    assert world.file.note(frozen.as_it_is(), changed).body == "new"
    late = world.file.live_notes(live)[-1]
    with pytest.raises(UnknownNote, match="not there yet"):
        world.file.note(frozen, late.uid)
    # What the episode itself does is seen, and own banks never stand still.
    world.summary("own", Rewrite(kept, 1, "mine now"), Add("own", "note"), scope=frozen)
    bodies = [n.body for n in world.file.live_notes(frozen)]
    assert "mine now" in bodies
    assert "note" in bodies
    assert "new" not in bodies
    assert [n.uid for n in world.file.search(frozen, "mine")] == [kept]
    nothing = Scope(world.bank, (shared,), (), Frozen((shared,), "", "nobody"))
    assert [n.body for n in world.file.live_notes(nothing)] == ["note"]


def test_a_frozen_bank_hides_nothing_of_a_bank_out_of_scope(world: World, shared: Bank) -> None:
    world.add("k", "secret", "of cook", Scope(shared))
    scope = Scope(world.bank, (), (), Frozen((shared,), "2000", None))
    assert world.file.live_notes(scope) == world.file.search(scope, "secret") == []


def test_times_are_iso_8601() -> None:
    assert moment("2026-11-22") == "2026-11-22T23:59:59.999999Z"
    assert moment("2026-11-22T13:05:00Z") == "2026-11-22T13:05:00.000000Z"
    assert moment("2026-11-22T13:05:00+02:00") == "2026-11-22T11:05:00.000000Z"
    assert moment("2026-11-22T13:05") == "2026-11-22T13:05:00.000000Z"
    assert moment("0999-01-01T00:00") == "0999-01-01T00:00:00.000000Z"
    for outside in ("0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00"):
        with pytest.raises(BadValue, match="outside the years 1 to 9999"):
            moment(outside)
    for wrong in ("", "yesterday", "22.11.2026"):
        with pytest.raises(BadValue, match="not ISO-8601"):
            moment(wrong)


def test_the_wall_stands_for_the_new_verbs_too(world: World, shared: Bank) -> None:
    secret = world.add("k", "secret", "of cook", Scope(shared))
    mine = world.scope
    before = world.dump()
    for call in (
        lambda: world.file.why(mine, secret.uid),
        lambda: world.file.purge(mine, secret.uid, reason="r"),
        lambda: world.file.edit(mine, key="k", edits=[Pin(secret.uid, 1)], reason="r"),
        lambda: world.file.edit(mine, key="k", edits=[Restore(secret.uid, 1, 1)], reason="r"),
        lambda: world.file.purge(Scope(world.bank, (shared,)), secret.uid, reason="r"),
    ):
        with pytest.raises(OutOfScope):
            call()
    with pytest.raises(UnknownNote):
        world.file.note_starting(mine, secret.uid)
    assert world.file.recall(mine, "secret of cook", 99, lambda n: 1) == []
    assert world.file.notes(mine, ("live", "deleted", "proposed")) == []
    with pytest.raises(UnknownBank):
        world.file.set_approval(Bank(99, "job", "x"), True)
    assert world.dump() == before


def test_a_note_cannot_be_moved_into_another_bank_even_by_other_tools(world: World) -> None:
    import sqlite3

    world.add("k", "t", "b")
    other = world.file.bank("job", "cook")
    conn = sqlite3.connect(world.path)
    with pytest.raises(sqlite3.IntegrityError, match="stays in its bank"):
        conn.execute("UPDATE notes SET bank = ?", (other.id,))
    with pytest.raises(sqlite3.IntegrityError, match="begins with its bank"):
        conn.execute(
            "INSERT INTO notes (uid, bank, title, body, state, version, created, updated)"
            " VALUES ('x', ?, 't', 'b', 'live', 1, '2026', '2026')",
            (other.id,),
        )
    conn.close()
