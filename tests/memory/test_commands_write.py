"""``steno memory`` as a person corrects, shares and looks after a file with it."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from memory import (
    Add,
    Conflict,
    MemoryFileMissing,
    Note,
    NoteChange,
    Rewrite,
    Scope,
    UnknownNote,
)
from memory.commands import app
from memory.commands.app import emit
from memory.commands.reading import BRIEF
from memory.errors import BadText, BadValue
from memory.output import Format
from memory.text import sha256
from tests.memory.cli import rows, run
from tests.memory.world import EPISODE, World, record, span


def test_a_note_is_edited_removed_restored_and_pinned(world: World, door: Note) -> None:
    path = world.path
    assert (
        "rewrite" in run("edit", path, door.uid[:6], "--body", "open", "--reason", "saw it").output
    )
    assert run("edit", path, door.uid, "--body", "open").output == "unchanged\n"
    run("pin", path, door.uid)
    run("rm", path, door.uid)
    assert rows("ls", path) == []
    run("restore", path, door.uid)
    [note] = rows("ls", path)
    assert (note["body"], note["version"], note["pinned"]) == ("open", 5, True)
    run("restore", path, door.uid, 1)
    run("pin", path, door.uid, "--off")
    history = rows("history", path, door.uid)
    assert [v["op"] for v in history] == [
        "add", "rewrite", "pin", "delete", "restore", "restore", "unpin",
    ]  # fmt: skip
    assert history[1]["reason"] == "saw it"
    assert [v["actor"] for v in history] == ["agent"] + ["person"] * 6
    added = run("add", path, "oven", "is hot", "--bank", "job/cook").output
    assert "add" in added
    assert [n["bank"] for n in rows("ls", path)] == [f"episode/{EPISODE}", "job/cook"]


def test_an_editor_may_be_used(world: World, door: Note, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "sed -i s/locked/unlocked/")
    run("edit", world.path, door.uid)
    assert rows("ls", world.path)[0]["body"] == "unlocked"
    monkeypatch.setenv("EDITOR", "false")
    with pytest.raises(BadValue, match="editor 'false' failed"):
        run("edit", world.path, door.uid)


def test_at_shows_the_notes_as_they_were(world: World, door: Note) -> None:
    run("edit", world.path, door.uid, "--body", "open")
    run("add", world.path, "late", "locked too", "--bank", "job/cook")
    at = door.updated
    assert [n["body"] for n in rows("ls", world.path, "--at", at)] == ["locked"]
    assert [n["body"] for n in rows("search", world.path, "locked", "--at", at)] == ["locked"]
    assert [n["body"] for n in rows("search", world.path, "locked")] == ["locked too"]
    [shown] = rows("show", world.path, door.uid, "--at", at)
    assert (shown["body"], len(shown["versions"])) == ("locked", 1)
    assert [n["title"] for n in rows("ls", world.path, "--limit", 1)] == ["late"]


def test_show_at_lists_no_source_that_came_later(world: World, door: Note) -> None:
    """Of a version of later, or of a note that was only said again later."""

    def texts(*at: object) -> list[str]:
        [shown] = rows("show", world.path, door.uid, *at)
        return [source["text"] for source in shown["sources"]]

    def said(step: int, text: str, change: NoteChange) -> str:
        """A step, then a summary of it; a time between the two."""
        told = record(step, observation_sha256=sha256(text))
        world.file.commit_step(EPISODE, told, [span(step, text=text)])
        world.summary(f"k{step}", change, sources=(f"{EPISODE}/{step}/observation/0",))
        return str(world.file.spans(EPISODE, step=step, kind="observation")[0].created)

    echoed = said(1, "A hall.", Add("door", "locked"))
    rewritten = said(2, "A key.", Rewrite(door.uid, 1, "open"))
    assert texts("--at", door.updated) == texts("--at", echoed) == ["A door."]
    assert texts("--at", rewritten) == ["A door.", "A hall."]
    assert texts() == texts("--at", "2999-01-01") == ["A door.", "A hall.", "A key."]
    stored = span(0, "hint", 0, "Stored late.")
    world.summary("late", Add("lamp", "lit"), sources=(stored.uid(EPISODE),), spans=(stored,))
    before = world.file.newest_change()
    world.summary("later", Rewrite(door.uid, 2, "ajar"), sources=(stored.uid(EPISODE),))
    assert "Stored late." not in texts("--at", before), "another note's source, until then"
    assert "Stored late." in texts()
    assert rows("why", world.path, door.uid, "--at", before)[0]["sources"][0]["text"] == "A key."
    before, last = world.file.newest_change(), span(0, "hint", 1, "Stored last.")
    world.summary("last", Add("door", "ajar"), sources=(last.uid(EPISODE),), spans=(last,))
    assert "Stored last." not in texts("--at", before)
    assert "Stored last." in texts()


def test_what_is_already_so_writes_no_version(world: World, door: Note) -> None:
    def versions() -> int:
        return len(rows("history", world.path, door.uid))

    for again in (["pin", "--off"], ["restore"], ["restore", 1]):
        done = run(again[0], world.path, door.uid, *again[1:])
        assert (done.output, done.exit_code) == (f"already so: {door.uid}\n", 0)
    assert versions() == 1
    run("pin", world.path, door.uid)
    assert run("pin", world.path, door.uid).output == f"already so: {door.uid}\n"
    other = world.add("o", "lamp", "lit")
    told = run("pin", world.path, door.uid, other.uid).output
    assert told == f"pin {other.uid} version 2: lamp\nalready so: {door.uid}\n"
    run("edit", world.path, door.uid, "--body", "open")
    assert run("restore", world.path, door.uid, 3).output == f"already so: {door.uid}\n"
    assert run("restore", world.path, door.uid, 2).output == f"restore {door.uid} version 4: door\n"
    run("rm", world.path, door.uid)
    run("restore", world.path, door.uid, 4)
    assert versions() == 6, "what was deleted is not as it was"
    run("rm", world.path, door.uid)
    with pytest.raises(Conflict, match="restore it before"):
        run("pin", world.path, door.uid)
    assert rows("history", world.path, other.uid)[-1]["reason"] == "pinned by hand"
    run("pin", world.path, other.uid, "--off")
    assert rows("history", world.path, other.uid)[-1]["reason"] == "unpinned by hand"


def test_proposed_notes_are_listed_and_approved(world: World) -> None:
    scope = Scope(world.file.bank("job", "cook"))
    world.file.set_approval(scope.write, True)
    world.summary("k", Add("oven", "is hot"), Add("pan", "is big"), scope=scope)
    assert rows("ls", world.path) == []
    one, two = rows("ls", world.path, "--state", "proposed")
    with pytest.raises(UnknownNote):
        run("approve", world.path, one["uid"], "--bank", f"episode/{EPISODE}")
    run("approve", world.path, one["uid"], "--bank", "job/cook")
    assert [n["title"] for n in rows("ls", world.path)] == ["oven"]
    run("approve", world.path, "--all", "--bank", "job/cook")
    assert len(rows("ls", world.path)) == 2
    with pytest.raises(BadValue, match="give one of the two"):
        run("approve", world.path)
    with pytest.raises(Conflict, match="not proposed"):
        run("approve", world.path, two["uid"])


def test_banks_are_listed_and_made_to_ask(world: World, door: Note) -> None:
    run("bank", world.path, "job/cook", "--approval")
    known = {row["bank"]: row for row in rows("bank", world.path)}
    assert (known[f"episode/{EPISODE}"]["live"], known["job/cook"]["approval"]) == (1, 1)
    run("bank", world.path, "job/cook", "--no-approval")
    assert rows("bank", world.path, "job/cook")[0]["approval"] == 0
    with pytest.raises(BadValue, match="wants a bank"):
        run("bank", world.path, "--approval")


def test_a_bank_asks_for_approval_before_the_first_run(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    with pytest.raises(MemoryFileMissing):
        run("bank", path, "job/cook", "--approval")
    with pytest.raises(BadValue, match="--create wants"):
        run("bank", path, "job/cook", "--create")
    assert not path.exists()
    [row] = rows("bank", path, "job/cook", "--approval", "--create")
    assert (row["bank"], row["approval"]) == ("job/cook", 1)
    assert run("doctor", path).exit_code == 0


def test_purge_asks_and_needs_somebody_to_ask(world: World, door: Note) -> None:
    with pytest.raises(BadValue, match="give --yes"):
        run("purge", world.path, door.uid)
    assert len(rows("ls", world.path)) == 1
    assert "erased 2 versions and 2 spans" in run("purge", world.path, door.uid, "--yes").output
    assert rows("ls", world.path) == []


def test_doctor_stats_backup_and_tail(world: World, door: Note, tmp_path: Path) -> None:
    told = run("stats", world.path, "--csv").output
    assert "spans: observation,1,7" in told
    run("backup", world.path, tmp_path / "copy.sqlite")
    assert rows("ls", tmp_path / "copy.sqlite") == rows("ls", world.path)
    lines = run("tail", world.path, "-n", "2").output.splitlines()
    assert len(lines) == 2
    assert "recall" in lines[-1]
    assert run("doctor", tmp_path / "copy.sqlite", "--json").exit_code == 1, "a made-up hash"
    fine = World.make(tmp_path / "fine.sqlite")
    done = run("doctor", fine.path, "-t")
    assert done.exit_code == 0
    assert "ok       versions replay" in done.output
    assert rows("doctor", fine.path)[0] == {"check": "integrity", "result": "ok", "detail": ""}
    assert run("doctor", fine.path, "--csv").output.startswith("check,result,detail\nintegrity,ok")
    fine.file.close()


def test_retain_counts_asks_and_erases(world: World, door: Note) -> None:
    assert (
        "1 spans (7 bytes) to erase" in run("retain", world.path, "--bytes", 0, "--dry-run").output
    )
    with pytest.raises(BadValue, match="give --yes"):
        run("retain", world.path, "--bytes", "0")
    assert "erased 1 spans" in run("retain", world.path, "--bytes", "0K", "--yes").output
    for wrong in (["--bytes", "lots"], ["--bytes", "5X"], []):
        with pytest.raises(BadValue):
            run("retain", world.path, *wrong)


def test_writing_commands_make_no_file_and_read_commands_take_no_lock(
    world: World, door: Note, tmp_path: Path
) -> None:
    for command in (["edit", "x"], ["rm", "x"], ["add", "t", "b", "--bank", "job/x"], ["migrate"]):
        with pytest.raises(MemoryFileMissing):
            run(command[0], tmp_path / "none.sqlite", *command[1:])
    assert not (tmp_path / "none.sqlite").exists()
    with closing(sqlite3.connect(world.path, isolation_level=None)) as conn:
        conn.execute("BEGIN IMMEDIATE")
        for command in (["ls"], ["search", "door"], ["why", door.uid], ["history", door.uid],
                        ["stats"], ["tail"], ["bank"], ["backup", str(tmp_path / "c")]):  # fmt: skip
            assert run(command[0], world.path, *command[1:]).exit_code == 0, command


def test_an_empty_body_is_refused_not_ignored(world: World, door: Note) -> None:
    with pytest.raises(BadText, match="body is empty"):
        run("edit", world.path, door.uid, "--body", "")


def test_words_that_begin_with_a_dash(world: World) -> None:
    run("add", world.path, "--bank", "job/cook", "--", "-5 degrees", "--cold--")
    [note] = rows("ls", world.path)
    assert (note["title"], note["body"]) == ("-5 degrees", "--cold--")
    assert rows("search", world.path, "--", "-5") == [note]
    run("edit", world.path, note["uid"], "--title", "-6 degrees", "--body=-t")
    [note] = rows("ls", world.path)
    assert (note["title"], note["body"]) == ("-6 degrees", "-t")


def test_words_from_an_editor_are_not_lost_in_a_conflict(
    world: World, door: Note, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Somebody changes the note while a person sits in the editor."""
    meanwhile = tmp_path / "editor.py"
    meanwhile.write_text(
        "import sys\nfrom pathlib import Path\nfrom memory import MemoryFile, Rewrite, Scope\n"
        f"with MemoryFile.open(Path({str(world.path)!r})) as file:\n"
        f"    edit = Rewrite({door.uid!r}, 1, 'theirs')\n"
        "    file.edit(Scope(file.banks()[0]), key='m', edits=[edit], reason='r')\n"
        "Path(sys.argv[1]).write_text('door\\n\\nmine, after much thought')\n"
    )
    monkeypatch.setenv("VISUAL", f"{sys.executable} {meanwhile}")
    done = CliRunner().invoke(app, ["edit", str(world.path), door.uid])
    assert isinstance(done.exception, Conflict)
    assert "your words, which were not written: door: mine, after much thought" in done.stderr
    assert rows("ls", world.path)[0]["body"] == "theirs"


def test_nothing_to_do_is_said(world: World, door: Note) -> None:
    assert run("approve", world.path, "--all").output == "nothing to change\n"


def editing(tmp_path: Path, text: bytes) -> str:
    """An editor that leaves these bytes."""
    script = tmp_path / "leaves.py"
    script.write_text(f"import sys\nopen(sys.argv[1], 'wb').write({text!r})\n")
    return f"{sys.executable} {script}"


def test_an_editor_that_changes_nothing_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = world.add("k", "two  spaces", "a  b   c ")
    monkeypatch.setenv("VISUAL", "true")
    assert run("edit", world.path, note.uid).output == "unchanged\n"
    assert rows("ls", world.path)[0]["body"] == "a  b   c "


def test_what_an_editor_may_do_wrong_is_told(
    world: World, door: Note, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VISUAL", editing(tmp_path, b"door\n\nmy caf\xe9\n"))
    done = CliRunner().invoke(app, ["edit", str(world.path), door.uid])
    assert isinstance(done.exception, BadValue)
    assert "not UTF-8" in str(done.exception)
    assert "which were not written: door" in done.stderr
    assert "my caf" in done.stderr
    for editor in ("rm", "'unclosed"):
        monkeypatch.setenv("VISUAL", editor)
        with pytest.raises(BadValue, match="failed"):
            run("edit", world.path, door.uid)
    assert rows("ls", world.path)[0]["version"] == 1


def test_a_purged_note_cannot_be_edited(world: World, door: Note) -> None:
    run("purge", world.path, door.uid, "--yes")
    with pytest.raises(Conflict, match="was purged: its words are gone"):
        run("edit", world.path, door.uid, "--body", "x")


def test_a_backup_may_lie_at_a_path_that_is_no_unicode(
    world: World, door: Note, tmp_path: Path
) -> None:
    copy = tmp_path / "caf\udce9.sqlite"
    assert "caf\\udce9.sqlite: " in run("backup", world.path, copy).output
    assert copy.exists()


def test_a_table_on_a_narrow_terminal_keeps_uids_whole(
    world: World, door: Note, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    emit(rows("ls", world.path), Format("text"), None, BRIEF)
    shown = capsys.readouterr().out
    assert door.uid in shown
    assert "created" not in shown
