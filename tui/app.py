"""The application: one session on the screen, and what is the same everywhere."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from textual.app import App, SystemCommand
from textual.screen import Screen

from agent.steering import EditNote
from tui.keys import KEYS, bindings, keymap
from tui.screens.help import HelpScreen
from tui.screens.main import MainScreen
from tui.session import Session
from tui.settings import Settings
from tui.themes import THEMES

EXIT_SIGNAL = 128
"""To be added to the signal that ended it, as a shell counts."""


class StenoApp(App[None]):
    """What the screens have in common: themes, keys, help, and an orderly end."""

    TITLE = "Steno"
    CSS_PATH = "styles.tcss"
    BINDINGS = bindings("everywhere")
    ENABLE_COMMAND_PALETTE = True

    def __init__(self, first: Screen[None], settings: Settings | None = None) -> None:
        """`first` is the screen to begin with."""
        self.settings = settings or Settings()
        super().__init__()
        for theme in THEMES.values():
            self.register_theme(theme)
        self.theme = THEMES[self.settings.theme].name
        self.set_keymap(keymap(self.settings.keys))
        self.first = first
        self.left: Path | None = None
        """The run that was left unfinished, for whoever wants to go on with it."""
        self.cut_off = False
        """Whether a run was left that was being played."""
        self.shown: Session | None = first.session if isinstance(first, MainScreen) else None
        """The session that was looked at last."""

    def on_mount(self) -> None:
        """End in order where the terminal is closed or the process is told to end."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGHUP):
            # Off the main thread, as in tests, there are no signals to handle.
            with suppress(ValueError, NotImplementedError, RuntimeError):
                loop.add_signal_handler(each, self._terminated, each)
        self.push_screen(self.first)

    def _terminated(self, by: signal.Signals) -> None:
        self.leave()
        self.exit(return_code=EXIT_SIGNAL + by)

    def hung_up(self) -> None:
        """End in order without a terminal: what paints waits for one, so only this thread can end it."""
        self.leave()
        os._exit(EXIT_SIGNAL + signal.SIGHUP)

    def watch_session(self, session: Session) -> None:
        """Show a session in the place of what is shown."""
        self.shown = session
        self.switch_screen(MainScreen(session))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every command of the screen, by what it does, and Textual's own."""
        yield from super().get_system_commands(screen)
        for each in KEYS:
            found = screen.active_bindings.values()
            if any(bound.binding.id == f"{each.where}.{each.name}" for bound in found):
                title = each.help
                told = f"key {self.settings.keys.get(each.name, each.key)}"
                yield SystemCommand(title, told, _Ran(screen, each.action))

    def carry_out(self, order: EditNote, done: str) -> None:
        """Have a note changed by whoever holds the memory file."""
        for screen in reversed(self.screen_stack):
            carry_out = getattr(screen, "carry_out", None)
            if carry_out is not None:
                carry_out(order, done)
                return

    def action_help(self) -> None:
        """Show every key."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(dict(self.settings.keys)))

    def action_next_theme(self) -> None:
        """Another theme."""
        names = [theme.name for theme in THEMES.values()]
        at = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(at + 1) % len(names)]

    def action_leave(self) -> None:
        """End: the run stops where it is, and can be resumed."""
        self.leave()
        self.exit()

    async def action_quit(self) -> None:
        """Textual's own key for it does the same."""
        self.action_leave()

    def leave(self) -> None:
        """Let go of the session; remember where its run lies. Twice is fine: it may be left already."""
        session = self.shown
        if session is not None and not session.left:
            self.cut_off = session.steerable
            session.leave()
            self.left = session.directory if self.cut_off else None


class _Ran:
    """An action of a screen, as the palette calls it."""

    def __init__(self, screen: Screen[Any], action: str) -> None:
        self._screen, self._action = screen, action

    async def __call__(self) -> None:
        await self._screen.run_action(self._action)


def dumb_terminal() -> bool:
    """Whether the terminal cannot show a full screen."""
    return os.environ.get("TERM", "") in ("dumb", "")
