"""`steno view` and `steno export`, as a person runs them: what is printed where, and exit codes."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from atif import Trajectory

from agent.errors import ConfigError, ModelUnavailable, RunDirectoryError, StorageFailed
from agent.lm import load_vocabulary
from agent.playing import Run
from agent.story.headless import export, view
from tests.agent.story.world import wayward_run
from tests.agent.test_cli import steno
from tests.agent.world import Corridor, play

TEXT: dict[str, Any] = {"html": False, "out": None, "steps": None}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return wayward_run(tmp_path_factory.mktemp("commands") / "run", steps=8, episodes=3)


def test_text_goes_to_stdout(done: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert view(done.path, 1, **TEXT) == 0
    whole = capsys.readouterr()
    assert whole.out.startswith("Episode 1 of run\n")
    assert "--- step 8, score 8" in whole.out
    assert whole.err == ""
    assert view(done.path, 1, **{**TEXT, "steps": "3-4"}) == 0
    some = capsys.readouterr().out
    assert [line.split(",")[0] for line in some.splitlines() if line.startswith("---")] == [
        "--- step 3",
        "--- step 4",
    ]
    assert some[some.index("--- step 3") :].strip() in whole.out


def test_the_page_goes_into_the_run_or_where_it_is_wanted(
    done: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(shutil.copytree(done.path, tmp_path / "copy"))
    assert view(path, 2, html=True, out=None, steps=None) == 0
    assert (path / "episode-000002.html").read_text().startswith("<!doctype html>")
    told = capsys.readouterr().out
    assert "episode-000002.html" in told
    assert "9 steps" in told
    assert "kB a step" in told
    assert view(path, 2, html=True, out=tmp_path / "mine.html", steps="2") == 0
    assert (tmp_path / "mine.html").read_text().count('class="turn"') == 1


@pytest.mark.parametrize("steps", ["x", "4-2", "-1", "3-4-5", "99", ""])
def test_steps_that_are_none_are_refused(done: Run, steps: str) -> None:
    with pytest.raises(ConfigError, match="--steps"):
        view(done.path, 0, html=False, out=None, steps=steps)


def test_what_cannot_be_is_said(done: Run, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--html"):
        view(done.path, 0, html=False, out=tmp_path / "page.html", steps=None)
    with pytest.raises(RunDirectoryError, match="episode 7 .* has 3 \\(0 to 2\\)"):
        view(done.path, 7, **TEXT)
    with pytest.raises(ConfigError, match="--format 'csv': use atif"):
        export(done.path, None, form="csv", out=None)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="file"):
        export(done.path, None, form="atif", out=tmp_path / "file")


def test_all_episodes_are_exported_and_each_validates(done: Run, tmp_path: Path) -> None:
    assert export(done.path, None, form="atif", out=tmp_path / "all") == 0
    files = sorted((tmp_path / "all").iterdir())
    assert [file.name for file in files] == [f"episode-{n:06}.json" for n in range(3)]
    for file in files:
        Trajectory.model_validate_json(file.read_bytes())
    assert export(done.path, 1, form="atif", out=tmp_path / "one") == 0
    [only] = (tmp_path / "one").iterdir()
    assert only.read_bytes() == files[1].read_bytes()


def test_a_damaged_episode_is_told_and_the_others_are_exported(
    done: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(shutil.copytree(done.path, tmp_path / "copy"))
    (path / "traces" / "000001.jsonl").write_text("nonsense\n")
    assert export(path, None, form="atif", out=None) == 1
    assert "episode 1: " in capsys.readouterr().err
    assert sorted(file.name for file in (path / "atif").iterdir()) == [
        "episode-000000.json",
        "episode-000002.json",
    ]


def test_without_the_models_tokenizer_ids_are_shown_and_stderr_says_why(
    done: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(*_: object) -> None:
        raise ModelUnavailable("it is on another machine")

    monkeypatch.setattr("agent.story.recording.load_vocabulary", gone)
    assert view(done.path, 0, **TEXT) == 0
    told = capsys.readouterr()
    assert "on another machine" in told.err
    assert "[‹" in told.out
    assert export(done.path, 0, form="atif", out=tmp_path) == 0


@pytest.mark.model
def test_a_model_that_stands_for_another_by_now_is_not_asked() -> None:
    with pytest.raises(ModelUnavailable, match="is SmolLM2-135M-Instruct here, and Other"):
        load_vocabulary("embedded", "Other")


def test_the_commands(tmp_path: Path) -> None:
    done = play(tmp_path / "run", env=partial(Corridor, fail_at=3))
    told = steno("view", str(done.path), "0", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "fell in" in told.stdout
    paged = steno("view", "run", "0", "--html", "--out", "page.html", cwd=tmp_path)
    assert paged.returncode == 0, paged.stderr
    assert paged.stdout.startswith("page: page.html")
    exported = steno("export", "run", "0", "--format", "atif", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    Trajectory.model_validate_json((tmp_path / "run/atif/episode-000000.json").read_bytes())
    wrong = steno("view", "run", "9", cwd=tmp_path)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("steno: error: episode 9 of 'run' is not on record")
    assert "Traceback" not in wrong.stderr
