"""What may be erased, what never is, and that what was erased for good is nowhere in the file."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from memory import Add, Conflict, Delete, Frozen, MemoryFile, Prune, Restore, Rewrite, Scope, doctor
from memory.errors import BadValue
from memory.text import sha256
from tests.memory.world import EPISODE, World, record, span

SECRET = "zanzibarsecret"


def sound(path: Path) -> bool:
    return not [f for f in doctor.examine(path) if f.result == doctor.ERROR]


@pytest.fixture
def played(world: World) -> World:
    """Ten steps: 0-3 pruned under a note, 4 and 5 evicted, the rest in the window."""
    for step in range(10):
        text = f"room {step} " * 10
        told = record(step, observation_sha256=sha256(text))
        world.file.commit_step(EPISODE, told, [span(step, text=text)])
    cut = tuple(f"{EPISODE}/{n}/observation/0" for n in range(4))
    world.summary("s", Add("rooms", "0 to 3"), sources=cut, prune=Prune("summarised", cut, 9, 1))
    out = tuple(f"{EPISODE}/{n}/observation/0" for n in (4, 5))
    world.file.commit_eviction(episode=EPISODE, step=9, key="e", prune=Prune("evicted", out, 9, 1))
    return world


def kept(world: World) -> list[int]:
    return [one.step for one in world.file.spans(EPISODE) if one.text is not None]


def test_everything_is_kept_unless_asked(played: World) -> None:
    assert played.file.retain().spans == 0
    assert kept(played) == list(range(10))


def test_only_what_a_note_covers_and_no_window_shows_is_erased(played: World) -> None:
    dry = played.file.retain(keep_bytes=0, dry=True)
    assert kept(played) == list(range(10))
    gone = played.file.retain(keep_bytes=0)
    assert (gone.spans, gone.bytes) == (dry.spans, dry.bytes) == (4, 280)
    assert kept(played) == list(range(4, 10)), "evicted and unpruned spans stay"
    assert played.file.uncovered(EPISODE) == []
    assert all(one.erased for one in played.file.spans(EPISODE) if one.text is None)
    assert played.file.retain(keep_bytes=0).spans == 0
    assert sound(played.path)


def test_retention_by_size_takes_the_oldest_first(played: World) -> None:
    total = sum(len(one.text or "") for one in played.file.spans(EPISODE))
    assert played.file.retain(keep_bytes=total).spans == 0
    assert played.file.retain(keep_bytes=total - 71).spans == 2
    assert kept(played) == list(range(2, 10))


def test_retention_by_age(played: World) -> None:
    assert played.file.retain(keep_days=1).spans == 0
    later = datetime.now(UTC) + timedelta(days=3)
    with MemoryFile.open(played.path, clock=lambda: later) as file:
        assert file.retain(keep_days=4).spans == 0
        assert file.retain(keep_days=1e9).spans == 0
        assert file.retain(keep_days=2).spans == 4
    for wrong in (-1, float("nan"), float("inf")):
        with pytest.raises(BadValue, match="0 or more"):
            played.file.retain(keep_days=wrong)


def test_spans_of_a_finished_episode_need_no_prune_but_always_a_note(world: World) -> None:
    for step in range(3):
        world.file.commit_step(EPISODE, record(step), [span(step)])
    world.summary("s", Add("t", "b"), sources=(f"{EPISODE}/1/observation/0",))
    assert world.file.retain(keep_bytes=0).spans == 0
    world.file.finish_episode(EPISODE, outcome="interrupted", score=None, error=None)
    assert world.file.retain(keep_bytes=0).spans == 0
    world.file.finish_episode(EPISODE, outcome="won", score=1.0, error=None)
    assert world.file.retain(keep_bytes=0).spans == 1
    assert kept(world) == [0, 2]


def test_a_span_can_lose_its_text_and_nothing_else(world: World) -> None:
    world.file.commit_step(EPISODE, record(0), [span(0)])
    conn = sqlite3.connect(world.path)
    for change in (
        "text = 'other', erased = 'now'",
        "text = NULL",
        "text = NULL, erased = 'now', step = 9",
        "text = NULL, erased = 'now', sha256 = hex(zeroblob(32))",
        "erased = 'now'",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            conn.execute(f"UPDATE spans SET {change}")
    conn.execute("UPDATE spans SET text = NULL, erased = 'now'")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        conn.execute("UPDATE spans SET text = 'back', erased = NULL")
    conn.close()


def test_no_row_is_ever_deleted(played: World) -> None:
    played.file.record_recall(
        episode=EPISODE, step=9, versions=[(played.file.live_notes(played.scope)[0].uid, 1)]
    )
    conn = sqlite3.connect(played.path)
    for table in ("banks", "episodes", "notes", "steps", "spans", "commits", "note_versions",
                  "note_sources", "recalls", "prunes", "prune_spans"):  # fmt: skip
        with pytest.raises(sqlite3.IntegrityError, match="never deleted"):
            conn.execute(f"DELETE FROM {table}")
    conn.close()


def everything(path: Path) -> bytes:
    """The bytes of the file and its log, after the handles on it were closed."""
    return b"".join(
        place.read_bytes() for place in path.parent.iterdir() if place.name.startswith(path.name)
    ).lower()


@pytest.mark.parametrize("sources", [True, False])
def test_a_purge_leaves_no_word_of_a_note_in_the_file(world: World, sources: bool) -> None:
    text = f"the password is {SECRET}"
    spans = [span(0, text=text), span(0, "thought", 0, "unrelated")]
    world.file.commit_step(EPISODE, record(0, observation_sha256=sha256(text)), spans)
    for n in range(30):
        world.add(f"n{n}", f"other {n}", f"note {n}")
    raw = (f"{EPISODE}/0/observation/0",)
    uid = (
        world.summary(
            "k",
            Add(SECRET, f"is {SECRET}"),
            sources=raw,
            spans=(span(1, "summary", 0, f"ADD {SECRET}: is {SECRET}"),),
            prune=Prune("summarised", raw, 9, 1),
        )
        .versions[0]
        .note
    )
    world.summary("l", Rewrite(uid, 1, f"was {SECRET}", SECRET))
    world.file.commit_step(EPISODE, record(1), [span(1, "recalled", 0, f"- x: was {SECRET}")])
    world.file.record_recall(episode=EPISODE, step=1, versions=[(uid, 2)])
    copy = world.path.parent / "copy.sqlite"
    world.file.backup(copy)
    assert SECRET.encode() in everything(copy), "a copy holds it, so the search below can fail"
    gone = world.file.purge(world.scope, uid, reason="asked to", sources=sources)
    assert (gone.versions, gone.spans) == (3, 3 if sources else 2)
    assert world.file.purge(world.scope, uid, reason="again").versions == 0
    assert world.file.uncovered(EPISODE) == []
    assert sound(world.path)
    assert world.file.search_file(SECRET) == world.file.search(world.scope, SECRET) == []
    assert [v.op for v in world.file.versions(world.scope, uid)] == ["add", "rewrite", "delete"]
    assert world.file.recalls(EPISODE)[0].note == uid, "that it was there stays on record"
    with pytest.raises(Conflict, match="purged"):
        world.file.edit(world.scope, key="r", edits=[Restore(uid, 3, 1)], reason="r")
    assert "unrelated" in [one.text for one in world.file.spans(EPISODE)]
    world.file.close()
    copy.unlink()
    assert (SECRET.encode() in everything(world.path)) == (not sources)
    assert (b"zanzibar" in everything(world.path)) == (not sources)


def test_a_purge_takes_no_other_notes_words(world: World) -> None:
    """A short body stands in many texts; what was looked up goes by the record, or by its whole line."""
    short = world.add("a", "e", "e")
    looked_up = [span(0, "recalled", 0, "- hall: the lantern hangs here")]
    world.file.commit_step(EPISODE, record(0), looked_up)
    world.file.commit_step(EPISODE, record(1), [span(1, "recalled", 0, "found:\n- e: e\n- f: g")])
    assert world.file.purge(world.scope, short.uid, reason="r").spans == 1
    left = [one.text for one in world.file.spans(EPISODE) if one.kind == "recalled"]
    assert left == ["- hall: the lantern hangs here", None]


def test_a_purge_reaches_into_banks_that_stand_still(world: World) -> None:
    """A run that reads a bank as it was must not be shown a note of no words."""
    note = world.add("a", "door", SECRET)
    world.add("b", "lamp", "lit")
    frozen = Scope(world.bank, frozen=Frozen((world.bank,), world.file.newest_change()))
    assert len(world.file.live_notes(frozen)) == 2
    world.file.purge(world.scope, note.uid, reason="r")
    for found in (
        world.file.live_notes(frozen),
        world.file.recall(frozen, "door lamp", 1000, lambda note: 1),
    ):
        assert [one.title for one in found] == ["lamp"]


def test_a_reader_that_holds_the_log_is_told_of(world: World) -> None:
    note = world.add("a", "door", SECRET)
    reader = sqlite3.connect(world.path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM notes").fetchone()
    with MemoryFile.open(world.path, busy_timeout_s=0.1) as file:
        assert file.purge(world.scope, note.uid, reason="r").log_held
        reader.close()
        again = file.purge(world.scope, note.uid, reason="r")
    assert (again.versions, again.log_held) == (0, False)


def test_versions_lose_their_words_only_under_a_purge(world: World) -> None:
    world.add("k", "t", "b")
    conn = sqlite3.connect(world.path)
    erase = "UPDATE note_versions SET title = '', body = '', reason = '', tokens = NULL"
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        conn.execute(erase)
    conn.execute("INSERT INTO purges SELECT 1, uid, 1, 0, 'r', '2026' FROM notes")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        conn.execute("UPDATE note_versions SET title = 'x', body = '', reason = ''")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        conn.execute(f"{erase}, step = 9")
    conn.execute(erase)
    conn.close()


def test_sizes_add_up(played: World) -> None:
    sizes = {size.kind: size for size in played.file.sizes()}
    spans = played.file.spans(EPISODE)
    assert sizes["spans: observation"].rows == len(spans)
    assert sizes["spans: observation"].bytes == sum(len((s.text or "").encode()) for s in spans)
    assert sizes["notes: live"].rows == 1
    assert sizes["file"].bytes == played.path.stat().st_size


def test_a_purge_leaves_the_spans_that_the_note_was_deleted_after(world: World) -> None:
    """Nothing covers them, so the file would fail its own check of never neither."""
    world.file.commit_step(EPISODE, record(0), [span(0, "thought", text="it is open now")])
    note = world.add("k", "door", "locked")
    cut = (f"{EPISODE}/0/thought/0",)
    prune = Prune("summarised", cut, 9, 1)
    world.summary("l", Delete(note.uid, 1), sources=cut, prune=prune)
    world.file.purge(world.scope, note.uid, reason="r")
    assert world.file.uncovered(EPISODE) == []
    assert world.file.spans(EPISODE, step=0)[0].text == "it is open now"
