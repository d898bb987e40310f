"""`steno envs`: what it prints, and the exit codes of `steno`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import envs
from agent.errors import exit_code
from envs import registry
from envs.commands import app
from envs.errors import EnvUnavailable, SpecError, UnknownEnvironment
from envs.spec import Spec
from tests.envs import flawed

runner = CliRunner()


def steno(*arguments: str, told: str | None = None) -> Result:
    return runner.invoke(app, [*arguments], input=told)


@pytest.fixture
def flaws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The flawed games as a suite."""

    class Point:
        name, value = "flawed", "somewhere:flawed"

        def load(self) -> object:
            return Flaws()

    monkeypatch.setattr(registry, "entry_points", lambda group: [Point()])
    # Another process would not have this suite.
    monkeypatch.setattr("envs.check.run._can_be_sent", lambda make: False)
    monkeypatch.chdir(tmp_path)


class Flaws:
    def names(self) -> list[tuple[str, str]]:
        return [("sound", "a sound game"), ("noisy", "a game that prints")]

    def samples(self) -> list[str]:
        return ["flawed/sound"]

    def make(self, spec: Spec) -> object:
        return flawed.make(str(spec))


def test_the_list_tells_every_suite_and_large_ones_in_a_line() -> None:
    listed = steno("list")
    assert listed.exit_code == 0
    names = [line.split()[0] for line in listed.stdout.splitlines()]
    assert {"babyai/*", "jericho/PATH", "nethack/score", "reasoning/*", "tools/files"} <= set(names)
    assert "textworld/cooking" in names
    assert len(names) < 30
    every = steno("list", "reasoning").stdout
    assert "reasoning/sudoku" in every
    assert "textworld" not in every
    rows = json.loads(steno("list", "--json").stdout)
    assert {"name", "summary"} == set(rows[0])
    assert [row["name"] for row in rows] == [name for name, _ in envs.available()]


def test_the_list_tells_what_to_install_and_what_is_broken(
    flaws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("envs.extras.find_spec", lambda name: None)
    monkeypatch.setattr(Flaws, "names", lambda self: 1 / 0)
    listed = steno("list").stdout
    assert "(nle is not installed: pip install 'steno-agent[nethack]')" in listed
    assert "flawed/* " in listed
    assert "cannot be used: its names() raised ZeroDivisionError" in listed


def test_info_tells_goal_options_and_ranges() -> None:
    told = steno("info", "tools/files?task=total").stdout
    assert told.startswith("tools/files?task=total\n")
    assert "Goal: Work on the files" in told
    assert "For example: list, read note.txt" in told
    assert "task=total: one of any, find, setting, total (kind of task)" in told
    assert "files=6: a whole number from 3 to 20 (files to start with)" in told
    facts = json.loads(steno("info", "tools/files", "--json").stdout)
    assert facts["options"][0]["default"] == "any"
    assert "No options." in steno("info", "babyai/GoTo-v0").stdout


@pytest.mark.parametrize(
    ("arguments", "error", "code"),
    [
        (["info", "textworld/cookin"], UnknownEnvironment, 2),
        (["info", "cooking"], SpecError, 2),
        (["list", "textwrold"], UnknownEnvironment, 2),
        (["check", "tools/files?files=1"], SpecError, 2),
        (["play", "jericho/nowhere.z5"], EnvUnavailable, 3),
    ],
)
def test_errors_have_the_exit_codes_of_steno(
    arguments: list[str], error: type[Exception], code: int
) -> None:
    done = steno(*arguments)
    assert isinstance(done.exception, error)
    assert exit_code(done.exception) == code


def test_check_tells_what_is_sound_and_fails_for_what_is_not(flaws: None) -> None:
    sound = steno("check", "flawed")
    assert sound.exit_code == 0
    assert sound.stdout.startswith("flawed/sound: sound (")
    assert len(sound.stdout.splitlines()) == 1
    both = steno("check", "flawed/*")
    assert both.exit_code == 1
    assert "flawed/noisy: NOT sound" in both.stdout
    assert "broken    leaves its surroundings alone" in both.stdout
    whole = steno("check", "flawed/sound", "-v").stdout
    assert "kept      the walkthrough wins all points" in whole
    report = json.loads(steno("check", "flawed/sound", "--json").stdout)
    assert report["sound"] is True
    assert report["spec"] == "flawed/sound"


def test_what_is_not_installed_is_named_and_no_fault(
    flaws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_BUILT_IN", {"babyai": "envs.babyai:suite"})
    monkeypatch.setattr("envs.extras.find_spec", lambda name: None)
    done = steno("check")
    assert done.exit_code == 0
    assert "babyai/*: not checked: minigrid is not installed" in done.stderr
    assert "flawed/sound: sound" in done.stdout


def test_a_person_plays(tmp_path: Path) -> None:
    record = tmp_path / "played.jsonl"
    lines = ["list", ":commands", ":score", ":dance", ":help", "write a.txt: x", ":restart", "done"]
    played = steno(
        "play",
        "tools/files",
        "--seed",
        "10000",
        "--record",
        str(record),
        told="\n".join(lines) + "\n",
    )
    assert played.exit_code == 0
    for said in (
        "Goal: ",
        "This game lists no commands.",
        "Score: 0 of 1.",
        ":dance is no word of this program.",
        "Wrote 1 line to a.txt.",
        "You have lost. Score: 0 of 1.",
    ):
        assert said in played.stdout
    events = [json.loads(line)["e"] for line in record.read_text().splitlines()]
    assert events == ["reset", "step", "step", "reset", "step"]


@pytest.mark.parametrize("told", ["", ":quit\nlist\n"])
def test_a_person_may_leave_at_once(told: str) -> None:
    played = steno("play", "tools/files", told=told)
    assert played.exit_code == 0
    assert "Say" not in played.stdout.splitlines()[-1]


def test_a_game_may_be_cut_off() -> None:
    played = steno("play", "tools/files", "--max-steps", "2", told="list\nlist\nlist\n")
    assert "The time is up. Score: 0 of 1." in played.stdout
