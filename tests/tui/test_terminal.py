"""A real terminal (tmux) and a real browser (Chromium), where the machine has them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from memory import Add, MemoryFile, Scope
from tui import runs

MAIN = ["-c", "from agent.cli import main; main()"]
STENO = [sys.executable, *MAIN]
GAME = ["--model", "scripted", "--env", "courier/town?length=60&level=1", "--max-steps", "3"]
PATIENCE_S = 300.0
"""Only what is broken takes so long; a machine may be busy with other things."""
pytestmark = [pytest.mark.terminal, pytest.mark.timeout(1200)]


def until(met: Callable[[], bool], said: Callable[[], str]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < end, said()
        time.sleep(0.2)


# Tests that run side by side are told a size, and a program believes that more than its terminal.
_ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES"}}


class Tmux:
    """One terminal of its own server, so that nobody else's is touched."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "tmux"
        self("new-session", "-d", "-x", "120", "-y", "40", "-c", str(folder), "sh")

    def __call__(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self.socket), "-f", "/dev/null", *words],
            capture_output=True,
            text=True,
            check=True,
            env={**_ENVIRONMENT, "TERM": "screen-256color"},
        )
        return done.stdout

    def screen(self) -> str:
        return self("capture-pane", "-p")

    def type(self, *keys: str) -> None:
        self("send-keys", *keys)

    def until(self, text: str) -> None:
        until(lambda: text in self.screen(), self.screen)

    def until_there(self, file: Path) -> None:
        until(lambda: file.exists() and file.read_text().endswith("\n"), self.screen)

    def process(self) -> int:
        shell = self("display-message", "-p", "#{pane_pid}").strip()
        return int(Path(f"/proc/{shell}/task/{shell}/children").read_text().split()[0])


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("no tmux here")
    terminal = Tmux(tmp_path)
    try:
        yield terminal
    finally:
        terminal("kill-server")


PLAY = ["play", "--paused", "--out", "run", *GAME]


@contextmanager
def started(tmux: Tmux, folder: Path, *command: str) -> Iterator[None]:
    """Start a command, and when it has ended see that it left the terminal as it was."""
    tmux.type("stty -g > before", "Enter")
    tmux.type(f"{shlex.join([sys.executable, *command])}; echo code=$?", "Enter")
    tmux.until_there(folder / "before")
    yield
    tmux.type("stty -g > after", "Enter")
    tmux.until_there(folder / "after")
    assert (folder / "after").read_text() == (folder / "before").read_text()
    flags = "#{alternate_on} #{mouse_any_flag} #{cursor_flag}"
    assert tmux("display-message", "-p", flags).split() == ["0", "0", "1"]


def test_a_session_in_a_terminal_is_resized_and_left_in_order(tmux: Tmux, tmp_path: Path) -> None:
    with started(tmux, tmp_path, *MAIN, *PLAY):
        tmux.until("PAUSED")
        tmux.type("s")
        tmux("resize-window", "-x", "40", "-y", "12")
        tmux.until("[2 mind]")
        tmux("resize-window", "-x", "80", "-y", "24")
        tmux.until("Memory")
        tmux.type("Space")
        tmux.until("DONE")
        tmux.type("q")
        tmux.until("code=0")
    assert (tmp_path / "run" / "results.jsonl").read_text().count("\n") == 1


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGHUP], ids=lambda by: by.name)
def test_a_session_that_is_told_to_end_restores_the_terminal(
    tmux: Tmux, tmp_path: Path, by: signal.Signals
) -> None:
    with started(tmux, tmp_path, *MAIN, *PLAY):
        tmux.until("PAUSED")
        os.kill(tmux.process(), by)
        tmux.until(f"code={128 + by}")
        assert "go on with: steno play --resume run" in tmux.screen()


LOADING = """
import time
from agent import runner
from agent.cli import main
from agent.lm.weights import apart

runner.load = lambda _settings: apart(lambda: time.sleep(3600))
main()
"""


def test_a_model_that_is_being_loaded_is_not_waited_for(tmux: Tmux, tmp_path: Path) -> None:
    with started(tmux, tmp_path, "-c", LOADING, *PLAY):
        tmux.until("LOADING")
        tmux.type("q")
        tmux.until("code=0")


def test_nor_is_it_line_by_line(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOADING, "play", "--plain", *PLAY[1:]]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "[LOADING]\n"
        process.stdin.write("quit\n")
        process.stdin.flush()
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


BROKEN = """
from agent.cli import main
from tui.screens.main import MainScreen

def broken(screen, pane):
    raise RuntimeError("a bug in the screen")

MainScreen.action_pane = broken
main()
"""


def test_a_bug_in_the_screen_restores_the_terminal_and_loses_nothing(
    tmux: Tmux, tmp_path: Path
) -> None:
    with started(tmux, tmp_path, "-c", BROKEN, *PLAY):
        tmux.until("PAUSED")
        tmux.type("1")
        tmux.until("code=1")
        assert "RuntimeError: a bug in the screen" in tmux.screen()
        assert "go on with: steno play --resume run" in tmux.screen()


def test_a_terminal_that_is_closed_loses_nothing(tmux: Tmux, tmp_path: Path) -> None:
    tmux.type(shlex.join([*STENO, *PLAY]), "Enter")
    tmux.until("PAUSED")
    tmux.type("a")
    tmux.until("step 1 ")
    process = Path("/proc") / str(tmux.process())
    tmux("new-window", "sleep 1000")  # or the server would end with its last window
    tmux("kill-window", "-t", ":0")
    until(lambda: not process.exists(), lambda: "it outlives its terminal")
    done = subprocess.run(
        [*STENO, "play", "--plain", "--resume", "run"],
        cwd=tmp_path,
        input="",
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    assert "again from step 1" in done.stdout
    assert "[DONE]" in done.stdout


def test_a_terminal_that_goes_away_without_a_signal_ends_the_run_in_order(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [*STENO, "play", "--out", "run", *GAME[:-1], "1000000"],
        cwd=tmp_path,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,  # of which the terminal is not the controlling one
        env={**_ENVIRONMENT, "TERM": "xterm-256color"},
    )
    os.close(theirs)
    try:
        seen = b""
        while b"step 9" not in seen:
            seen = seen[-10:] + os.read(ours, 65_536)
        os.close(ours)
        assert process.wait(PATIENCE_S) == 128 + signal.SIGHUP
    finally:
        process.kill()
        process.wait()
    assert [found.finished for found in runs.recent(tmp_path)] == [False]
    assert not (tmp_path / "run" / "memory.sqlite-wal").exists(), (
        "as a process that was killed leaves it"
    )


def test_a_note_is_edited_in_an_editor_of_ones_own(tmux: Tmux, tmp_path: Path) -> None:
    file = tmp_path / "lab.sqlite"
    with MemoryFile.open(file) as memory:
        memory.edit_bank("person", "ada", key="1", edits=[Add("tea", "likes green tea")], reason="")
    tmux.type("export EDITOR='sed -i s/green/black/'", "Enter")
    with started(tmux, tmp_path, *MAIN, "memory", "browse", "lab.sqlite"):
        tmux.until("likes green tea")
        tmux.type("Enter")
        tmux.until("1 add by person")
        tmux.type("E")
        tmux.until("likes black tea")
        tmux.type("q")
        tmux.until("code=0")
    with MemoryFile.open(file, read_only=True) as memory:
        [note] = memory.notes(Scope(memory.find_bank("person", "ada")))
    assert (note.title, note.body, note.version) == ("tea", "likes black tea", 2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def test_a_session_in_a_browser(tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium here")
    pytest.importorskip("textual_serve")
    pytest.importorskip("websockets")
    port, inspected = free_port(), free_port()
    play = [*STENO, "play", "--web", "--port", str(port), "--paused", *GAME]
    browse = [
        chromium,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
        f"--remote-debugging-port={inspected}",
        "--remote-allow-origins=*",
        "--window-size=1200,800",
        "about:blank",
    ]
    with alone(play, tmp_path), alone(browse, tmp_path):
        until(lambda: answers(f"http://localhost:{port}/"), lambda: "the server does not answer")
        pages = f"http://localhost:{inspected}/json"
        until(lambda: answers(pages), lambda: "the browser does not answer")
        with urllib.request.urlopen(pages, timeout=10) as told:
            page = next(each for each in json.load(told) if each["type"] == "page")
        painted = asyncio.run(
            painting(page["webSocketDebuggerUrl"], f"http://localhost:{port}/", b"PAUSED")
        )
        assert b"PAUSED" in painted, painted[-2000:]
        assert len(list((tmp_path / "runs").iterdir())) == 1  # a visit's session is an ordinary run


@contextmanager
def alone(command: list[str], folder: Path) -> Iterator[None]:
    """A process with a group of its own, so that whatever it starts ends with it."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        command, cwd=folder, stdout=quiet, stderr=quiet, start_new_session=True
    )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


async def painting(inspector: str, url: str, wanted: bytes) -> bytes:
    """What the page at `url` is sent to paint, until `wanted` is in it."""
    from websockets.asyncio.client import connect

    painted = b""
    asked = [("Network.enable", {}), ("Page.navigate", {"url": url})]
    async with connect(inspector, max_size=None) as page:
        for number, (method, params) in enumerate(asked, 1):
            await page.send(json.dumps({"id": number, "method": method, "params": params}))
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while wanted not in painted:
                    told = json.loads(await page.recv())
                    if told.get("method") == "Network.webSocketFrameReceived":
                        frame = told["params"]["response"]
                        data = frame["payloadData"]
                        painted += base64.b64decode(data) if frame["opcode"] == 2 else data.encode()
    return painted
