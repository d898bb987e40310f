"""nethack/*: keys by names, the screen as text, and a seed that decides everything."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import envs
from envs.errors import SpecError
from envs.nethack.keys import ALL, ANSWERS, DIRECTIONS, PLAY, answers, parse
from envs.nethack.screen import around, rows, whole
from envs.nethack.tasks import TASKS

nle = pytest.importorskip("nle")


def test_every_key_and_task_is_nles() -> None:
    from nle import nethack
    from nle.env import tasks

    assert set(ALL) <= {int(action) for action in nethack.ACTIONS}
    assert all(hasattr(tasks, task.library_class) for task in TASKS.values())
    names = {"north": "k", "far northwest": "Y", "search": "s", "eat": "e", "pick up": ","}
    assert {name: chr(PLAY[name]) for name in names} == names


@pytest.mark.parametrize(
    "name", ["SAVE", "QUIT", "SHELL", "OPTIONS", "EXTCMD", "VERSION", "HISTORY"]
)
def test_keys_to_the_program_have_no_name_in_play(name: str) -> None:
    from nle.nethack.actions import Command

    assert int(Command[name]) not in PLAY.values()


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Really attack? [yn] (n)", {"yes", "no", "escape"}),
        ("In what direction?", {*DIRECTIONS, "escape"}),
        ("What do you want to eat? [ac-e or ?*]", {f"letter {c}" for c in "acde"} | {"escape"}),
        ("Drop what? [$-AB or ?*]", {"dollar", "minus", "letter A", "letter B", "escape"}),
        ("What do you look for? [*]", {"star", "escape"}),
        ("What?", set(ANSWERS)),
    ],
)
def test_what_a_question_can_be_answered_with(question: str, names: set[str]) -> None:
    assert set(answers(question)) == names


def test_names_of_keys_as_people_type_them() -> None:
    said = {
        "  Far  North ": "far north",
        "y": "letter y",
        "LETTER B": "letter B",
        "letter b": "letter b",
    }
    assert {action: parse(action) for action in said} == said


def test_the_screen_as_text() -> None:
    lines = ["You see here a newt corpse.", *[""] * 21, "Agent the Candidate", "Dlvl:1 HP:14(14)"]
    for row, text in ((8, "-----"), (9, "|.@.|"), (10, "-----")):
        lines[row] = " " * 30 + text
    terminal = "".join(line.ljust(80) for line in lines).encode()
    assert rows(terminal) == lines
    assert rows(terminal.replace(b"newt", b"\x00\x1b\xff\x07")) != lines
    assert all(line.isprintable() for line in rows(bytes(range(256)) * 8)[:24])
    assert whole(lines).splitlines() == [line for line in lines if line]
    near = around(lines, column=32, row=8).splitlines()
    assert near == [lines[0], " " * 8 + "-----", " " * 8 + "|.@.|", " " * 8 + "-----", *lines[22:]]


def test_a_seed_decides_everything_however_often_it_is_played() -> None:
    """NLE's own reset(seed=) does not: it leaves NetHack's generators to chance."""
    env, other = envs.make("nethack/score?role=any"), envs.make("nethack/score?role=any")
    dice = random.Random(3)
    first = env.reset(seed=10_000)
    assert other.reset(seed=10_000) == first
    assert other.reset(seed=10_001) != first
    other.reset(seed=10_000)
    info = first[1]
    for _ in range(150):
        action = dice.choice(info["admissible_commands"] or ["wait"])
        answer = env.step(action)
        assert other.step(action) == answer
        info = answer[4]
        if answer[2] or answer[3]:
            break
    env.close()
    other.close()


def test_questions_are_asked_and_only_what_answers_them_is_pressed() -> None:
    env = envs.make("nethack/score")
    env.reset(seed=10_000)
    observation, *_, info = env.step("kick")
    assert "In what direction?" in observation
    assert info["admissible_commands"] == sorted([*DIRECTIONS, "escape"])
    said, *_, refused = env.step("eat")
    assert said.startswith("'eat' cannot be said now. Say, for example: down, east, escape")
    assert refused["moves"] == info["moves"] == 1
    *_, info = env.step("escape")
    assert "search" in (info["admissible_commands"] or [])
    assert env.step("dance")[0].startswith("'dance' is the name of no key.")
    assert env.step("y")[0].startswith("'letter y' cannot be said now.")
    assert env.step("letter S")[0].startswith("'letter S' cannot be said now.")  # it would save
    env.close()


def test_the_inventory_is_a_screen_that_waits() -> None:
    env = envs.make("nethack/score")
    env.reset(seed=10_000)
    observation, *_, info = env.step("inventory")
    assert "a - " in observation
    assert "escape" in (info["admissible_commands"] or [])
    assert "north" not in (info["admissible_commands"] or [])
    *_, info = env.step("escape")
    assert "north" in (info["admissible_commands"] or [])
    env.close()


def test_a_game_is_cut_off_after_its_steps() -> None:
    env = envs.make("nethack/score?steps=3")
    env.reset(seed=10_000)
    for _ in range(3):
        *_, terminated, truncated, info = env.step("search")
    assert (terminated, truncated, info["lost"]) == (False, True, False)
    env.close()


def test_options_are_checked_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SpecError, match="option role='orc' is not allowed: it must be one of arc"):
        envs.make("nethack/score?role=orc")
    monkeypatch.chdir(tmp_path)
    env = envs.make("nethack/eat?role=val")
    assert "Valkyrie" in env.reset(seed=10_000)[0]
    env.close()
    assert list(tmp_path.iterdir()) == []
