"""The commands `steno play` and `steno memory browse`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

play_app = typer.Typer(add_completion=False, help="Watch a run think, and steer it.")
browse_app = typer.Typer(add_completion=False, help="Browse a memory file on the screen.")

Theme = Annotated[str | None, typer.Option(help="dark, light or contrast.")]


# Options left out are not passed on, so that each default is the config's own.
@play_app.command()
def play(
    run: Annotated[
        Path | None, typer.Argument(help="A run directory: walk through it, or --resume it.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with RUN, or with the newest unfinished run.")
    ] = False,
    env: Annotated[
        str | None, typer.Option(help="Environment, e.g. 'textworld/coin-collector?level=5'.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Episode i plays game seed + i.")] = None,
    episodes: Annotated[
        int | None, typer.Option("-n", "--episodes", help="How many games, one after the other.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="'embedded', 'scripted', a directory or a Hugging Face id.")
    ] = None,
    policy: Annotated[str | None, typer.Option(help="Policy adapter.")] = None,
    burst: Annotated[str | None, typer.Option(help="Burst adapter.")] = None,
    k: Annotated[int | None, typer.Option("-k", help="Most tokens a burst may have.")] = None,
    confidence: Annotated[float | None, typer.Option(help="Where bursts are cut.")] = None,
    max_steps: Annotated[int | None, typer.Option(help="Actions before a game is cut off.")] = None,
    constrain: Annotated[
        bool | None,
        typer.Option("--constrain/--free", help="Only commands that the game accepts now."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Run directory to make.")] = None,
    memory: Annotated[Path | None, typer.Option(help="Memory file to use.")] = None,
    banks: Annotated[
        list[str] | None, typer.Option("--bank", help="Shared bank KIND/NAME[:rw]. Repeatable.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Any setting: section.key=value. Repeatable.")
    ] = None,
    mode: Annotated[str, typer.Option(help="Who acts: auto, confirm or human.")] = "auto",
    paused: Annotated[bool, typer.Option("--paused", help="Begin at a standstill.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Line by line, for screen readers, logs and copying.")
    ] = False,
    web: Annotated[bool, typer.Option("--web", help="In a browser on this machine.")] = False,
    port: Annotated[int, typer.Option(help="The port of --web.")] = 8000,
    theme: Theme = None,
) -> None:
    """Play one game on the screen, or walk through a run.

    Without RUN and --env a start screen asks. Every key: F1, or docs/tui.md.
    """
    from agent.config import merge, one_of, overrides
    from agent.steering import MODES

    wanted = one_of("--mode", mode, MODES)
    if web:
        from tui.web import serve

        serve(["play", *(each for each in _typed("play") if each != "--web")], port)
        return
    flags: dict[str, Any] = {
        "env": env,
        "seed": seed,
        "episodes": episodes,
        "max_steps": max_steps,
        "out": out,
        "memory": memory,
        "banks": banks,
        "model": {"name": model, "policy": policy, "burst": burst},
        "think": {"k": k, "confidence": confidence},
        "act": {"constrain": constrain},
    }
    from agent.cli import given

    values = merge(overrides(settings or []), given(flags))
    from tui import playing

    if plain or playing.needs_plain():
        code = playing.in_lines(run, values, config, resume=resume, mode=wanted, held=paused)
    else:
        code = playing.on_screen(
            run, values, config, resume=resume, mode=wanted, held=paused, theme=theme
        )
    raise typer.Exit(code)


@browse_app.command()
def browse(
    file: Annotated[
        Path, typer.Argument(metavar="FILE|RUNDIR", help="A memory file, or a run directory.")
    ],
    bank: Annotated[
        str | None, typer.Option("--bank", metavar="KIND/NAME", help="Begin with this bank.")
    ] = None,
    theme: Theme = None,
) -> None:
    """Banks and notes on the screen: search as you type, history, diffs, where a note came from."""
    from agent.errors import ConfigError
    from memory.commands.places import locate, open_for_reading
    from tui.app import StenoApp
    from tui.hangup import on_hangup
    from tui.playing import needs_plain, settings_with
    from tui.screens.browse import BrowserScreen

    with open_for_reading(file):  # what is no memory file is told before the screen is taken
        place = locate(file)
    if needs_plain():
        raise ConfigError(
            "there is no terminal here that a screen could be drawn on: use `steno memory ls`, "
            "`steno memory show` and `steno memory search`"
        )
    app = StenoApp(BrowserScreen(place, bank), settings_with(theme))
    on_hangup(app.hung_up)
    app.run()
    raise typer.Exit(app.return_code or 0)


def _typed(command: str) -> list[str]:
    """The arguments after the command's name, as they were typed."""
    return sys.argv[sys.argv.index(command) + 1 :]
