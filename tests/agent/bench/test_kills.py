"""`steno bench kills`: it kills indeed, and what it says of a run is so."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.bench import kills
from agent.bench.commands import app
from agent.bench.kills import Setup, in_words, measure
from agent.results import read_results
from agent.rundir import RunDirectory

GAME = ("--env", "courier/town", "--model", "scripted")
QUICK = (*GAME, "-n", "9", "-j", "2", "--max-steps", "60")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kills, "LATER_S", 0.05)


@pytest.mark.timeout(300)
def test_a_run_is_killed_as_often_as_asked_and_found_sound(tmp_path: Path) -> None:
    out = tmp_path / "run"
    asked = ["kills", "--kills", "2", "--model", "--out", str(out), "--", *QUICK]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, (done.output, done.exception)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert (told["kills"], told["episodes"], told["jobs"]) == (2, 9, 2)
    assert (told["errored"], told["verified_unfinished"], told["verified_problems"]) == (0, 0, 0)
    assert told["verified_sound"]
    assert told["verified_generations"] > told["steps"] == 9 * 60
    assert told["verified_differing_generations"] == 0
    assert "killed 2 times and resumed; played again, none otherwise" in done.stdout
    # The record says so, too.
    versions = RunDirectory(out).recorded_versions()
    assert versions is not None
    assert len(versions["resumed"]) == 2
    assert sorted(row.seed for row in read_results(out)) == list(range(9))


def test_a_run_that_ends_first_was_not_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kills, "LATER_S", 60.0)
    setup = Setup((*GAME, "-n", "1", "--max-steps", "2"), tmp_path / "run", kills=1, seed=1)
    told = measure(setup, lambda _line: None)
    assert (told["kills"], told["episodes"], told["verified_sound"]) == (0, 1, True)
    assert "killed 0 times" in in_words(told)


def test_a_command_that_cannot_be_played_ends_it(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        measure(Setup(("--env", "no/such"), tmp_path / "run"), lambda _line: None)
    done = CliRunner().invoke(app, ["kills", "--out", str(tmp_path), "--", "--env", "no/such"])
    assert done.exit_code == 2
