"""The screen of a session: what it shows, and that its keys do what they say."""

from __future__ import annotations

import threading
from pathlib import Path

from textual.widgets import Input, Static
from textual.widgets._footer import FooterKey

from agent.lm.scripted import ScriptedModel
from agent.lm.types import Burst
from agent.steering import Approved
from tests.agent.test_steering import Slow
from tests.agent.world import Corridor
from tests.tui.world import app_of, beginning, screen_of, settled, until
from tui.foot import Foot
from tui.keyline import KeyLine
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


async def test_a_hint_that_is_being_typed_becomes_no_action(tmp_path: Path) -> None:
    model = Slow()
    model.pass_s = 0.1
    session = Playing(beginning(tmp_path / "run", model=model), mode="human")
    app = app_of(session)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = screen_of(pilot)
        line = screen.query_one(Foot)
        await until(pilot, lambda: session.timeline.live.figures.passes >= 1)
        await pilot.press("i", *"mind ")
        await until(pilot, lambda: session.present.your_move)
        await settled(pilot)
        assert line.asked == "tell the model:"
        told = app._notifications
        await until(pilot, lambda: any("t asks for it" in each.message for each in told))
        await pilot.press(*"the gap", "enter")
        assert session.present.step == 0
        await pilot.press("t", *"sing q", "enter")
        await until(pilot, lambda: session.present.step == 1)
        assert session.present.turns[-1].action == "sing q"
        await until(pilot, lambda: line.asked == "your action:")
        assert session.controller is not None
        session.controller.mode = "auto"  # nobody waits for that answer any more
        await until(pilot, lambda: not line.asking)


async def test_a_proposal_is_decided_where_it_can_be_seen(tmp_path: Path) -> None:
    session = Playing(beginning(tmp_path / "run"), mode="confirm")
    app = app_of(session)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)

        def told(what: str) -> bool:
            return any(what in each.message for each in app._notifications)

        await until(pilot, lambda: screen.word(screen.view) == "CONFIRM")
        await pilot.press("h", "y", "e", "n")
        await pilot.pause()
        assert screen.word(screen.view) == "STEP 0"
        assert (session.present.proposed, session.present.step) == ("go north", 0)
        assert told("an action is waiting; 0 goes back")
        app.clear_notifications()
        assert session.controller is not None
        assert session.controller.decide(Approved())
        await until(
            pilot, lambda: session.present.step == 1 and session.present.proposed is not None
        )
        await until(pilot, lambda: told("go north\n0 goes back"))  # told while looking back
        await pilot.press("0", "e")
        screen.query_one(Input).value = " "
        await pilot.press("enter")
        await settled(pilot)
        assert told("at least one word")
        assert session.present.proposed is not None
        assert screen.query_one(Foot).asking


async def test_keys_that_steer_are_shown_as_long_as_there_is_a_run(tmp_path: Path) -> None:
    session = Playing(beginning(tmp_path / "run"), held=True)
    assert session.controller is not None
    async with app_of(session).run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)

        def offered() -> dict[str, bool]:
            keys = screen.query(FooterKey)
            return {each.key: not each.has_class("-disabled") for each in keys}

        await until(pilot, lambda: offered().get("space") is True)
        # The line comes and goes before the keys are made anew.
        foot = screen.query_one(Foot)
        foot.ask("one:", lambda _text: None)
        await pilot.pause()
        screen._unasked()
        foot.ask("two:", lambda _text: None)
        await pilot.pause()
        keys = foot.query_one(KeyLine)
        keys.call_next(keys.recompose)
        await pilot.pause()
        screen._unasked()
        await until(pilot, lambda: offered().get("space") is True and "q" in offered())
        session.controller.go_on()
        await until(pilot, lambda: not session.steerable)
        # While the keys are made anew none of them is there.
        await until(
            pilot, lambda: offered().get("q") is True and offered().get("space") is not True
        )


async def test_bursts_are_counted_from_the_config_while_the_model_is_loaded(tmp_path: Path) -> None:
    loaded = threading.Event()

    def make() -> Corridor:
        loaded.wait(60)
        return Corridor()

    session = Playing(
        beginning(tmp_path / "run", env=make, think={"k": 6, "confidence": 0.5}), held=True
    )
    async with app_of(session).run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await pilot.pause()
        assert screen.word(screen.view) == "LOADING"
        await pilot.press("plus", "greater_than_sign")
        assert session.burst == Burst(7, 0.55)
        loaded.set()
        await until(pilot, lambda: session.record is not None)


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
