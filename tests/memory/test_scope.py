"""Banks are walls: no verb crosses from one to another, whatever they are called."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from memory import (
    Add,
    Approve,
    BadBankName,
    Bank,
    Conflict,
    Delete,
    MemoryFile,
    NoteChange,
    OutOfScope,
    Pin,
    Restore,
    Rewrite,
    Scope,
    UnknownBank,
    UnknownNote,
)
from tests.memory.world import EPISODE, World

# The last three look alike: Latin, Cyrillic а, full-width. NFC keeps them apart.
NAMES = ["acme", "acme-corp", "a_b", "axb", "%", ".", "../../x", "Acme", " acme", "аcme", "ａcme"]


@pytest.fixture
def scopes(world: World) -> dict[str, Scope]:
    made = {name: Scope(world.file.bank("company", name)) for name in NAMES}
    made["episode kind"] = Scope(world.file.bank("episode", "acme"))
    assert len({scope.write.id for scope in made.values()}) == len(NAMES) + 1
    for name in NAMES:  # again, now that every name is there to be mistaken for
        assert world.file.bank("company", name) == made[name].write
    for name, scope in made.items():
        world.add(f"add {name}", "shared title", f"secret of {name}", scope)
    return made


def test_reading_shows_one_bank_only(world: World, scopes: dict[str, Scope]) -> None:
    for name, scope in scopes.items():
        for found in (
            world.file.live_notes(scope),
            world.file.all_notes(scope),
            world.file.search(scope, "secret shared title", limit=100),
            world.file.recall(scope, " ".join(NAMES), 1000, lambda _note: 1),
            world.file.notes(scope, ("live", "proposed", "deleted")),
            world.file.search(scope, " ".join(NAMES), limit=100) or world.file.live_notes(scope),
        ):
            assert [note.body for note in found] == [f"secret of {name}"]


def test_no_verb_touches_a_note_of_another_bank(world: World, scopes: dict[str, Scope]) -> None:
    uid = {name: world.file.live_notes(scope)[0].uid for name, scope in scopes.items()}
    before = world.dump()
    for mine, theirs in permutations(scopes, 2):
        scope, other = scopes[mine], uid[theirs]
        changes: list[NoteChange] = [Rewrite(other, 1, "x"), Delete(other, 1)]
        for number, change in enumerate(changes):
            with pytest.raises(OutOfScope, match="outside the scope"):
                world.summary(f"{mine} {theirs} {number}", Add("t", "b"), change, scope=scope)
        with pytest.raises(OutOfScope):
            world.file.note(scope, other)
        with pytest.raises(OutOfScope):
            world.file.versions(scope, other)
        with pytest.raises(OutOfScope):
            world.file.sources(scope, other)
        with pytest.raises(OutOfScope):
            world.file.why(scope, other)
        with pytest.raises(OutOfScope):
            world.file.purge(scope, other, reason="r")
        for edit in (Pin(other, 1), Restore(other, 1, 1), Approve(other, 1), *changes):
            with pytest.raises(OutOfScope):
                world.file.edit(scope, key="k", edits=[edit], reason="r")
        with pytest.raises(UnknownNote):
            world.file.note_starting(scope, other)
        with pytest.raises(OutOfScope):
            world.file.record_recall(episode=EPISODE, step=0, versions=[(other, 1)], scope=scope)
    assert world.dump() == before


def test_a_bank_that_is_read_is_not_written(world: World, scopes: dict[str, Scope]) -> None:
    both = Scope(scopes["acme"].write, (scopes["%"].write,))
    assert len(world.file.live_notes(both)) == len(world.file.search(both, "shared")) == 2
    shared = world.file.live_notes(scopes["%"])[0]
    assert world.file.note(both, shared.uid) == shared
    changes: list[NoteChange] = [Rewrite(shared.uid, 1, "x"), Delete(shared.uid, 1)]
    for number, change in enumerate(changes):
        with pytest.raises(OutOfScope, match="only reads"):
            world.summary(f"k{number}", change, scope=both)
    added = world.add("mine", "t", "b", both)
    assert added.bank == scopes["acme"].write


def test_the_order_of_a_search_does_not_depend_on_other_banks(world: World) -> None:
    """BM25 over the whole file would weigh words by what other banks hold."""
    mine = [
        world.add("1", "hall", "apple pear"),
        world.add("2", "cellar", "plum apple cherry"),
        world.add("3", "attic", "plum"),
    ]
    before = world.file.search(world.scope, "plum apple", 10)
    other = Scope(world.file.bank("company", "acme"))
    for n in range(20):
        world.add(f"other {n}", f"x{n}", "plum plum plum", other)
    assert world.file.search(world.scope, "plum apple", 10) == before
    assert {note.uid for note in before} == {note.uid for note in mine}


def test_a_bank_of_another_file_is_refused(world: World, tmp_path: Path) -> None:
    with MemoryFile.open(tmp_path / "other.sqlite") as other:
        other.bank("company", "first")
        bank = other.bank("company", "second")
    for strange in (bank, Bank(world.bank.id, "company", EPISODE), Bank(999, "job", "x")):
        scope = Scope(strange)
        for call in (
            lambda s=scope: world.file.live_notes(s),
            lambda s=scope: world.file.search(s, "x"),
            lambda s=scope: world.file.note(s, "x"),
            lambda s=scope: world.summary("k", Add("t", "b"), scope=s),
            lambda s=scope: world.file.live_notes(Scope(world.bank, (s.write,))),
        ):
            with pytest.raises(UnknownBank, match="not of this file"):
                call()


def test_names_are_normalised_and_otherwise_exact(world: World) -> None:
    assert world.file.bank("person", "e\u0301") == world.file.bank("person", "\u00e9")
    assert world.file.bank("person", "é").name == "\u00e9"
    assert world.file.bank("person", "ada") == world.file.bank("person", "ada")
    assert world.file.bank("person", "ada") != world.file.bank("job", "ada")


@pytest.mark.parametrize(
    ("kind", "name", "match"),
    [
        ("person", "", "is empty"),
        ("person", " \u3000 ", "is empty"),
        ("person", "x" * 201, "201 characters: at most 200"),
        ("person", "a\nb", r"U\+000A at character 1"),
        ("person", "a\0b", r"U\+0000"),
        ("person", "\x1b[31mred", r"U\+001B"),
        ("person", "a\u2028b", r"U\+2028"),
        ("person", "\ud800", "lone surrogate"),
        ("robot", "x", "kind 'robot' is unknown: use one of episode, person, company, job"),
        ("%", "x", "unknown"),
    ],
)
def test_bad_names_are_refused(world: World, kind: str, name: str, match: str) -> None:
    with pytest.raises(BadBankName, match=match):
        world.file.bank(kind, name)


def test_note_uids_are_the_same_in_every_replay_and_never_taken_twice(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.add("k", "t", "b")
    again = World.make(tmp_path / "again.sqlite")
    assert again.add("k", "t", "b").uid == first.uid
    assert world.add("l", "t", "other").uid != first.uid
    again.file.close()
    monkeypatch.setattr("memory.changes.note_uid", lambda episode, key, ordinal: first.uid)
    before = world.dump()
    with pytest.raises(Conflict, match="is taken"):
        world.add("m", "t", "third")
    assert world.dump() == before
