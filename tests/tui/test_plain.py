"""The plain mode does the same job line by line."""

from __future__ import annotations

import io
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from memory import MemoryFile
from memory.errors import MemoryFileError
from tests.tui.world import beginning, resuming
from tui import playing
from tui.commands import play_app
from tui.lines import COMMANDS, Lines
from tui.plain import Teller
from tui.session import Playing, Session

PATIENCE_S = 60.0
STENO = "from agent.cli import main; main()"


class Spoken:
    """A plain session: what was typed is done, what was told is kept."""

    def __init__(self, session: Session, out: io.StringIO) -> None:
        self.session, self.out = session, out
        self.lines = Lines(session, Teller(out).say)

    def type(self, *lines: str) -> None:
        for line in lines:
            assert self.lines.answer(line)

    def until(self, told: str | Callable[[str], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        met = (lambda text: told in text) if isinstance(told, str) else told
        while not met(self.out.getvalue()):
            assert time.monotonic() < end, self.out.getvalue()[-2000:]
            time.sleep(0.02)


@contextmanager
def spoken(out: Path, **how: object) -> Iterator[Spoken]:
    told = io.StringIO()
    mode = how.pop("mode", "auto")
    held = bool(how.pop("held", False))
    session = Playing(beginning(out, **how), mode=mode, held=held, tell=Teller(told).tell)  # type: ignore[arg-type]
    try:
        yield Spoken(session, told)
    finally:
        session.leave()


def test_a_game_is_told_thought_by_thought(tmp_path: Path) -> None:
    with spoken(tmp_path / "run", think={"k": 4}) as it:
        it.until("[DONE]")
        told = it.out.getvalue()
    assert "--- episode 0, seed 0 ---" in told
    assert "~ thought: ‹I am in Roo›‹m 0. I hav›" in told
    assert "> go north   [step 1, score 1]" in told
    assert "+ add places: {+been in Room" in told
    assert "\x1b" not in told
    words = [line[1:-1] for line in told.splitlines() if line.startswith("[")]
    assert (words[:2], words[-2:]) == (["THINKING", "ACTING"], ["WRITING NOTES", "DONE"])
    assert all(word != then for word, then in itertools.pairwise(words))


def test_what_cannot_be_read_is_told_and_the_next_line_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with spoken(tmp_path / "run") as it:
        it.until("[DONE]")
        session = Session(tmp_path / "run")

    def broken() -> bool:
        raise MemoryFileError("the disk is away")

    monkeypatch.setattr(session, "refresh", broken)
    out = io.StringIO()
    Spoken(session, out).type("figures")
    assert "cannot read on: the disk is away" in out.getvalue()
    assert "step 10" in out.getvalue()


def test_a_finished_run_that_is_to_be_resumed_is_told_as_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with spoken(tmp_path / "run") as it:
        it.until("[DONE]")
        assert it.session.run is not None
        assert it.session.run.wait(PATIENCE_S)
    # A byte that is no UTF-8 is no reason to end.
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"n\xff\nfigures\n"), "utf-8"))
    assert playing.in_lines(tmp_path / "run", {}, None, resume=True, mode="auto", held=False) == 0
    told = capsys.readouterr().out
    assert "run is finished: this is its record" in told
    assert "no such command: 'n\ufffd'" in told
    assert "[DONE] step 0" in told


def test_it_is_steered_by_lines(tmp_path: Path) -> None:
    with spoken(tmp_path / "run", held=True) as it:
        it.until("[PAUSED]")
        it.type("hint mind the gap", "mode confirm", "k 3", "go")
        it.until("[CONFIRM]")
        it.type("no too soon")
        it.until("told the model: do not go north: too soon")
        it.until(lambda told: told.count("[CONFIRM]") == 2)
        it.type("do go west")
        it.until("> go west")
        it.until(lambda told: told.count("[CONFIRM]") == 3)
        it.type("yes", "mode human")
        it.until("[YOUR MOVE]")
        it.type("do wait")
        it.until("> wait")
        it.type("mode auto")
        it.until("[DONE]")
        assert "told the model: mind the gap" in it.out.getvalue()


def test_notes_are_read_and_changed(tmp_path: Path) -> None:
    with spoken(tmp_path / "run") as it:
        it.until("[DONE]")
        end = time.monotonic() + PATIENCE_S
        while it.session.steerable:
            assert time.monotonic() < end
            time.sleep(0.02)
        it.type("notes", "edit 1 places: nowhere at all", "note 1", "pin 9", "edit 1", "note x")
        told = it.out.getvalue()
    assert "1. places: been in Room" in told
    assert "rewrite by person: places: nowhere at all" in told
    assert "9: there are notes 1 to 1" in told
    assert "note: 'x': give a whole number" in told
    assert "from step" in told


def test_a_finished_run_is_walked_through(tmp_path: Path) -> None:
    with spoken(tmp_path / "run", episodes=2) as it:
        it.until(lambda told: told.count("[DONE]") == 2)
        assert isinstance(it.session, Playing)
        assert it.session.run is not None
        assert it.session.run.wait(PATIENCE_S)
    out = io.StringIO()
    again = Spoken(Session(tmp_path / "run"), out)
    again.type("episode 1", "on", "on", "back", "figures", "episode 7", "go", "step 5", "step x")
    told = out.getvalue()
    assert "--- step 0" in told
    assert "--- step 2" in told
    assert "~ thought: ‹I am in Room 1." in told
    assert "7: there is no such episode" in told
    assert "go: the run is not being played here" in told
    assert "[DONE] step 1; " in told
    assert "--- step 5: " in told
    assert "step: 'x': give a whole number" in told


def test_a_run_left_in_the_middle_goes_on_where_it_was(tmp_path: Path) -> None:
    with spoken(tmp_path / "run", held=True) as it:
        for count in (1, 2):
            it.until(lambda told, count=count: told.count("[PAUSED]") >= count)  # type: ignore[misc]
            it.type("action")
            it.until(f"[step {count}")
        it.until(lambda told: told.rstrip().endswith("[PAUSED]"))
    told = io.StringIO()
    session = Playing(resuming(tmp_path / "run"), tell=Teller(told).tell)
    try:
        Spoken(session, told).until("[DONE]")
        assert "again from step 2" in told.getvalue()
        assert [turn.step for turn in session.timeline.live.turns] == list(range(11))
    finally:
        session.leave()


def test_every_command_is_answered_and_none_is_obeyed_by_mistake(tmp_path: Path) -> None:
    with spoken(tmp_path / "run", held=True) as it:
        it.until("[PAUSED]")
        it.type("", "  ", "sing", "mode fast", "k 0", "k x", "confidence 2", "hint", "do", "help")
        told = it.out.getvalue()
        for each in COMMANDS:
            assert f"{each.word}" in told
        assert "no such command: 'sing'" in told
        assert not it.lines.answer("quit")


@pytest.mark.parametrize(
    ("terminal", "driver", "plain"),
    [
        ("dumb", "", True),
        ("", "", True),
        ("xterm-256color", "", False),
        ("dumb", "textual.drivers.web_driver:WebDriver", False),  # the screen is a browser's
    ],
)
def test_a_terminal_that_cannot_draw_gets_lines(
    monkeypatch: pytest.MonkeyPatch, terminal: str, driver: str, *, plain: bool
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown: list[str] = []

    def show(how: str) -> Callable[..., int]:
        def shows(*_args: object, **_how: object) -> int:
            shown.append(how)
            return 0

        return shows

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", terminal)
    monkeypatch.setenv("TEXTUAL_DRIVER", driver)
    monkeypatch.setattr(playing, "in_lines", show("lines"))
    monkeypatch.setattr(playing, "on_screen", show("screen"))
    with pytest.raises(SystemExit):
        play_app(["--env", "courier/town"])
    assert shown == (["lines"] if plain else ["screen"])


@pytest.mark.parametrize("terminal", ["dumb", "xterm-256color"])
def test_a_memory_file_is_not_browsed_where_nothing_can_be_drawn(
    tmp_path: Path, terminal: str
) -> None:
    MemoryFile.open(tmp_path / "lab.sqlite").close()
    done = subprocess.run(
        [sys.executable, "-c", STENO, "memory", "browse", "lab.sqlite"],
        cwd=tmp_path,
        input="",
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env={**os.environ, "TERM": terminal},
    )
    assert done.returncode == 2
    assert "use `steno memory ls`, `steno memory show` and `steno memory search`" in done.stderr
    assert done.stdout == ""


def test_the_command_plays_in_a_pipe_and_leaves_an_ordinary_run(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        STENO,
        "play",
        "--model",
        "scripted",
        "--env",
        "courier/town?length=60&level=1",
        "--max-steps",
        "2",
        "--out",
        "run",
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        input="figures\n",
        capture_output=True,
        text=True,
        timeout=110,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    assert done.returncode == 0, done.stderr
    assert "[DONE]" in done.stdout
    assert "\x1b" not in done.stdout
    assert (tmp_path / "run" / "results.jsonl").read_text().count("\n") == 1
