"""The screen of a session: what it shows, and that its keys do what they say."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Input, Static

from tests.tui.world import app_of, beginning, screen_of, settled, until
from tui.panes import StatusBar
from tui.session import Playing


def text_of(screen: object, selector: str) -> str:
    return str(screen.query_one(selector, Static).content)  # type: ignore[attr-defined]


async def test_a_game_is_shown_thought_noted_and_counted(tmp_path: Path) -> None:
    session = Playing(beginning(tmp_path / "run", think={"k": 4}))
    async with app_of(session).run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.view.word == "DONE")
        await settled(pilot)
        assert "-= Room 10 =-" in text_of(screen, "#game-text")
        assert "ADD places: been in" in text_of(screen, "#present")
        assert "‹I am in Roo›" in text_of(screen, "#present")
        assert "‹" not in text_of(screen, "#earlier")
        await pilot.press("f")
        assert "‹I am in Roo›" in text_of(screen, "#earlier")
        status = str(screen.query_one(StatusBar).content)
        assert "DONE" in status
        assert "score 10/10" in status
        assert session.timeline.live.figures.passes > 10


async def test_space_pauses_and_steps_go_on(tmp_path: Path) -> None:
    session = Playing(beginning(tmp_path / "run"), held=True)
    async with app_of(session).run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.word(screen.view) == "PAUSED")
        before = session.timeline.live.figures.passes
        await pilot.press("s")
        await until(pilot, lambda: session.timeline.live.figures.passes == before + 1)
        await until(pilot, lambda: screen.word(screen.view) == "PAUSED")
        await pilot.press("a")
        await until(pilot, lambda: session.timeline.live.step == 1)
        await until(pilot, lambda: screen.word(screen.view) == "PAUSED")
        await pilot.press("space")
        await until(pilot, lambda: screen.view.word == "DONE")


async def test_actions_are_confirmed_edited_and_refused(tmp_path: Path) -> None:
    session = Playing(beginning(tmp_path / "run"), mode="confirm")
    async with app_of(session).run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.view.word == "CONFIRM")
        await pilot.press("y")
        await until(pilot, lambda: session.timeline.live.step == 1)
        await until(pilot, lambda: screen.view.word == "CONFIRM")
        await pilot.press("e")
        screen.query_one(Input).value = "go west"
        await pilot.press("enter")
        await until(pilot, lambda: session.timeline.live.step == 2)
        assert session.timeline.live.turns[-1].action == "go west"
        await until(pilot, lambda: screen.view.word == "CONFIRM")
        await pilot.press("n", *"not now", "enter")
        await until(pilot, lambda: any(e.kind == "hint" for e in session.timeline.live.entries))


async def test_a_person_plays(tmp_path: Path) -> None:
    session = Playing(beginning(tmp_path / "run", max_steps=1))
    async with app_of(session).run_test(size=(80, 24)) as pilot:
        screen = screen_of(pilot)
        assert session.controller is not None
        session.controller.mode = "human"
        await until(pilot, lambda: screen.view.word in ("YOUR MOVE", "DONE"))


async def test_a_hint_is_typed_and_reaches_the_model(tmp_path: Path) -> None:
    session = Playing(beginning(tmp_path / "run"), held=True)
    async with app_of(session).run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.word(screen.view) == "PAUSED")
        await pilot.press("i", *"[b]go on[/b] q s", "enter")
        await pilot.press("space")
        await until(pilot, lambda: screen.view.word == "DONE")
        hints = [e for e in session.timeline.live.entries if e.kind == "hint"]
        assert [each.text for each in hints] == ["[b]go on[/b] q s"]
