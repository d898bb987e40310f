"""``steno memory`` as a person corrects, shares and looks after a file with it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from memory import (
    Add,
    Conflict,
    MemoryFileMissing,
    Note,
    OlderSchema,
    Prune,
    Scope,
    UnknownNote,
)
from memory.commands import app
from memory.errors import BadText, BadValue, MemoryFileReadOnly
from tests.memory.old import make_v1
from tests.memory.world import EPISODE, World, record, span


def run(*args: object, **kwargs: Any) -> Result:
    done = CliRunner().invoke(app, [str(arg) for arg in args], **kwargs)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def rows(*args: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(*args).output)
    return found


@pytest.fixture
def door(world: World) -> Note:
    """A note of a summary, with the thought before it, its source, its prune and a recall."""
    world.file.commit_step(EPISODE, record(0), [span(0, text="A door.")])
    raw = (f"{EPISODE}/0/observation/0",)
    done = world.summary(
        "k",
        Add("door", "locked"),
        sources=raw,
        spans=(span(1, "thought", 0, "I need a key"), span(1, "summary", 0, "ADD door: locked")),
        prune=Prune("summarised", raw, 9, 1),
    )
    uid = done.versions[0].note
    world.file.record_recall(episode=EPISODE, step=7, versions=[(uid, 1)])
    return world.file.note(world.scope, uid)


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


def test_diff_and_why_tell_the_whole_story(world: World, door: Note) -> None:
    run("edit", world.path, door.uid, "--body", "open")
    told = run("diff", world.path, door.uid).output
    assert "-body: locked" in told
    assert "+body: open" in told
    assert "alike" in run("diff", world.path, door.uid, 1, 1).output
    with pytest.raises(UnknownNote, match="no version 9: it has 1 to 2"):
        run("diff", world.path, door.uid, 1, 9)
    why = run("why", world.path, door.uid, "--version", 1, "-t").output
    for part in (
        "door: locked",
        "A door.",
        "I need a key",
        "ADD door: locked",
        f"{EPISODE} step 7",
    ):
        assert part in why
    [row] = rows("why", world.path, door.uid)
    assert (row["sources"], row["recalls"], row["written_in"]) == ([], [], [])


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


def test_proposed_notes_are_listed_and_approved(world: World) -> None:
    scope = Scope(world.file.bank("job", "cook"))
    world.file.set_approval(scope.write, True)
    world.summary("k", Add("oven", "is hot"), Add("pan", "is big"), scope=scope)
    assert rows("ls", world.path) == []
    one, two = rows("ls", world.path, "--state", "proposed")
    run("approve", world.path, one["uid"])
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


def test_purge_asks_and_needs_somebody_to_ask(world: World, door: Note) -> None:
    with pytest.raises(BadValue, match="give --yes"):
        run("purge", world.path, door.uid)
    assert len(rows("ls", world.path)) == 1
    assert "erased 2 versions and 2 spans" in run("purge", world.path, door.uid, "--yes").output
    assert rows("ls", world.path) == []


def test_a_bank_is_exported_changed_and_imported(world: World, door: Note, tmp_path: Path) -> None:
    folder = tmp_path / "md"
    run("export", world.path, folder)
    [document] = folder.iterdir()
    with pytest.raises(MemoryFileReadOnly, match="--force"):
        run("export", world.path, folder)
    run("export", world.path, folder, "--force", "--bank", f"episode/{EPISODE}")
    assert "nothing to change" in run("import", world.path, document).output
    document.write_text(document.read_text().replace("locked", "open") + "\n## lamp\n\nlit\n")
    with pytest.raises(BadValue, match="give --yes"):
        run("import", world.path, document)
    assert rows("ls", world.path)[0]["body"] == "locked"
    told = run("import", world.path, document, "--yes").output
    for part in ("-door: locked", "+door: open", "+lamp: lit", "wrote 2 versions"):
        assert part in told
    assert [(n["title"], n["body"]) for n in rows("ls", world.path)] == [
        ("door", "open"),
        ("lamp", "lit"),
    ]
    document.write_text(document.read_text().replace("open", "ajar"))
    with pytest.raises(Conflict, match="at version 2 .live., and the document has version 1"):
        run("import", world.path, document, "--yes")


def test_a_document_may_go_into_another_file_and_twice_changes_nothing(
    world: World, door: Note, tmp_path: Path
) -> None:
    run("export", world.path, tmp_path / "md")
    [document] = (tmp_path / "md").iterdir()
    other = World.make(tmp_path / "other.sqlite")
    for _ in range(2):
        run("import", other.path, document, "--yes", "--bank", "person/ada")
    assert [(n["uid"], n["body"]) for n in rows("ls", other.path)] == [(door.uid, "locked")]
    other.file.close()
    (tmp_path / "x.md").write_bytes(b"\xff\xfe")
    with pytest.raises(BadValue, match="cannot be read as text"):
        run("import", world.path, tmp_path / "x.md")


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
    done = run("doctor", fine.path)
    assert done.exit_code == 0
    assert "ok       versions replay" in done.output
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


def test_an_old_file_is_migrated_by_its_command(tmp_path: Path) -> None:
    old = make_v1(tmp_path / "memory.sqlite")
    with pytest.raises(OlderSchema, match="steno memory migrate"):
        run("ls", old)
    assert "schema 2" in run("migrate", old).output
    assert len(rows("ls", old)) == 2


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


def test_a_document_is_imported_again_once_its_note_is_gone(world: World, tmp_path: Path) -> None:
    document = tmp_path / "bank.md"
    head = 'steno-bank: 1\nkind: job\nname: "h"\nexported: "2026-01-01T00:00:00.000000Z"'
    document.write_text(f"---\n{head}\n---\n\n## new\n\nfoo\n")
    assert "wrote 1 versions" in run("import", world.path, document, "--yes").output
    [note] = json.loads(run("ls", world.path, "--bank", "job/h", "--json").output)
    run("rm", world.path, note["uid"])
    assert "wrote 1 versions" in run("import", world.path, document, "--yes").output
    assert len(json.loads(run("ls", world.path, "--bank", "job/h", "--json").output)) == 1
