"""Keys: one table for the screens, the settings, the help and the docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.errors import ConfigError
from tests.tui.world import app_of, beginning, screen_of, shown, until
from tui import docs
from tui.app import StenoApp
from tui.keys import KEYS, PLACES, keymap
from tui.screens.browse import BrowserScreen
from tui.screens.help import HelpScreen
from tui.screens.main import MainScreen
from tui.screens.note import NoteScreen
from tui.screens.start import StartScreen
from tui.session import Playing
from tui.settings import Settings, load

SCREENS = {
    "session": MainScreen,
    "note": NoteScreen,
    "start": StartScreen,
    "browser": BrowserScreen,
    "help": HelpScreen,
    "everywhere": StenoApp,
}
DOC = Path(__file__).parents[2] / "docs" / "tui.md"


def test_the_docs_list_every_key_as_it_is() -> None:
    text = DOC.read_text(encoding="utf-8")
    assert docs.updated(text) == text, "run: python -m tui.docs docs/tui.md"
    for each in KEYS:
        assert f"| `{each.name}` | {each.help} |" in text


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_key_has_something_to_do(key: object) -> None:
    where, action = key.where, key.action.partition("(")[0]  # type: ignore[attr-defined]
    if where in SCREENS:
        assert callable(getattr(SCREENS[where], f"action_{action}"))


def test_no_key_means_two_things_in_one_place() -> None:
    keymap({})  # it would tell
    assert len({each.name for each in KEYS}) == len(KEYS)
    assert {where for place in PLACES for where in place} == {each.where for each in KEYS}


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"step_pass": "n,ctrl+n"}, "'n' would mean both step_pass and refuse"),
        ({"quit": "h"}, "'h' would mean both quit and step_back"),
        ({"open_note": "space"}, "'space' would mean both pause and open_note"),
        ({"act": "+"}, "would mean both act and k_more"),
        ({"act": "plus"}, "would mean both act and k_more"),
        ({"pause": "spcae"}, "keys.pause 'spcae': 'spcae' is no key"),
        ({"pause": "x,"}, "keys.pause 'x,': '' is no key"),
        ({"pause": "ctl+x"}, "'ctl+x' is no key"),
        ({"pause": "PageUp"}, "'PageUp' is no key"),
    ],
)
def test_keys_that_clash_or_that_there_are_not_are_told(wanted: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as told:
        keymap(wanted)
    assert said in str(told.value)


@pytest.mark.parametrize(
    "key", ["x", "ctrl+x", "f2", "?", "question_mark", "pageup", "shift+tab", "alt+ctrl+f3", "é"]
)
def test_keys_by_any_of_their_names_are_taken(key: str) -> None:
    assert keymap({"pause": key}) == {"session.pause": key}
    assert keymap({"step_pass": "n", "refuse": "s"})  # two that take each other's place


def test_the_example_in_the_docs_is_one(tmp_path: Path) -> None:
    [example] = re.findall(r"```toml\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "tui.toml").write_text(example)
    assert load(tmp_path / "tui.toml").keys


def test_settings_are_read_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "tui.toml"
    file.write_text('theme = "light"\n[keys]\npause = "p"\n')
    assert load(file) == Settings(theme="light", keys={"pause": "p"})
    for wrong, said in (
        ('theme = "pink"', "dark, light, contrast"),
        ('[keys]\nfly = "f"', "keys.fly: no such command"),
        ('[keys]\npause = ""', "is no key"),
        ("colour = 1", "colour: no such setting"),
    ):
        file.write_text(wrong)
        with pytest.raises(ConfigError, match=said.partition(":")[0]):
            load(file)


def test_a_key_has_one_name_only() -> None:
    with pytest.raises(ConfigError, match="no such command"):
        keymap({"nothing": "x"})


async def test_a_key_of_ones_own_replaces_the_usual_one(tmp_path: Path) -> None:
    session = Playing(beginning(tmp_path / "run"), held=True)
    app = app_of(session, Settings(keys={"step_pass": "z"}))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.word(screen.view) == "PAUSED")
        await pilot.press("s")
        await pilot.press("z")
        await until(pilot, lambda: session.timeline.live.figures.passes == 1)
        await pilot.press("f1")
        await shown(pilot, HelpScreen)
        await pilot.press("escape")
        await shown(pilot, MainScreen)


async def test_the_palette_has_every_command_of_the_screen(tmp_path: Path) -> None:
    session = Playing(beginning(tmp_path / "run"), held=True)
    app = app_of(session)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = screen_of(pilot)
        await until(pilot, lambda: screen.word(screen.view) == "PAUSED")
        listed = {command.title: command for command in app.get_system_commands(screen)}
        for each in KEYS:
            if each.where == "session":
                assert each.help in listed, each.name
        step = next(each for each in KEYS if each.name == "step_pass")
        await listed[step.help].callback()
        await until(pilot, lambda: session.timeline.live.figures.passes == 1)


async def test_themes_take_turns(tmp_path: Path) -> None:
    app = app_of(Playing(beginning(tmp_path / "run")))
    async with app.run_test(size=(120, 40)) as pilot:
        seen = []
        for _ in range(3):
            await pilot.press("ctrl+t")
            seen.append(app.theme)
        assert seen == ["steno-light", "steno-contrast", "steno-dark"]
