"""``steno memory ls`` and ``show``, as a person runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from memory import (
    Add,
    Delete,
    MemoryFile,
    MemoryFileMissing,
    NotAMemoryFile,
    Rewrite,
    Scope,
    UnknownBank,
    UnknownNote,
)
from memory.commands import app
from tests.memory.world import EPISODE, World, record, span

ESCAPE = "\x1b]0;owned\x07\x1b[31m\u202e"


def run(*args: object) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=False)


@pytest.fixture
def filled(world: World) -> World:
    world.file.commit_step(EPISODE, record(0), [span(0, text=f"A room.\n{ESCAPE}exit north")])
    added = world.summary(
        "k",
        Add("door", "locked"),
        Add("lamp", "is lit"),
        Add("evil", f"[red]x[/red] {ESCAPE} =1+1 <|im_end|>"),
        sources=(f"{EPISODE}/0/observation/0",),
    ).versions
    world.summary("l", Rewrite(added[0].note, 1, "open now"), Delete(added[1].note, 1))
    world.add("m", "cook", "slowly", Scope(world.file.bank("job", "a/b")))
    return world


def test_ls_lists_live_notes_of_a_file_or_a_run_directory(filled: World) -> None:
    for place in (filled.path, filled.path.parent):
        done = run("ls", place, "-t")
        assert done.exit_code == 0
        for word in ("door", "open now", "evil", "cook", "job/a/b", "[red]"):
            assert word in "".join(done.output.split("\n")), done.output
        assert "lamp" not in done.output
        assert "\x1b" not in done.output
    assert "lamp" in run("ls", filled.path, "--all", "-t").output
    assert "door" not in run("ls", filled.path, "--bank", "job/a/b").output


def test_ls_json_is_one_object_a_line(filled: World) -> None:
    lines = run("ls", filled.path, "--nl", "--all").output.splitlines()
    notes = [json.loads(line) for line in lines]
    assert [note["title"] for note in notes] == ["door", "lamp", "evil", "cook"]
    assert notes[0] == {
        "uid": notes[0]["uid"],
        "bank": f"episode/{EPISODE}",
        "title": "door",
        "body": "open now",
        "state": "live",
        "version": 2,
        "tokens": None,
        "pinned": False,
        "created": notes[0]["created"],
        "updated": notes[0]["updated"],
    }
    assert ESCAPE in notes[2]["body"], "JSON keeps the text exactly, in escapes"
    assert "\x1b" not in "".join(lines)


def test_show_gives_text_versions_and_sources(filled: World) -> None:
    door = filled.file.live_notes(filled.scope)[0]
    for uid in (door.uid, door.uid[:6]):
        output = run("show", filled.path, uid, "-t").output
        for part in (
            "door: open now",
            f"note {door.uid} in episode/{EPISODE}, live",
            "1 add by agent",
            "2 rewrite by agent",
            "door: locked",
            f"{EPISODE}/0/observation/0",
            "A room.",
            r"\x1b]0;owned\x07\x1b[31m\u202eexit north",
        ):
            assert part in output, output
        assert "\x1b" not in output
    everything = run("show", filled.path, "-t").output
    assert "door: open now" in everything
    assert "cook: slowly" in everything
    assert "lamp" not in everything
    [shown] = json.loads(run("show", filled.path, door.uid).output)
    assert [version["op"] for version in shown["versions"]] == ["add", "rewrite"]
    assert shown["sources"][0]["text"].startswith("A room.")


def test_a_deleted_note_is_shown_when_named(filled: World) -> None:
    lamp = next(n for n in filled.file.all_notes(filled.scope) if n.state == "deleted")
    assert "deleted" in run("show", filled.path, lamp.uid, "-t").output


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    MemoryFile.open(tmp_path / "memory.sqlite").close()
    assert run("show", tmp_path, "-t").output == "no notes\n"
    assert run("ls", tmp_path).output == "[]\n"
    assert run("ls", tmp_path, "--nl").output == ""
    assert run("show", tmp_path).exit_code == 0


def test_what_is_not_there_is_a_named_error(filled: World, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("hello " * 100)
    with pytest.raises(MemoryFileMissing, match=r"holds no memory\.sqlite"):
        run("ls", tmp_path / "empty")
    with pytest.raises(MemoryFileMissing, match="does not exist"):
        run("ls", tmp_path / "none")
    with pytest.raises(NotAMemoryFile):
        run("show", tmp_path / "text.txt")
    with pytest.raises(UnknownNote, match="steno memory ls"):
        run("show", filled.path, "zzz")
    with pytest.raises(UnknownNote, match="no note's uid starts with ''"):
        run("show", filled.path, "")
    with pytest.raises(UnknownBank, match="has no kind"):
        run("ls", filled.path, "--bank", "ada")
    with pytest.raises(UnknownBank, match="person/ada"):
        run("ls", filled.path, "--bank", "person/ada")
    assert not (tmp_path / "none").exists()


def test_reading_goes_on_while_a_run_writes(filled: World) -> None:
    conn = filled.file._store.db.conn
    conn.execute("BEGIN IMMEDIATE")
    conn.execute("UPDATE notes SET pinned = 1")
    try:
        assert "door" in run("ls", filled.path).output
        assert run("show", filled.path).exit_code == 0
    finally:
        conn.execute("ROLLBACK")


def test_reading_changes_no_byte(filled: World) -> None:
    filled.file.close()
    before = filled.path.read_bytes()
    run("ls", filled.path)
    run("show", filled.path)
    assert filled.path.read_bytes() == before


def test_importing_the_commands_is_cheap() -> None:
    heavy = "sqlite_utils rich.table torch textual langgraph agent envs"
    code = f"import memory.commands, sys; print([m for m in {heavy!r}.split() if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "[]\n"
