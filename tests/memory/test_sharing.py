"""Banks that are exported, changed by hand, and imported: here, beside themselves, or elsewhere."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from memory import BadText, BadValue, Conflict, MemoryFile, Note, UnknownBank, doctor
from memory.commands import app
from memory.errors import BadBankName, MemoryFileReadOnly
from tests.memory.cli import rows, run
from tests.memory.world import EPISODE, World, dump


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


def test_a_document_is_imported_again_once_its_note_is_gone(world: World, tmp_path: Path) -> None:
    document = tmp_path / "bank.md"
    head = 'steno-bank: 1\nkind: job\nname: "h"\nexported: "2026-01-01T00:00:00.000000Z"'
    document.write_text(f"---\n{head}\n---\n\n## new\n\nfoo\n")
    assert "wrote 1 versions" in run("import", world.path, document, "--yes").output
    [note] = json.loads(run("ls", world.path, "--bank", "job/h", "--json").output)
    run("rm", world.path, note["uid"])
    assert "wrote 1 versions" in run("import", world.path, document, "--yes").output
    assert len(json.loads(run("ls", world.path, "--bank", "job/h", "--json").output)) == 1


def test_an_old_export_shows_a_forgery_that_no_doctor_sees(
    world: World, door: Note, tmp_path: Path
) -> None:
    document = document_of(world, tmp_path / "md")
    world.file.close()
    with closing(sqlite3.connect(world.path)) as conn:
        [(guard,)] = conn.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'note_versions_append_only'"
        )
        for statement in ("DROP TRIGGER note_versions_append_only",
                          "UPDATE note_versions SET body = 'wide open'",
                          "UPDATE notes SET body = 'wide open'", guard):  # fmt: skip
            conn.execute(statement)
        conn.commit()
    found = {finding.check: finding.result for finding in doctor.examine(world.path)}
    assert found["versions replay"] == found["schema"] == found["full-text index"] == doctor.OK
    done = CliRunner().invoke(app, ["import", str(world.path), str(document)])
    assert "-door: wide open\n+door: locked" in done.output
    assert isinstance(done.exception, BadValue), "nobody said yes"


def document_of(world: World, folder: Path) -> Path:
    run("export", world.path, folder)
    [document] = folder.iterdir()
    return document


def test_a_refused_import_leaves_no_trace(world: World, door: Note, tmp_path: Path) -> None:
    document = document_of(world, tmp_path / "md")
    before = dump(world.path)
    with pytest.raises(BadValue, match="give --yes"):
        run("import", world.path, document, "--bank", "person/ada")
    with pytest.raises(BadBankName):
        run("import", world.path, document, "--bank", "nobody/ada", "--yes")
    assert dump(world.path) == before
    document.write_text(document.read_text() + f"\n## {'x' * 201}\n\ntoo long a title\n")
    with pytest.raises(BadText, match="201 characters"):
        run("import", world.path, document, "--bank", "person/ada", "--yes")
    assert dump(world.path) == before, "the bank that would have been made is not there"
    with pytest.raises(BadText):
        run("add", world.path, "t", " ", "--bank", "person/ada")
    for command in (["ls"], ["export", tmp_path / "x"], ["stats"], ["tail"]):
        with pytest.raises(UnknownBank, match="person/ada"):
            run(command[0], world.path, *command[1:], "--bank", "person/ada")
    assert dump(world.path) == before


def test_a_bank_may_be_copied_beside_itself(world: World, door: Note, tmp_path: Path) -> None:
    """A uid names one note of a file: the copy has its own, and the same one each time."""
    run("pin", world.path, door.uid)
    document = document_of(world, tmp_path / "md")
    told = run("import", world.path, document, "--bank", "person/ada", "--yes").output
    assert "+door: locked (pinned)" in told
    [copy] = rows("ls", world.path, "--bank", "person/ada")
    assert (copy["title"], copy["body"], copy["pinned"]) == ("door", "locked", True)
    assert copy["uid"] != door.uid
    again = run("import", world.path, document, "--bank", "person/ada", "--yes")
    assert "nothing to change" in again.output
    assert rows("ls", world.path, "--bank", "person/ada") == [copy]
    document.write_text(document.read_text().replace("locked", "open"))
    with pytest.raises(Conflict, match="export again"):
        run("import", world.path, document, "--bank", "person/ada", "--yes")
    [original] = rows("ls", world.path, "--bank", f"episode/{EPISODE}")
    assert original["body"] == "locked"


def test_a_pin_travels_with_its_note(world: World, door: Note, tmp_path: Path) -> None:
    run("pin", world.path, door.uid)
    document = document_of(world, tmp_path / "md")
    other = tmp_path / "other.sqlite"
    MemoryFile.open(other).close()
    assert "+door: locked (pinned)" in run("import", other, document, "--yes").output
    [note] = rows("ls", other)
    assert (note["uid"], note["pinned"]) == (door.uid, True)
    document.write_text(document.read_text().replace(" pinned -->", " -->"))
    told = run("import", world.path, document, "--yes").output
    assert "-door: locked (pinned)\n+door: locked\n" in told


def test_the_preview_shows_what_will_happen_and_no_more(
    world: World, door: Note, tmp_path: Path
) -> None:
    """Younger notes than the export are not deleted, so none is shown as if it were."""
    run("add", world.path, "old", "goes away", "--bank", f"episode/{EPISODE}")
    document = document_of(world, tmp_path / "md")
    run("add", world.path, "young", "written since", "--bank", f"episode/{EPISODE}")
    start = document.read_text().index("## old")
    document.write_text(document.read_text()[:start])
    told = run("import", world.path, document, "--delete", "--yes").output
    assert "-old: goes away" in told
    assert "-young" not in told
    assert [note["title"] for note in rows("ls", world.path)] == ["door", "young"]


def test_a_folder_that_is_a_file_is_told(world: World, door: Note, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.touch()
    with pytest.raises(MemoryFileReadOnly, match="folder .* cannot be made"):
        run("export", world.path, place)
