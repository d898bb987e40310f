"""tools/files: its commands, its tasks, and that playing it never leaves its directory."""

from __future__ import annotations

import gc
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import envs
from envs.errors import EnvUnavailable, SpecError
from envs.tools.commands import Command, parse, written
from envs.tools.env import PAGE_LINES, FilesEnv
from envs.tools.tasks import TASKS, draw

PATHS = st.from_regex(r"[a-z][a-z0-9_]{0,8}(/[a-z]{1,8})?\.txt", fullmatch=True)


def opened(seed: int = 10_000, spec: str = "tools/files") -> FilesEnv:
    env = envs.make(spec)
    assert isinstance(env, FilesEnv)
    env.reset(seed=seed)
    return env


@pytest.mark.parametrize(
    ("action", "command"),
    [
        ("list", Command("list")),
        ("LIST orders/", Command("list", "orders/")),
        ("read 'my file.txt'", Command("read", "my file.txt")),
        ("read a.txt from line 40", Command("read", "a.txt", line=40)),
        ("read a.txt from 2", Command("read", "a.txt", line=2)),
        ("write a.txt: one\\ntwo", Command("write", "a.txt", "one\ntwo")),
        ("write a.txt:\n  one\n", Command("write", "a.txt", "\n  one\n")),
        ("write a.txt:", Command("write", "a.txt", "")),
        ("write a.txt: C:\\\\new", Command("write", "a.txt", "C:\\new")),
        ("search Customer: Ada", Command("search", "Customer: Ada")),
        ("calculate 1 + 1", Command("calculate", "1 + 1")),
        (" done ", Command("done")),
        ("done it", None),
        ("read", None),
        ("write a.txt", None),
        ("write : x", None),
        ("", None),
        ("rm -rf /", None),
    ],
)
def test_what_a_line_asks_for(action: str, command: Command | None) -> None:
    assert parse(action) == command


@given(PATHS, st.text().map(lambda text: text.strip() + "!"))
def test_any_text_can_be_written_in_one_line(path: str, text: str) -> None:
    line = written(path, text)
    assert "\n" not in line
    assert parse(line) == Command("write", path, text)


@pytest.mark.parametrize("task", [*TASKS, "any"])
@pytest.mark.parametrize("files", [3, 6, 20])
def test_every_task_can_be_solved_and_is_not_solved_before(task: str, files: int) -> None:
    for seed in range(10_000, 10_010):
        made = draw(task, seed, files)
        assert draw(task, seed, files) == made or made.walkthrough is not None
        assert len(made.files) == files
        assert made.check(made.files) == 0.0
        assert made.check({}) == 0.0
        env = opened(seed, f"tools/files?task={task}&files={files}")
        for command in env.walkthrough() or []:
            *_, terminated, _, info = env.step(command)
        assert (terminated, info["won"], info["score"]) == (True, True, 1.0)
        env.close()


def test_a_task_is_the_same_wherever_it_is_drawn() -> None:
    one, other = draw("total", 10_000, 6), draw("total", 10_000, 6)
    assert (one.goal, one.files, one.walkthrough) == (other.goal, other.files, other.walkthrough)
    assert draw("total", 10_001, 6).files != one.files
    assert Random("total/6/10000").random() == Random("total/6/10000").random()


def test_done_too_early_loses_and_a_spoiled_file_costs_half() -> None:
    env = opened(spec="tools/files?task=setting")
    *_, terminated, _, info = env.step("done")
    assert (terminated, info["won"], info["lost"], info["score"]) == (True, False, True, 0.0)
    env.reset()
    walkthrough = env.walkthrough()
    assert walkthrough is not None
    _, reward, *_ = env.step(walkthrough[2] + "and more")
    assert reward == 0.5
    _, reward, *_, info = env.step(walkthrough[2])
    assert (reward, info["score"]) == (0.5, 1.0)
    env.step("write note.txt: gone")  # another file
    assert env.step("done")[4]["lost"]
    env.close()


def test_what_the_commands_say() -> None:
    env = opened()
    said = {
        "write a/b.txt: one\\ntwo": "Wrote 2 lines to a/b.txt.",
        "list a": "In a:\na/b.txt (7 bytes)",
        "list nowhere": "There is no directory for 'nowhere'.",
        "read a/b.txt": "one\ntwo",
        "read a/b.txt from 2": "two",
        "read a/b.txt from 3": "That file has 2 lines.",
        "read missing.txt": "There is no file 'missing.txt' that can be read.",
        "search TW": "a/b.txt, line 2: two",
        "search nothing like it": "No file has 'nothing like it' in it.",
        "calculate 2 * 21": "= 42",
        "calculate 1 / 0": "'1 / 0' divides by zero.",
        "read /etc/passwd": "'/etc/passwd' is not allowed: paths stay in this directory, and names are "
        "letters, digits, spaces and . _ + -.",
    }
    for action, answer in said.items():
        assert env.step(action)[0] == answer
    assert env.step("dance")[0].startswith("That is no command. Commands: 'list'")
    env.step("write empty.txt:")
    assert env.step("read empty.txt")[0] == "The file is empty."
    env.close()


def test_long_files_are_read_in_pages_and_long_searches_cut() -> None:
    env = opened()
    env.step(written("long.txt", "\n".join(f"word {n}" for n in range(100))))
    first = env.step("read long.txt")[0].splitlines()
    assert first[-1] == f"(line {PAGE_LINES} of 100; read on from {PAGE_LINES + 1})"
    second = env.step(f"read long.txt from {PAGE_LINES + 1}")[0].splitlines()
    assert second[0] == f"word {PAGE_LINES}"
    assert env.step("search word")[0].splitlines()[-1] == "and 80 more lines"
    env.step(written("wide.txt", "x" * 50_000))
    assert len(env.step("read wide.txt")[0]) < 2_100
    assert env.step("write big.txt: " + "x" * 70_000)[0].startswith("70000 bytes are too many")
    env.close()


def test_the_directory_is_its_own_and_gone_after_the_close() -> None:
    env = opened()
    first = env.folder
    assert first.is_dir()
    env.reset(seed=10_001)
    assert not first.exists()
    folder = env.folder
    env.close()
    assert not folder.exists()


def test_a_forgotten_environment_leaves_no_directory() -> None:
    env = opened()
    folder = env.folder
    del env
    gc.collect()
    assert not folder.exists()


def test_what_came_from_outside_is_not_shown_nor_checked(tmp_path: Path) -> None:
    env = opened(spec="tools/files?task=total")
    walkthrough = env.walkthrough()
    assert walkthrough is not None
    answer = walkthrough[-2].partition(": ")[2]
    (tmp_path / "answer").write_text(answer)
    (env.folder / "total.txt").symlink_to(tmp_path / "answer")
    (env.folder / "out").symlink_to("/etc")
    said = env.step("list")[0]
    assert "total.txt" not in said
    assert "out" not in said
    assert "root:x" not in env.step("search root:")[0]
    assert env.step("done")[4]["lost"]
    env.close()


def test_options_are_checked_and_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        SpecError, match="option files='2' is not allowed: it must be a whole number"
    ):
        envs.make("tools/files?files=2")

    def full(**_: str) -> str:
        raise OSError(28, "No space left on device")

    env = envs.make("tools/files")
    monkeypatch.setattr("tempfile.mkdtemp", full)
    with pytest.raises(EnvUnavailable, match="cannot make a directory to work in"):
        env.reset(seed=1)
