"""A session in the corridor with the scripted model, for screens and lines."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from textual.pilot import Pilot
from textual.screen import Screen

from agent.background import BackgroundRun, begin, go_on
from agent.config import RunConfig
from agent.controller import Controller
from agent.lm.scripted import Script, ScriptedModel, stroll
from tests.agent.world import Corridor
from tui.app import StenoApp
from tui.screens.main import MainScreen
from tui.session import Playing
from tui.settings import Settings

PATIENCE_S = 60.0
Kind = TypeVar("Kind", bound=Screen[Any])


def beginning(
    out: Path,
    *,
    script: Script = stroll,
    model: ScriptedModel | None = None,
    env: Callable[[], Corridor] = Corridor,
    **settings: Any,
) -> Callable[[Controller], BackgroundRun]:
    """What begins a run in a corridor."""
    config = RunConfig(env="test/corridor", out=out, model={"name": "scripted"}, **settings)

    def started(controller: Controller) -> BackgroundRun:
        return begin(
            config,
            controller,
            model=model or ScriptedModel(script),
            make_env=lambda _spec: env(),
        )

    return started


def resuming(path: Path) -> Callable[[Controller], BackgroundRun]:
    """What goes on with one."""
    return lambda controller: go_on(
        path, controller, model=ScriptedModel(), make_env=lambda _spec: Corridor()
    )


def app_of(session: Playing, settings: Settings | None = None) -> StenoApp:
    """The application on a session."""
    return StenoApp(MainScreen(session), settings)


def screen_of(pilot: Pilot[None]) -> MainScreen:
    """The main screen, whatever lies over it."""
    for screen in pilot.app.screen_stack:
        if isinstance(screen, MainScreen):
            return screen
    raise AssertionError("there is no main screen")


async def until(pilot: Pilot[None], met: Callable[[], bool]) -> None:
    """Let the application run until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < end, "it never came to be so"
        await pilot.pause(0.02)


async def shown(pilot: Pilot[None], kind: type[Kind]) -> Kind:
    """The screen on top, once it is of a kind."""
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    screen = pilot.app.screen
    assert isinstance(screen, kind)
    await until(pilot, lambda: screen.is_mounted)
    return screen


async def settled(pilot: Pilot[None]) -> None:
    """Wait until what the session knows is drawn."""
    await asyncio.sleep(0.1)
    screen_of(pilot).draw()
    await pilot.pause()
