"""Each screen at each size as it was last looked at. `pytest --snapshot-update` after a look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from agent.lm.scripted import ScriptedModel
from memory import Add, MemoryFile, Rewrite, Scope
from tests.agent.world import Corridor, play
from tests.tui.world import app_of, beginning, screen_of, until
from tui.app import StenoApp
from tui.screens.browse import BrowserScreen
from tui.screens.main import MainScreen
from tui.screens.start import StartScreen
from tui.session import Playing, Session
from tui.settings import Settings

Compare = Callable[..., bool]
at_each_size = pytest.mark.parametrize(
    "size", [(120, 40), (80, 24), (40, 12)], ids=lambda size: f"{size[0]}x{size[1]}"
)
FORM = {
    "env": "textworld/coin-collector?level=5",
    "seed": "10000",
    "model": "embedded",
    "max_steps": "150",
    "mode": "auto",
}
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def recorded(tmp_path: Path) -> Session:
    done = play(
        tmp_path / "run",
        env=lambda: Corridor(12),
        model=ScriptedModel(),
        window={"budget": 640},
        think={"k": 4},
    )
    return Session(done.path)


@at_each_size
def test_a_session(tmp_path: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def step_back(pilot: Pilot[Any]) -> None:
        await pilot.press("h", "h")
        await pilot.pause()

    app = StenoApp(MainScreen(recorded(tmp_path)))
    assert snap_compare(app, terminal_size=size, run_before=step_back)


@pytest.mark.parametrize("pane", ["1", "3"])
def test_a_pane_of_a_small_terminal(tmp_path: Path, snap_compare: Compare, pane: str) -> None:
    app = StenoApp(MainScreen(recorded(tmp_path)))
    assert snap_compare(app, terminal_size=(40, 12), press=[pane])


@pytest.mark.parametrize("theme", ["light", "contrast"])
def test_a_paused_thought(tmp_path: Path, snap_compare: Compare, theme: str) -> None:
    session = Playing(beginning(tmp_path / "run", think={"k": 4}), held=True)

    async def three_passes(pilot: Pilot[Any]) -> None:
        screen = screen_of(pilot)
        for count in range(1, 4):
            await until(pilot, lambda: screen.word(screen.view) == "PAUSED")
            await pilot.press("s")
            await until(
                pilot,
                lambda count=count: session.timeline.live.figures.passes == count,  # type: ignore[misc]
            )
        await until(pilot, lambda: screen.word(screen.view) == "PAUSED")
        screen.draw()

    app = app_of(session, Settings(theme=theme))
    assert snap_compare(app, terminal_size=(100, 30), run_before=three_passes)


@at_each_size
def test_the_start(snap_compare: Compare, size: tuple[int, int]) -> None:
    def nothing(*_form: Any) -> Session:
        raise AssertionError

    assert snap_compare(StenoApp(StartScreen(nothing, nothing, FORM)), terminal_size=size)


@at_each_size
def test_the_help(tmp_path: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    app = StenoApp(MainScreen(recorded(tmp_path)))
    assert snap_compare(app, terminal_size=size, press=["f1"])


@at_each_size
def test_an_action_that_waits(tmp_path: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    """CONFIRM, and the line in which another action is typed."""

    async def proposed(pilot: Pilot[Any]) -> None:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.view.word == "CONFIRM")
        await pilot.press("e", "end", *" slowly")
        pilot.app.clear_notifications()
        await pilot.pause()

    session = Playing(beginning(tmp_path / "run", think={"k": 4}), mode="confirm")
    assert snap_compare(app_of(session), terminal_size=size, run_before=proposed)


def memory_of(tmp_path: Path) -> Path:
    file = tmp_path / "lab.sqlite"
    with MemoryFile.open(file, clock=lambda: NOON) as memory:
        uid = "00000000000000a1"
        add = [Add("tea", "likes green tea", uid), Add("cat", "is called Byte", uid[:-2] + "b2")]
        memory.edit_bank("person", "ada", key="1", edits=add, reason="said so")
        bank = memory.find_bank("person", "ada")
        edit = Rewrite(uid, 1, "likes black tea, no sugar")
        memory.edit(Scope(bank), key="2", edits=[edit], reason="asked again")
    return file


@at_each_size
def test_the_browser(tmp_path: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def listed(pilot: Pilot[Any]) -> None:
        found = pilot.app.screen.query_one("#found")
        await until(pilot, lambda: found.option_count == 2)  # type: ignore[attr-defined]
        await pilot.pause()

    app = StenoApp(BrowserScreen(memory_of(tmp_path)))
    assert snap_compare(app, terminal_size=size, run_before=listed)


@at_each_size
def test_a_note(tmp_path: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def opened(pilot: Pilot[Any]) -> None:
        found = pilot.app.screen.query_one("#found")
        await until(pilot, lambda: found.option_count == 2)  # type: ignore[attr-defined]
        await pilot.press("down", "enter")
        await pilot.pause()

    app = StenoApp(BrowserScreen(memory_of(tmp_path)))
    assert snap_compare(app, terminal_size=size, run_before=opened)
