"""Notes, walking, the start, the browser, hostile text, sizes, quitting."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static

from agent.config import RunConfig
from agent.errors import ConfigError
from agent.lm.scripted import Prompt, ScriptedModel
from memory import Add, Delete, MemoryFile, Note, Rewrite, Scope
from memory.errors import MemoryFileError
from tests.agent.test_steering import Slow
from tests.agent.world import Corridor, answers, play
from tests.memory.world import World
from tests.tui.test_state import EVIL
from tests.tui.world import (
    PATIENCE_S,
    app_of,
    beginning,
    resuming,
    screen_of,
    settled,
    shown,
    until,
)
from tui import playing
from tui.app import StenoApp
from tui.foot import Foot
from tui.panes import GamePane, MemoryPane, Meter, MindPane, NoteList, StatusBar, Tabs
from tui.runs import Found, newest_unfinished, recent
from tui.screens.browse import BrowserScreen
from tui.screens.main import MainScreen
from tui.screens.note import Jump, NoteScreen
from tui.screens.start import FIELDS, StartScreen
from tui.session import LEAVE_S, Playing, Session

FORM = dict.fromkeys((name for name, _ in FIELDS), "x")


def made(out: Path, **how: Any) -> Path:
    """A run with notes in it."""
    corridor = partial(Corridor, 30)
    return play(out, env=corridor, model=ScriptedModel(), window={"budget": 640}, **how).path


async def noted(out: Path, **how: Any) -> Path:
    """The same beside a loop."""
    return await asyncio.to_thread(made, out, **how)


async def test_a_run_on_record_is_walked_through(tmp_path: Path) -> None:
    path = await noted(tmp_path / "run", episodes=2)
    app = StenoApp(MainScreen(Session(path)))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        assert screen.view.step == 30
        await pilot.press("h")
        assert screen.view.step == 30
        await pilot.press("h", "h")
        assert screen.view.step == 28
        assert "STEP 28" in str(screen.query_one(StatusBar).content)
        assert "Room 28" in str(screen.query_one("#game-text", Static).content)
        assert "Room 29" not in str(screen.query_one("#game-text", Static).content)
        await pilot.press("l", "0")
        assert screen.view.step == 30
        await pilot.press("L")
        await until(pilot, lambda: screen.view.episode == 1)
        await until(pilot, lambda: screen.view.step == 0)
        await pilot.press("H")
        await until(pilot, lambda: screen.view.episode == 0)
        await pilot.press("space", "escape", "i")  # nothing to steer here
        assert screen.view.episode == 0


async def test_from_a_note_to_its_step_and_its_thoughts_and_back(tmp_path: Path) -> None:
    path = await noted(tmp_path / "run")
    app = StenoApp(MainScreen(Session(path)))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await pilot.press("h", "h", "h", "h")
        await until(pilot, lambda: screen.view.step == 27)
        await pilot.press("3", "enter")
        note = await shown(pilot, NoteScreen)
        assert "places" in str(note.query_one("#note-text", Static).content)
        await pilot.press("g")  # written last when the game was over
        await until(pilot, lambda: app.screen is screen and screen.view.step == 30)
        await pilot.press("3", "enter")
        await shown(pilot, NoteScreen)
        await pilot.press("down", "enter")  # the first of the thoughts that it came from
        await until(pilot, lambda: app.screen is screen and screen.view.step < 27)


async def test_a_note_is_edited_in_place_pinned_and_deleted(tmp_path: Path) -> None:
    path = await noted(tmp_path / "run")
    app = StenoApp(MainScreen(Session(path)))

    def stored() -> list[tuple[str, bool, str]]:
        with MemoryFile.open(path / "memory.sqlite", read_only=True) as memory:
            [bank] = memory.banks()
            found = memory.all_notes(Scope(bank))
            return [(each.body, each.pinned, each.state) for each in found]

    async with app.run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        before = len(stored())
        await pilot.press("3", "enter")
        await shown(pilot, NoteScreen)
        await pilot.press("e")
        app.screen.query_one(Input).value = "places: nowhere at all"
        await pilot.press("enter")
        await until(pilot, lambda: any(body == "nowhere at all" for body, _, _ in stored()))
        await settled(pilot)
        assert "nowhere at all" in str(screen.query_one("#changes", Static).content)
        for key, done in (("p", (True, "live")), ("d", (True, "deleted"))):
            await until(pilot, lambda: app.screen is screen)
            await pilot.press("enter")
            await shown(pilot, NoteScreen)
            await pilot.press(key)
            await until(pilot, lambda done=done: done in [each[1:] for each in stored()])  # type: ignore[misc]
        assert len(stored()) == before


@pytest.mark.parametrize("edited", [False, True])
async def test_a_stale_edit_is_refused_and_told(tmp_path: Path, *, edited: bool) -> None:
    path = await noted(tmp_path / "run")
    app = StenoApp(MainScreen(Session(path)))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.press("3", "enter")
        await shown(pilot, NoteScreen)
        with MemoryFile.open(path / "memory.sqlite") as memory:
            [bank] = memory.banks()
            for n, note in enumerate(memory.live_notes(Scope(bank))):
                edit = Rewrite(note.uid, note.version, f"somebody else was here {n}")
                memory.edit(Scope(bank), key=f"k{n}", edits=[edit], reason="")
        if edited:
            await pilot.press("e")
            app.screen.query_one(Input).value = "mine: an egg"
            await pilot.press("enter")
        else:
            await pilot.press("d")
        await until(pilot, lambda: any("version" in told.message for told in app._notifications))
        told = "\n".join(each.message for each in app._notifications)
        assert ("You wrote: mine: an egg" in told) is edited


async def test_nothing_stale_arrives_after_a_cancel_and_quitting_takes_no_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Slow()
    model.pass_s = 0.3
    session = Playing(beginning(tmp_path / "run", model=model, think={"k": 1}))
    app = app_of(session)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: session.timeline.live.figures.passes >= 1)
        await pilot.press("escape")
        await until(pilot, lambda: session.timeline.live.entries[-1].cancelled)
        text = session.timeline.live.entries
        await pilot.pause(1.0)
        assert session.timeline.live.entries == text
        assert screen.word(screen.view) == "PAUSED"
        await pilot.press("space")
        await until(pilot, lambda: session.timeline.live.entries[-1].live)
        waited: list[float | None] = []
        assert session.run is not None
        wait = session.run.wait

        def waits(limit_s: float | None = None) -> bool:
            waited.append(limit_s)
            return wait(limit_s)

        monkeypatch.setattr(session.run, "wait", waits)
        await pilot.press("q")
    # The run is waited for once, and not for long; nor is anything else.
    assert waited == [LEAVE_S]
    assert LEAVE_S < 1
    assert app.cut_off
    assert app.left == tmp_path / "run"


async def test_a_session_that_was_left_is_taken_up(tmp_path: Path) -> None:
    session = Playing(beginning(tmp_path / "run"), held=True)
    async with app_of(session).run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        for step in (1, 2, 3):
            await until(pilot, lambda: screen.word(screen.view) == "PAUSED")
            await pilot.press("a")
            await until(pilot, lambda step=step: session.timeline.live.step == step)  # type: ignore[misc]
        await pilot.press("q")
    again = Playing(resuming(tmp_path / "run"))
    async with app_of(again).run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.view.word == "DONE")
        assert [turn.step for turn in screen.view.turns] == list(range(11))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (40, 12), (20, 5)])
async def test_hostile_text_and_resizing_in_the_middle_of_a_thought(
    tmp_path: Path, width: int, height: int
) -> None:
    def think(prompt: Prompt) -> str:
        return f" {EVIL} {'w' * 500}\n"

    def speak(step: int, action: str) -> str:
        return f"-= {EVIL} =-\n" + ("x" * 100_000 if step == 2 else "ｗｉｄｅ " * 50)

    begin = beginning(
        tmp_path / "run",
        script=answers(think=think, summarise=f"ADD {EVIL[:20]}: b\nEND"),
        env=lambda: Corridor(6, speak),
        think={"k": 3},
    )
    session = Playing(begin, held=True)
    async with app_of(session).run_test(size=(width, height)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.word(screen.view) == "PAUSED")
        await pilot.press("s", "s")
        await pilot.resize_terminal(height * 2, width)
        await pilot.pause()
        await pilot.resize_terminal(width, height)
        await pilot.press("1", "2", "3", "f", "space")
        await until(pilot, lambda: screen.view.word == "DONE")
        await settled(pilot)
        drawn = "".join(
            segment.text for strip in screen._compositor.render_strips() for segment in strip
        )
        assert "\x1b" not in drawn
        assert "\u202e" not in drawn


async def test_panes_are_tabs_where_there_is_little_room(tmp_path: Path) -> None:
    session = Playing(beginning(tmp_path / "run"))
    async with app_of(session).run_test(size=(40, 12)) as pilot:
        screen = screen_of(pilot)
        panes: dict[str, type[Widget]] = {"1": GamePane, "2": MindPane, "3": MemoryPane}

        def height(pane: type[Widget]) -> int:
            return screen.query_one(pane).size.height

        for key, pane in panes.items():
            await pilot.press(key)
            await until(
                pilot,
                lambda pane=pane: [each for each in panes.values() if height(each)] == [pane],  # type: ignore[misc]
            )
        assert screen.query_one(Tabs).display
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: all(height(each) > 2 for each in panes.values()))


@pytest.mark.parametrize(("width", "height"), [(120, 40), (80, 24), (40, 12)])
async def test_what_matters_most_is_seen_at_every_size(
    tmp_path: Path, width: int, height: int
) -> None:
    session = Playing(beginning(tmp_path / "run"), held=True)
    async with app_of(session).run_test(size=(100, 30)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.word(screen.view) == "PAUSED")

        def drawn() -> list[str]:
            return [
                "".join(each.text for each in strip) for strip in screen._compositor.render_strips()
            ]

        # Nothing happens in the run: the resize alone brings it up to date.
        await pilot.resize_terminal(width, height)
        await until(pilot, lambda: all(len(row) == width for row in drawn()))
        await until(pilot, lambda: "score 0/10" in "".join(drawn()[:3]))
        told = " ".join(drawn()[:3])
        for each in (
            "PAUSED",
            "auto",
            "step 0",
            "score 0/10",
            "TPF",
            f"window {screen.view.window}",
        ):
            assert each in told
        assert ("(high 419, most" in told) == (width >= 80)  # whole, or not at all
        if width >= 80:
            assert "q Quit" in drawn()[-1]
        await pilot.press("3")
        bar = screen.query_one(Meter)
        await until(pilot, lambda: bar.size.width > 0)
        await until(pilot, lambda: len(str(bar.content).split("\n")[0]) == min(bar.size.width, 60))
        assert bar.size.width > 30


@pytest.mark.timeout(600)
async def test_five_hundred_steps_take_no_more_widgets_and_hold_no_key_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is measured is drawn below; what is drawn between only holds the run up.
    monkeypatch.setattr("tui.screens.main.UPDATES_PER_S", 1)
    session = Playing(
        beginning(tmp_path / "run", env=partial(Corridor, 500), max_steps=500, think={"k": 8})
    )
    app = app_of(session)
    drawn_s: list[float] = []
    async with app.run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: session.timeline.live.step >= 20)
        await settled(pilot)
        before = len(screen.query("*"))
        due = 25
        while session.timeline.live.word != "DONE":
            if session.timeline.live.step >= due:
                due += 25
                started = time.thread_time()
                app.simulate_key("2" if len(drawn_s) % 2 else "3")
                screen.draw()
                screen._compositor.render_update(full=True)
                drawn_s.append(time.thread_time() - started)
            await asyncio.sleep(0.05)
        await settled(pilot)
        assert len(screen.query("*")) <= before  # fewer, once a passing notice is gone
        assert len(screen.query_one(NoteList).options) < 600
        assert session.timeline.live.step == 500
    # The processor's time, and as a ratio: `python -m tui.bench` says how long a key takes.
    early, late = statistics.median(drawn_s[:6]), statistics.median(drawn_s[-6:])
    assert late < 2.5 * early, drawn_s


async def test_the_start_screen_begins_a_game_and_tells_what_is_wrong(tmp_path: Path) -> None:
    asked: list[dict[str, object]] = []

    def begun(form: dict[str, object]) -> Session:
        asked.append(form)
        if form["seed"] == "x":
            raise ConfigError("seed 'x': no number")
        return Playing(beginning(tmp_path / "run"))

    def reopened(found: Found, form: dict[str, object]) -> Session:
        asked.append(form)
        return Session(found.path)

    old = await noted(tmp_path / "runs" / "old")
    start = StartScreen(begun, reopened, FORM, runs=recent(tmp_path / "runs"))
    app = StenoApp(start)
    async with app.run_test(size=(80, 24)) as pilot:
        start.query_one("#seed", Input).value = "x"
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert app.screen is start
        start.query_one("#seed", Input).value = "3"
        await pilot.press("ctrl+s")
        await shown(pilot, MainScreen)
        assert asked[-1]["seed"] == "3"
        await pilot.press("q")
    again = StartScreen(begun, reopened, FORM, runs=recent(tmp_path / "runs"))
    app = StenoApp(again)
    async with app.run_test(size=(80, 24)) as pilot:
        again.query_one("#mode", Input).value = "human"
        again.query_one("#runs", OptionList).focus()
        await pilot.press("down", "enter")
        assert (await shown(pilot, MainScreen)).session.path == old
        assert asked[-1]["mode"] == "human"


async def test_the_start_screen_shows_and_plays_what_the_flags_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun: list[tuple[RunConfig, str]] = []

    def plays(begin: Any, *, mode: str, held: bool) -> Session:
        begun.append((begin.args[0], mode))
        assert held
        return Session(None)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(playing, "Playing", plays)
    flags = {"seed": 7, "model": {"name": "scripted"}, "max_steps": 9, "think": {"k": 3}}
    start = playing.start_screen(flags, "confirm", held=True)
    app = StenoApp(start)
    async with app.run_test(size=(80, 24)) as pilot:
        shown_now = {name: start.query_one(f"#{name}", Input).value for name, _ in FIELDS}
        assert shown_now == {
            "env": "textworld/coin-collector?level=5",
            "seed": "7",
            "model": "scripted",
            "max_steps": "9",
            "mode": "confirm",
        }
        start.query_one("#env", Input).value = "courier/town"
        await pilot.press("ctrl+s")
        await shown(pilot, MainScreen)
    [(config, mode)] = begun
    assert (config.env, config.seed, config.max_steps, mode) == ("courier/town", 7, 9, "confirm")
    assert (config.model.name, config.think.k) == ("scripted", 3)


def test_the_defaults_of_the_form_are_the_configs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STENO_RUN_MAX_STEPS", "33")
    usual = playing.start_screen({}, "auto", held=False).given
    assert usual["max_steps"] == "33"
    assert usual["model"] == RunConfig(env="courier/town").model.name
    monkeypatch.setenv("STENO_RUN_ENV", "courier/town?level=2")
    assert playing.start_screen({}, "auto", held=False).given["env"] == "courier/town?level=2"
    given = playing.start_screen({"env": "courier/town"}, "auto", held=False).given
    assert given["env"] == "courier/town"


async def test_a_finished_run_that_is_to_be_resumed_is_shown_as_finished(tmp_path: Path) -> None:
    path = await noted(tmp_path / "run")

    def make(_begin: object) -> Session:
        raise AssertionError("there is nothing to go on with")

    session = playing.session_of(path, {}, None, make, resume=True)
    assert session is not None
    app = StenoApp(MainScreen(session))
    async with app.run_test(size=(120, 40)) as pilot:
        assert screen_of(pilot).word(screen_of(pilot).view) == "DONE"
        await pilot.press("h", "h")
        assert screen_of(pilot).word(screen_of(pilot).view).startswith("STEP")
        await pilot.press("escape")
        assert screen_of(pilot).word(screen_of(pilot).view) == "DONE"
        told = app._notifications
        await until(pilot, lambda: any("is finished" in each.message for each in told))


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize("config", [Path("c.toml"), None])
def test_a_run_that_was_begun_takes_no_flags(config: Path | None, *, resume: bool) -> None:
    values = {} if config else {"seed": 3}
    with pytest.raises(ConfigError, match=r"(seed|config): the run 'runs/old'"):
        playing.session_of(Path("runs/old"), values, config, lambda _: Session(None), resume=resume)


def test_the_newest_unfinished_run_is_the_one_to_resume(tmp_path: Path) -> None:
    made(tmp_path / "runs" / "old")
    with pytest.raises(ConfigError, match="no unfinished run"):
        newest_unfinished(tmp_path / "runs")
    (tmp_path / "runs" / "old" / "results.jsonl").unlink()
    assert newest_unfinished(tmp_path / "runs") == tmp_path / "runs" / "old"


async def test_a_memory_file_is_searched_as_one_types(tmp_path: Path) -> None:
    file = tmp_path / "lab.sqlite"
    with MemoryFile.open(file) as memory:
        for bank, title, body in (
            ("ada", "tea", f"likes green tea {EVIL}"),
            ("ada", "cat", "is called Byte"),
            ("bob", "tea", "drinks coffee instead"),
        ):
            memory.edit_bank(
                "person", bank, key=f"{bank}{title}", edits=[Add(title, body)], reason=""
            )
    browser = BrowserScreen(file)
    app = StenoApp(browser)
    async with app.run_test(size=(120, 40)) as pilot:
        found = browser.query_one("#found", OptionList)
        await until(pilot, lambda: found.option_count == 3)
        await pilot.press("slash", *"cof")  # as one types
        await until(pilot, lambda: found.option_count == 1)
        await pilot.press(*"fee")
        await pilot.pause()
        assert found.option_count == 1
        about = browser.query_one("#shown", Static)
        await until(pilot, lambda: "drinks coffee" in str(about.content))
        await pilot.press(*["backspace"] * 6)
        await until(pilot, lambda: found.option_count == 3)
        await pilot.press("enter", "b")
        await until(pilot, lambda: found.border_title == "Banks")
        assert found.option_count == 3  # every bank, and two of them
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: "person/" in str(found.border_title))
        await until(pilot, lambda: found.option_count in (1, 2))
        await pilot.press("enter")
        await shown(pilot, NoteScreen)
        await pilot.press("p")
        await until(pilot, lambda: not isinstance(app.screen, NoteScreen))
    with MemoryFile.open(file, read_only=True) as memory:
        banks = memory.banks()
        assert any(note.pinned for note in memory.all_notes(Scope(banks[0], tuple(banks))))


async def test_notes_that_wait_or_are_deleted_are_found_too(tmp_path: Path) -> None:
    file = tmp_path / "lab.sqlite"
    world = World.make(file)
    bank = world.file.bank("person", "ada")
    old = world.add("1", "old", "coffee", Scope(bank))
    world.summary("2", Delete(old.uid, 1), scope=Scope(bank))
    world.file.set_approval(bank, True)
    world.add("3", "new", "coffee", Scope(bank))
    world.file.close()
    browser = BrowserScreen(file)
    app = StenoApp(browser)
    async with app.run_test(size=(120, 40)) as pilot:
        found = browser.query_one("#found", OptionList)
        await until(pilot, lambda: found.option_count == 1)
        await pilot.press("slash", *"cof")
        await until(pilot, lambda: "every bank: 1" in str(found.border_title))
        assert "new" in str(found.get_option_at_index(0).prompt)
        await pilot.press("enter", "A")
        await until(pilot, lambda: found.option_count == 2)


async def test_without_colour_words_and_brackets_remain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    session = Playing(beginning(tmp_path / "run", think={"k": 4}))
    app = app_of(session)
    assert app.no_color
    async with app.run_test(size=(80, 24)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.view.word == "DONE")
        await settled(pilot)
        assert "‹" in str(screen.query_one("#present", Static).content)
        assert "DONE" in str(screen.query_one(StatusBar).content)


async def paused_after_an_episode(pilot: Any, session: Playing) -> None:
    """An episode has ended and is on record; the one after it stands still."""
    assert session.controller is not None
    await until(pilot, lambda: session.timeline.live.episode >= 1)
    session.controller.pause()
    await until(pilot, lambda: session.timeline.live.held)
    await until(pilot, lambda: session.record is not None)


async def test_episodes_are_walked_through_while_another_is_played(tmp_path: Path) -> None:
    session = Playing(beginning(tmp_path / "run", env=lambda: Corridor(3), episodes=3))
    async with app_of(session).run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await paused_after_an_episode(pilot, session)
        playing = session.timeline.live.episode
        await pilot.press("H")
        await until(pilot, lambda: (screen.view.episode, screen.view.step) == (playing - 1, 0))
        assert screen.word(screen.view) == "STEP 0"
        await pilot.press("0")  # where the run is now, whatever is looked at
        assert screen.view is session.present
        assert screen.word(screen.view) == "PAUSED"
        await pilot.press("H")
        await until(pilot, lambda: (screen.view.episode, screen.view.step) == (playing - 1, 0))
        await pilot.press("L")
        await until(pilot, lambda: screen.view.episode == playing)
        await pilot.press("0")
        assert screen.word(screen.view) == "PAUSED"
        await pilot.press("space")
        await until(pilot, lambda: session.timeline.live.episode == 2 and not session.steerable)
        await until(pilot, lambda: screen.word(screen.view) == "DONE")


async def test_an_episode_that_is_still_being_read_does_not_overtake_the_present(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Playing(beginning(tmp_path / "run", env=lambda: Corridor(3), episodes=3))
    async with app_of(session).run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await paused_after_an_episode(pilot, session)
        assert session.record is not None
        begun, go_on, really = threading.Event(), threading.Event(), session.record.events

        def slowly(episode: int) -> Any:
            begun.set()
            go_on.wait(60)
            return really(episode)

        monkeypatch.setattr(session.record, "events", slowly)
        await pilot.press("H")
        await until(pilot, begun.is_set)
        [reading] = [each for each in screen.workers if each.group == "open"]
        await pilot.press("0")
        go_on.set()
        await until(pilot, lambda: reading.is_finished)
        await settled(pilot)
        assert screen.view is session.present


async def test_the_next_episode_takes_nobody_by_surprise_who_looks_back(tmp_path: Path) -> None:
    session = Playing(beginning(tmp_path / "run", env=lambda: Corridor(3), episodes=2), held=True)
    assert session.controller is not None
    app = app_of(session)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        for step in (1, 2):
            await until(pilot, lambda: screen.word(screen.view) == "PAUSED")
            await pilot.press("a")
            await until(pilot, lambda step=step: session.present.step == step)  # type: ignore[misc]
        await pilot.press("h", "h")
        assert screen.word(screen.view) == "STEP 1"
        session.controller.go_on()
        await until(pilot, lambda: session.present.episode == 1)
        await until(pilot, lambda: screen.view.episode == 1 and not screen.gaze.back)
        news = app._notifications  # which are posted, and so arrive a little later
        await until(pilot, lambda: any("episode 1 has begun" in each.message for each in news))
        await until(pilot, lambda: not session.steerable)
        await until(pilot, lambda: screen.word(screen.view) == "DONE")


async def test_between_episodes_and_before_the_first_the_word_is_loading(tmp_path: Path) -> None:
    made: list[int] = []
    go = threading.Event()

    class Waiting(Corridor):
        def reset(self, *args: Any, **how: Any) -> Any:
            made.append(1)
            if len(made) == 2:
                go.wait(PATIENCE_S)
            return super().reset(*args, **how)

    session = Playing(beginning(tmp_path / "run", env=lambda: Waiting(3), episodes=2))
    assert session.controller is not None
    await asyncio.to_thread(_wait, lambda: len(made) == 2)
    await asyncio.to_thread(_wait, lambda: session.present.phase == "DONE")
    assert session.word == "LOADING"
    session.controller.pause()
    assert session.word == "LOADING"
    go.set()
    session.controller.go_on()
    await asyncio.to_thread(_wait, lambda: not session.steerable)
    assert session.word == "DONE"


async def test_what_cannot_be_read_is_told_once_and_the_screen_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await noted(tmp_path / "run")
    session = Session(path)
    told: list[int] = []

    def broken() -> bool:
        told.append(1)
        raise MemoryFileError("the disk is away")

    monkeypatch.setattr("tui.screens.main.READ_ON_S", 0.02)
    monkeypatch.setattr(session, "refresh", broken)
    monkeypatch.setattr(session, "spell", broken)
    app = StenoApp(MainScreen(session))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: len(told) > 5)
        assert len([1 for each in app._notifications if "the disk is away" in each.message]) == 1
        await pilot.press("h")
        assert screen_of(pilot).view.step == 30


async def test_spelling_a_record_leaves_the_episode_that_was_opened_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(await noted(tmp_path / "run", episodes=2))
    assert session.record is not None
    vocabulary, session.record.vocabulary = session.record.vocabulary, None
    read = session.record.tell

    def opened_meanwhile(episode: int) -> Any:
        monkeypatch.setattr(session.record, "tell", read)
        session.open(1)
        return read(episode)

    monkeypatch.setattr("tui.session.load_vocabulary", lambda *_: vocabulary)
    monkeypatch.setattr(session.record, "tell", opened_meanwhile)
    assert session.spell()
    assert session.timeline.live.episode == 1
    assert any(len(entry.pieces) > 1 for entry in session.timeline.live.entries)


async def test_a_note_of_anywhere_is_jumped_from(tmp_path: Path) -> None:
    path = await noted(tmp_path / "run")
    app = StenoApp(MainScreen(Session(path)))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        for uid in ("by-hand", "a/b/x", "other/0", "", "run/1²", f"{'9' * 5000}"):
            screen.jump(Jump(uid, 3))
            await pilot.pause()
        assert screen.view.step == 30
        assert screen.session.record is not None
        screen.jump(Jump(screen.session.record.uid(0), 3))
        assert screen.view.step == 3


async def test_a_note_with_a_colon_and_controls_is_edited_in_place(tmp_path: Path) -> None:
    file = tmp_path / "lab.sqlite"
    with MemoryFile.open(file) as memory:
        edit = Add("at 10:30", f"tea {EVIL}\tand cake")
        memory.edit_bank("person", "ada", key="k", edits=[edit], reason="")

    def stored() -> Note:
        with MemoryFile.open(file, read_only=True) as memory:
            banks = memory.banks()
            [note] = memory.all_notes(Scope(banks[0], tuple(banks)))
            return note

    browser = BrowserScreen(file)
    app = StenoApp(browser)
    async with app.run_test(size=(120, 40)) as pilot:
        found = browser.query_one("#found", OptionList)
        await until(pilot, lambda: found.option_count == 1)
        await pilot.press("enter")
        note = await shown(pilot, NoteScreen)
        await pilot.press("e")
        line = note.query_one(Input)
        drawn = "".join(
            segment.text for strip in note._compositor.render_strips() for segment in strip
        )
        assert line.value.startswith("at 10:30: tea \\x1b[31m")
        assert not any(char in drawn for char in "\x1b\x07\x9b\u202e")
        await pilot.press("enter")  # unchanged
        await pilot.pause()
        assert (stored().version, app.screen) == (1, note)
        await pilot.press("e")
        line.value = "no colon"
        await pilot.press("enter")
        assert note.query_one(Foot).asking
        assert line.value == "no colon"
        line.value = "at 10:30: coffee\x1b[0m: black"
        await pilot.press("enter")
        await until(pilot, lambda: stored().version == 2)
        assert (stored().title, stored().body) == ("at 10:30", "coffee\\x1b[0m: black")


async def test_a_run_that_another_process_plays_is_followed(tmp_path: Path) -> None:
    other = Playing(beginning(tmp_path / "run"), held=True)
    assert other.controller is not None
    assert other.run is not None
    for step in (1, 2, 3):
        other.controller.step("action")
        await asyncio.to_thread(_wait, lambda step=step: other.timeline.live.step == step)  # type: ignore[misc]
    session = Session(tmp_path / "run")
    async with StenoApp(MainScreen(session)).run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.view.step == 3)
        assert screen.word(screen.view) == "ON RECORD"
        other.controller.go_on()
        await until(pilot, lambda: screen.view.word == "DONE")
        assert [turn.step for turn in screen.view.turns] == list(range(11))
    other.leave()


def _wait(met: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < end
        time.sleep(0.01)


async def test_text_that_is_selected_is_copied(tmp_path: Path) -> None:
    app = StenoApp(MainScreen(Session(await noted(tmp_path / "run"))))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await until(
            pilot, lambda: "-= Room 30 =-" in str(screen.query_one("#game-text", Static).content)
        )
        await settled(pilot)
        rows = [
            "".join(each.text for each in strip) for strip in screen._compositor.render_strips()
        ]
        row = next(at for at, text in enumerate(rows) if "Room 30 =-" in text)
        column = rows[row].index("Room 30 =-")
        await pilot.mouse_down(offset=(column, row))
        await pilot.hover(offset=(column + 6, row))
        await pilot.mouse_up(offset=(column + 6, row))
        await pilot.press("ctrl+c")
        await until(pilot, lambda: app.clipboard in ("Room 3", "Room 30"))


async def test_nothing_is_drawn_on_a_screen_that_is_left(tmp_path: Path) -> None:
    app = app_of(Playing(beginning(tmp_path / "run"), held=True))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.word(screen.view) == "PAUSED")
        app.leave()
        await screen.query("*").remove()
        screen._drawn = None
        screen.draw()  # as its timer still does: the panes go first
    assert app.left == tmp_path / "run"


async def test_without_a_terminal_there_is_no_editor(tmp_path: Path) -> None:
    app = StenoApp(MainScreen(Session(await noted(tmp_path / "run"))))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("3", "enter")
        await shown(pilot, NoteScreen)
        await pilot.press("E")
        told = "there is no terminal for an editor here"
        await until(pilot, lambda: any(told in each.message for each in app._notifications))
