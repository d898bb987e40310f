"""Whatever is stored comes back; whatever was done, the history replays to what stands."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory import Add, Conflict, Delete, MemoryFile, Note, NoteChange, NoteVersion, Rewrite, Scope
from memory.text import one_line
from tests.memory.world import EPISODE, World, record, span

quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
NOTE_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=150)
NOTE_TEXT = NOTE_TEXT.filter(lambda text: bool(one_line(text).strip()))


@contextmanager
def fresh(template: Path) -> Iterator[World]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "memory.sqlite"
        shutil.copyfile(template, path)
        world = World.make(path)
        # Durability is tested elsewhere; here it would only make the disk the slowest part.
        world.file._store.db.execute("PRAGMA synchronous = OFF")
        try:
            yield world
        finally:
            world.file.close()


@quick
@given(text=TEXT, window=TEXT, action=TEXT, title=NOTE_TEXT, body=NOTE_TEXT)
def test_text_comes_back_as_it_was_given(
    template: Path, text: str, window: str, action: str, title: str, body: str
) -> None:
    steps = [record(0, window=window), record(1, action=action, reward=-0.5, score=2.0, done=True)]
    with fresh(template) as world:
        world.file.commit_step(EPISODE, steps[0], [span(text=text)])
        world.file.commit_step(EPISODE, steps[1], [])
        added = world.add("k", title, body)
        world.file.close()
        world.file = MemoryFile.open(world.path, read_only=True)
        stored = world.file.spans(EPISODE)[0]
        assert stored.text == text
        assert stored.sha256 == hashlib.sha256(text.encode()).hexdigest()
        assert world.file.steps(EPISODE) == steps
        note = world.file.note(world.scope, added.uid)
        assert (note.title, note.body) == (one_line(title), one_line(body))
        assert world.file.versions(world.scope, note.uid)[0].body == note.body


@quick
@given(query=st.text(max_size=80))
def test_any_text_is_a_legal_query(world: World, query: str) -> None:
    if not world.file.live_notes(world.scope):
        world.add("k", "brass lamp", "NEAR the door OR under* it")
    assert len(world.file.search(world.scope, query)) <= 1


def test_a_query_finds_words_and_nothing_else(world: World) -> None:
    lamp = world.add("1", "brass lamp", "near locked doors")
    sword = world.add("2", "elvish sword", "glows near goblins")
    search = world.file.search
    assert search(world.scope, "You see a LAMP; it is dark.") == [lamp]
    assert search(world.scope, "a door") == [lamp], "by stem"
    assert search(world.scope, "Élvish") == [sword], "without accents"
    assert search(world.scope, "near lamp")[0] == lamp
    assert search(world.scope, "near", limit=1) == [lamp], "oldest first in a tie"
    for nothing in ("", "?!.,;:-()\"'*^", "title: brass", "NOT", "dragon", "\0", "\ud800", "_"):
        assert search(world.scope, nothing) in ([], [lamp])
    assert search(world.scope, "?!.,;:-()\"'*^") == []
    assert search(world.scope, "lamp", limit=0) == search(world.scope, "lamp", limit=-1) == []
    long = " ".join(f"word{n}" for n in range(5000))
    assert search(world.scope, f"goblins {long}") == [sword]
    world.summary("delete", Delete(lamp.uid, 1))
    assert search(world.scope, "lamp") == []


# An operation is (kind, which bank, which note, how stale the version seen is, text).
OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["add", "rewrite", "rewrite", "delete"]),
        st.integers(0, 1),
        st.integers(0, 5),
        st.sampled_from([0, 0, 0, 1]),
        st.sampled_from(["red door", "blue door", "a key", "lamp", "ünïcode", "door door"]),
    ),
    max_size=25,
)


def replay(versions: list[NoteVersion]) -> tuple[object, ...]:
    """The row that a history ends in."""
    last = versions[-1]
    return (
        *(last.title, last.body, last.state, last.version, last.tokens, last.pinned),
        *(versions[0].at, last.at),
    )


def row(note: Note) -> tuple[object, ...]:
    return (
        *(note.title, note.body, note.state, note.version, note.tokens, note.pinned),
        *(note.created, note.updated),
    )


@quick
@given(operations=OPERATIONS)
def test_versions_replay_to_the_notes_and_the_index_agrees(
    template: Path, operations: list[tuple[str, int, int, int, str]]
) -> None:
    with fresh(template) as world:
        scopes = [Scope(world.file.bank("person", "ada")), Scope(world.file.bank("job", "cook"))]
        model: dict[str, list[str]] = {}  # uid -> bodies, one a version; "" marks a deletion
        owner: dict[str, int] = {}
        for number, (kind, which, pick, stale, text) in enumerate(operations):
            uids = [uid for uid in model if owner[uid] == which]
            change: NoteChange = Add(text, text)
            uid = uids[pick % len(uids)] if uids else ""
            if kind != "add" and uid:
                seen = len(model[uid]) - stale
                rewrite = Rewrite(uid, seen, text, text)
                change = rewrite if kind == "rewrite" else Delete(uid, seen)
            legal = isinstance(change, Add) or (not stale and model[uid][-1] != "")
            said = [model[each][-1] for each in uids]
            echo = text in said if isinstance(change, Add) else legal and model[uid][-1] == text
            echo = echo and not isinstance(change, Delete)
            try:
                written = world.summary(str(number), change, scope=scopes[which])
            except Conflict:
                assert not legal
                continue
            assert legal
            assert written.echoes == echo == (not written.versions)
            if echo:
                continue
            done = written.versions[0]
            owner[done.note] = which
            model.setdefault(done.note, []).append("" if isinstance(change, Delete) else text)
        for which, scope in enumerate(scopes):
            notes = world.file.all_notes(scope)
            assert {note.uid for note in notes} == {u for u in model if owner[u] == which}
            for note in notes:
                versions = world.file.versions(scope, note.uid)
                assert [v.version for v in versions] == list(range(1, len(versions) + 1))
                assert replay(versions) == row(note)
                assert len(versions) == len(model[note.uid])
                assert (note.state == "deleted") == (model[note.uid][-1] == "")
                assert note.state == "deleted" or note.body == model[note.uid][-1]
            for word in ("door", "key", "lamp", "unicode"):
                found = {note.uid for note in world.file.search(scope, word, 100)}
                live = {n.uid for n in notes if n.state == "live"}
                assert found == {
                    u for u in live if word in model[u][-1].replace("ü", "u").replace("ï", "i")
                }
        updates = [n.updated for s in scopes for n in world.file.all_notes(s)]
        assert len(set(updates)) == len(updates)
        with closing(sqlite3.connect(world.path)) as conn:
            conn.execute("INSERT INTO notes_fts (notes_fts, rank) VALUES ('integrity-check', 1)")
            for word in ("door", "lamp"):
                indexed = conn.execute(
                    "SELECT rowid FROM notes_fts WHERE notes_fts MATCH ?", [word]
                )
                stored = conn.execute(
                    "SELECT id FROM notes WHERE body LIKE ?1 OR title LIKE ?1", [f"%{word}%"]
                )
                assert set(indexed.fetchall()) == set(stored.fetchall())


def test_recency_survives_a_clock_that_goes_back(tmp_path: Path) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)

    def clock() -> datetime:
        nonlocal moment
        moment -= timedelta(hours=1)
        return moment

    path = tmp_path / "memory.sqlite"
    file = MemoryFile.open(path, clock=clock)
    world = World(file, path, file.bank("episode", EPISODE))
    world.start()
    notes = [world.add(str(n), "t", f"b{n}") for n in range(4)]
    assert [note.body for note in file.live_notes(world.scope)] == ["b0", "b1", "b2", "b3"]
    assert sorted(note.updated for note in notes) == [note.updated for note in notes]
    assert notes[0].created.startswith("2025-12-31T")
    assert notes[0].created.endswith("Z")
    file.close()
