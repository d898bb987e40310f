"""The screen of a session: what it shows, and that its keys do what they say."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Input, Static

from agent.lm.scripted import ScriptedModel
from agent.lm.types import Burst
from tests.agent.test_steering import Slow
from tests.tui.world import app_of, beginning, screen_of, settled, until
from tui.foot import Foot
from tui.panes import MindPane, StatusBar
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


async def test_space_pauses_where_a_step_is_under_way(tmp_path: Path) -> None:
    # This model asks for no leave between its passes, so a step by burst goes on until its end.
    model = Slow()
    model.pass_s = 0.2
    session = Playing(beginning(tmp_path / "run", model=model, think={"k": 1}))
    assert session.controller is not None
    async with app_of(session).run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: session.timeline.live.figures.passes >= 1)
        await pilot.press("b")
        assert screen.word(screen.view) not in ("PAUSED", "PAUSING")
        await pilot.press("space")
        assert session.controller.paused
        await pilot.press("space")
        assert not session.controller.paused


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
    session = Playing(beginning(tmp_path / "run", max_steps=1), mode="human")
    async with app_of(session).run_test(size=(80, 24)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.query_one(Foot).asking)
        assert screen.word(screen.view) == "YOUR MOVE"
        await pilot.press(*"sing q", "enter")
        await until(pilot, lambda: screen.view.word == "DONE")
        assert session.timeline.live.turns[-1].action == "sing q"


async def test_bursts_are_changed_in_the_middle_of_a_thought(tmp_path: Path) -> None:
    session = Playing(beginning(tmp_path / "run", think={"k": 4}), held=True)
    async with app_of(session).run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        for count in (1, 2):
            await until(pilot, lambda: screen.word(screen.view) == "PAUSED")
            if count == 2:
                await pilot.press("plus", "plus", "less_than_sign")
                await until(pilot, lambda: screen.view.mode == "burst(6, 0.85)")
                await settled(pilot)
                assert "burst(6, 0.85)" in str(screen.query_one(MindPane).border_title)
            await pilot.press("s")
            await until(
                pilot,
                lambda count=count: session.timeline.live.figures.passes == count,  # type: ignore[misc]
            )
        assert [piece.tokens for piece in screen.view.entries[-1].pieces] == [4, 6]


async def test_too_large_a_burst_is_told_and_forgotten(tmp_path: Path) -> None:
    model = ScriptedModel()
    model.burst_limit = 4
    session = Playing(beginning(tmp_path / "run", model=model, think={"k": 4}), held=True)
    app = app_of(session)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.word(screen.view) == "PAUSED")
        await until(pilot, lambda: session.config is not None)
        await pilot.press("plus")
        told = "the adapter was trained for 4"
        await until(pilot, lambda: any(told in each.message for each in app._notifications))
        assert session.burst == Burst(4, 0.9)


async def test_a_hint_that_waits_is_seen_to_wait(tmp_path: Path) -> None:
    session = Playing(beginning(tmp_path / "run"), held=True)
    async with app_of(session).run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.word(screen.view) == "PAUSED")
        for waiting in ("auto, hint waiting", "auto, 2 hints waiting"):
            await pilot.press("i", *"go on", "enter")
            await settled(pilot)
            assert waiting in str(screen.query_one(StatusBar).content)
        await pilot.press("space")
        await until(pilot, lambda: screen.view.word == "DONE")
        await settled(pilot)
        assert "waiting" not in str(screen.query_one(StatusBar).content)


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
