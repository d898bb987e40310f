"""`steno play`: which session is meant, and how it is shown."""

from __future__ import annotations

import io
import os
import shlex
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import envs
from agent.background import begin, go_on
from agent.config import RunConfig, load_config, merge, one_of
from agent.errors import EXIT_OK, ConfigError
from agent.headless import exit_code_of
from agent.steering import MODES, Mode
from tui import plain, runs, settings
from tui.app import StenoApp, dumb_terminal
from tui.ending import end_at_once
from tui.hangup import on_hangup
from tui.lines import Lines
from tui.screens.main import MainScreen
from tui.screens.start import StartScreen
from tui.session import Begin, Playing, Session, Tell
from tui.settings import Settings

SUGGESTED_ENV = "textworld/coin-collector?level=5"
SUGGESTED_SEED = 10_000
"""The first development seed (docs/benchmarks.md): a game that no policy was trained on."""


def needs_plain() -> bool:
    """Whether there is no terminal that a full screen could be drawn on."""
    if os.environ.get("TEXTUAL_DRIVER"):  # textual-serve: the screen is a browser's
        return False
    return dumb_terminal() or not sys.stdout.isatty() or not sys.stdin.isatty()


def settings_with(theme: str | None) -> Settings:
    """The person's settings, with another theme where one is named. Raises ConfigError."""
    found = settings.load()
    if theme is None:
        return found
    return Settings(theme=theme, keys=found.keys)


def beginning(values: dict[str, Any], config: Path | None) -> Begin:
    """What begins the run that these settings describe. Raises ConfigError, UnknownEnvironment."""
    resolved: RunConfig = load_config(config, **values)
    if resolved.agent != "model":
        raise ConfigError(f"agent {resolved.agent}: only a model can be watched; use `steno run`")
    return partial(begin, resolved)


def resuming(path: Path) -> Begin:
    """What goes on with a run."""
    return partial(go_on, path)


def session_of(
    run: Path | None,
    values: dict[str, Any],
    config: Path | None,
    make: Callable[[Begin], Session],
    *,
    resume: bool,
) -> Session | None:
    """The session that the arguments name; None where a start screen has to ask.

    Raises ConfigError where they contradict each other, and what opening a run raises.
    """
    told = [*values, *(["config"] if config is not None else [])]
    if told and (resume or run is not None):
        which = "a run" if run is None else f"the run {str(run)!r}"
        raise ConfigError(f"{', '.join(told)}: {which} that was begun has its settings already")
    if resume:
        path = run if run is not None else runs.newest_unfinished()
        if runs.found(path).finished:
            return Session(path, greeting=f"the run {path} is finished: this is its record")
        return make(resuming(path))
    if run is not None:
        return Session(run)
    if "env" in values or config is not None:
        return make(beginning(values, config))
    return None


def on_screen(
    run: Path | None,
    values: dict[str, Any],
    config: Path | None,
    *,
    resume: bool,
    mode: Mode,
    held: bool,
    theme: str | None,
) -> int:
    """Show a session in full screen until it is left, and return the exit code."""
    liked = settings_with(theme)
    make = partial(Playing, mode=mode, held=held)
    session = session_of(run, values, config, make, resume=resume)
    if session is not None:
        app = StenoApp(MainScreen(session), liked)
    else:
        app = StenoApp(start_screen(values, mode, held=held), liked)
    on_hangup(app.hung_up)
    try:
        app.run()
    finally:
        app.leave()  # whatever ended it, an error too, the run ends in order
    if app.left is not None:
        sys.stdout.write(f"go on with: steno play --resume {shlex.quote(str(app.left))}\n")
    shown = app.shown
    code = app.return_code or (_code(shown) if shown is not None else EXIT_OK)
    if app.cut_off:
        end_at_once(code)
    return code


def start_screen(values: dict[str, Any], mode: Mode, *, held: bool) -> StartScreen:
    """The screen that asks for what the arguments leave open. Raises ConfigError."""

    def who_acts(form: dict[str, Any]) -> Mode:
        return one_of("who acts", form["mode"], MODES)

    def begun(form: dict[str, Any]) -> Session:
        asked = {
            "env": form["env"],
            "seed": form["seed"],
            "max_steps": form["max_steps"],
            "model": {"name": form["model"]},
        }
        envs.make(
            form["env"]
        ).close()  # a wrong name is told here, and not after the model is loaded
        return Playing(beginning(merge(values, asked), None), mode=who_acts(form), held=held)

    def reopened(found: runs.Found, form: dict[str, Any]) -> Session:
        if found.finished:
            return Session(found.path)
        return Playing(resuming(found.path), mode=who_acts(form), held=held)

    suggested = {} if "STENO_RUN_ENV" in os.environ else {"env": SUGGESTED_ENV}
    usual = load_config(None, **merge(suggested, values))
    given = {
        "env": usual.env,
        "seed": usual.seed if "seed" in usual.model_fields_set else SUGGESTED_SEED,
        "model": usual.model.name,
        "max_steps": usual.max_steps,
        "mode": mode,
    }
    known = [name for name, _ in envs.available()]
    fields = {name: str(value) for name, value in given.items()}
    return StartScreen(begun, reopened, fields, known=known, runs=runs.recent())


def in_lines(
    run: Path | None,
    values: dict[str, Any],
    config: Path | None,
    *,
    resume: bool,
    mode: Mode,
    held: bool,
) -> int:
    """Tell a session line by line, and do what is typed; return the exit code."""
    teller = plain.Teller(sys.stdout)
    tell: Tell = teller.tell
    make = partial(Playing, mode=mode, held=held, tell=tell)
    session = session_of(run, values, config, make, resume=resume)
    if session is None:
        raise ConfigError("name a game with --env, or a run: the plain mode has no start screen")
    lines = Lines(session, teller.say)
    if session.greeting:
        teller.say(session.greeting)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a byte that is no UTF-8 is no reason to end
    if session.controller is None:
        lines.answer("episode " + str(session.timeline.live.episode))
    left = False
    try:
        for line in sys.stdin:
            if not lines.answer(line):
                left = True
                break
        if not left and session.steerable and session.controller is not None:
            plain.wait_for_end(session.controller, lambda: not session.steerable)
    except KeyboardInterrupt:
        left = True
    unfinished = left and session.steerable
    session.leave()
    if unfinished and session.directory is not None:
        teller.say(f"go on with: steno play --resume {shlex.quote(str(session.directory))}")
    if unfinished:
        end_at_once(EXIT_OK)
    return _code(session)


def _code(session: Session) -> int:
    """The exit code of a session. Raises what ended its run before its time."""
    run = session.run
    if run is None or not run.ended:
        return EXIT_OK
    if isinstance(run.failure, Exception):
        raise run.failure
    return exit_code_of(run.done) if run.done is not None else EXIT_OK
