"""Which file a command means: a memory file, or the one of a run directory, wherever it lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory import Add, MemoryFile, MemoryFileMissing, Scope
from memory.commands.places import locate
from tests.memory.cli import rows


def a_run(folder: Path, config: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(config, encoding="utf-8")
    return folder


def test_a_run_whose_memory_file_lies_elsewhere_is_found_by_its_config(tmp_path: Path) -> None:
    lab = tmp_path / "lab.sqlite"
    with MemoryFile.open(lab) as file:
        scope = Scope(file.bank("job", "cook"))
        file.edit(scope, key="k", edits=[Add("oven", "is hot")], reason="r")
    run = a_run(tmp_path / "runs" / "one", f"memory = {str(lab)!r}\nseed = 1\n")
    assert locate(run) == lab
    assert [note["title"] for note in rows("ls", run)] == ["oven"]
    MemoryFile.open(run / "memory.sqlite").close()
    assert locate(run) == lab, "what the config names comes first"


@pytest.mark.parametrize(
    ("place", "out"),
    [("runs/one", ""), ("deep/er/one", 'out = "deep/er/one"\n'), ("one", 'out = "one"\n')],
)
def test_a_relative_path_starts_from_where_the_run_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, out: str
) -> None:
    home = tmp_path / "home"
    run = a_run(home / place, f'{out}memory = "data/lab.sqlite"\n')
    (home / "data").mkdir()
    (home / "data" / "lab.sqlite").touch()
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "data").mkdir(parents=True)
    (elsewhere / "data" / "lab.sqlite").touch()
    monkeypatch.chdir(elsewhere)
    assert locate(run) == home / "data" / "lab.sqlite"
    monkeypatch.chdir(home)
    assert locate(Path(place)) == home / "data" / "lab.sqlite"


def test_a_run_that_was_moved_is_looked_for_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run(tmp_path / "archive" / "one", 'memory = "lab.sqlite"\n')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MemoryFileMissing, match=r"says memory = 'lab\.sqlite', and there is no"):
        locate(run)
    (tmp_path / "lab.sqlite").touch()
    assert locate(run) == tmp_path / "lab.sqlite"


def test_a_run_of_its_own_memory_file_and_a_config_that_cannot_be_read(tmp_path: Path) -> None:
    run = a_run(tmp_path / "one", "seed = 1\n")
    with pytest.raises(MemoryFileMissing, match=r"holds no memory\.sqlite"):
        locate(run)
    (run / "memory.sqlite").touch()
    assert locate(run) == run / "memory.sqlite"
    (run / "config.toml").write_text("memory = ")
    with pytest.raises(MemoryFileMissing, match="cannot be read .*give the memory file itself"):
        locate(run)
    assert locate(tmp_path / "none.sqlite") == tmp_path / "none.sqlite"
