"""The command `steno`. Heavy modules are imported by the command that needs them, never for --help."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core
import typer.main

COMMANDS = "steno.commands"

AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON line an episode, then a summary line.")
]
Show = Annotated[bool, typer.Option("--show", help="Tell on stderr what happens, as it happens.")]


class WithPlugins(typer.core.TyperGroup):
    """A group that also finds commands by entry point, so that no package has to import another."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Own commands first, then those of other packages, by name."""
        others = {point.name for point in importlib.metadata.entry_points(group=COMMANDS)}
        return [*super().list_commands(ctx), *sorted(others)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load a command of another package when it is named."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        for point in importlib.metadata.entry_points(group=COMMANDS, name=cmd_name):
            return _with_others(typer.main.get_command(point.load()), f"{COMMANDS}.{cmd_name}")
        return None


def _with_others(command: Any, group: str) -> Any:
    """A group of commands with those that other packages add to it by the entry points of `group`."""
    for point in importlib.metadata.entry_points(group=group):
        command.add_command(typer.main.get_command(point.load()), point.name)
    return command


app = typer.Typer(
    cls=WithPlugins,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Agents that think in bursts, write slowly, and keep their notes in a SQLite file.",
)


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    if version:
        typer.echo(importlib.metadata.version("steno-agent"))
        raise typer.Exit


# Options left out are not passed on, so that each default is the config's own.
@app.command()
def run(
    env: Annotated[
        str | None, typer.Option(help="Environment, e.g. 'textworld/coin-collector?level=5'.")
    ] = None,
    episodes: Annotated[
        int | None, typer.Option("-n", "--episodes", help="How many games.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", help="How many of them at once.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Episode i plays game seed + i.")] = None,
    agent: Annotated[str | None, typer.Option(help="model, random or walkthrough.")] = None,
    model: Annotated[
        str | None, typer.Option(help="'embedded', 'scripted', a directory or a Hugging Face id.")
    ] = None,
    dtype: Annotated[str | None, typer.Option(help="auto, fp32 (exact) or bf16 (fast).")] = None,
    max_steps: Annotated[int | None, typer.Option(help="Actions before a game is cut off.")] = None,
    policy: Annotated[
        str | None,
        typer.Option(help="Policy adapter: directory, id, 'none' or 'shipped'."),
    ] = None,
    burst: Annotated[
        str | None, typer.Option(help="Burst adapter: likewise, or 'untrained' for noise.")
    ] = None,
    think: Annotated[str | None, typer.Option(help="burst, slow, verified or off.")] = None,
    k: Annotated[int | None, typer.Option("-k", help="Most tokens a burst may have.")] = None,
    confidence: Annotated[
        float | None, typer.Option(help="A burst is cut before its first token under this.")
    ] = None,
    budget: Annotated[int | None, typer.Option(help="Window budget in tokens.")] = None,
    constrain: Annotated[
        bool | None,
        typer.Option("--constrain/--free", help="Only commands that the game accepts now."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Run directory to make.")] = None,
    memory: Annotated[Path | None, typer.Option(help="Memory file to use.")] = None,
    banks: Annotated[
        list[str] | None,
        typer.Option(
            "--bank", help="Shared bank KIND/NAME, or KIND/NAME:rw to add to. Repeatable."
        ),
    ] = None,
    live_banks: Annotated[
        bool | None,
        typer.Option("--live-banks", help="Shared banks as they are, not as at the run's start."),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Any setting: section.key=value. Repeatable.")
    ] = None,
    as_json: AsJson = False,
    show: Show = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the config and stop.")] = False,
) -> None:
    """Play games without a screen and print a table of results."""
    from agent.config import load_config, merge, overrides

    flags: dict[str, Any] = {
        "env": env,
        "episodes": episodes,
        "jobs": jobs,
        "seed": seed,
        "agent": agent,
        "max_steps": max_steps,
        "out": out,
        "memory": memory,
        "banks": banks,
        "live_banks": live_banks,
        "model": {"name": model, "dtype": dtype, "policy": policy, "burst": burst},
        "think": {"mode": think, "k": k, "confidence": confidence},
        "act": {"constrain": constrain},
        "window": {"budget": budget},
    }
    resolved = load_config(config, **merge(overrides(settings or []), given(flags)))
    if dry_run:
        import tomli_w

        import envs
        from agent.rundir import as_toml

        with redirect_stdout(sys.stderr):  # what a plugin prints is no TOML
            envs.make(resolved.env).close()  # a wrong spec is told now

        typer.echo(tomli_w.dumps(as_toml(resolved.filled())), nl=False)
        return
    from agent.headless import run_headless

    raise typer.Exit(run_headless(resolved, as_json=as_json, show=show))


@app.command()
def resume(
    run: Annotated[Path, typer.Argument(help="Run directory that `steno run` made.")],
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=1, help="How many games at once.")
    ] = None,
    as_json: AsJson = False,
    show: Show = False,
) -> None:
    """Go on with a run that was cut off, from the last step of each episode."""
    from agent.headless import resume_headless

    raise typer.Exit(resume_headless(run, jobs=jobs, as_json=as_json, show=show))


@app.command()
def verify(
    run: Annotated[Path, typer.Argument(help="Run directory that `steno run` made.")],
    model: Annotated[
        bool, typer.Option("--model", help="Have the model compute every token again, too.")
    ] = False,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=1, help="How many games at once.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
) -> None:
    """Play a run's games again and derive its results anew: is everything as it is on record?"""
    from agent.headless import verify_headless

    raise typer.Exit(verify_headless(run, with_model=model, jobs=jobs, as_json=as_json))


@app.command()
def results(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Directories of runs, finished or not, or ones that hold runs."),
    ],
    form: Annotated[
        str | None,
        typer.Option("--format", help="table, csv, json or parquet; default: as --out ends."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write instead of stdout.")] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Two arms, to be compared on the games that both played."),
    ] = None,
    paired: Annotated[
        bool, typer.Option("--paired", help="Compare two runs on the games that both played.")
    ] = False,
    episodes: Annotated[
        bool, typer.Option("--episodes", help="A line an episode, too; in csv, parquet: instead.")
    ] = False,
    plots: Annotated[Path | None, typer.Option(help="Directory for the figures as PNG.")] = None,
) -> None:
    """Tell what recorded runs came to, by arm and family, with intervals; nothing is played."""
    from typing import get_args

    from agent.config import one_of
    from agent.report.results import Format, Wanted
    from agent.report.results import results as tell_results

    wanted = Wanted(
        runs=tuple(runs),
        form=one_of("--format", form, get_args(Format)) if form is not None else None,
        out=out,
        compare=compare,
        paired=paired,
        episodes=episodes,
        plots=plots,
    )
    raise typer.Exit(tell_results(wanted))


@app.command()
def view(
    run: Annotated[Path, typer.Argument(help="Run directory that `steno run` made.")],
    episode: Annotated[int, typer.Argument(min=0, help="Its number, from 0.")],
    html: Annotated[
        bool, typer.Option("--html", help="As a page of its own, to be opened in a browser.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Where the page goes; default: into the run directory.")
    ] = None,
    steps: Annotated[
        str | None, typer.Option(help="Only these: a step or a range, like 12, 10-20 or 100-.")
    ] = None,
) -> None:
    """Tell one episode from its record, finished or not: thoughts by burst, notes, prunes, actions."""
    from agent.story.headless import view as view_episode

    raise typer.Exit(view_episode(run, episode, html=html, out=out, steps=steps))


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Run directory that `steno run` made.")],
    episode: Annotated[
        int | None, typer.Argument(min=0, help="One episode; default: all that have begun.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="atif: Agent Trajectory Interchange Format.")
    ] = "atif",
    out: Annotated[
        Path | None, typer.Option(help="Directory for the files; default: RUN/FORMAT.")
    ] = None,
) -> None:
    """Write episodes as trajectories that other tools read, a JSON file each."""
    from agent.story.headless import export as export_episodes

    raise typer.Exit(export_episodes(run, episode, form=form, out=out))


def given(flags: dict[str, Any]) -> dict[str, Any]:
    """The flags that were given: no None, no empty section."""
    kept = {k: given(v) if isinstance(v, dict) else v for k, v in flags.items()}
    return {k: v for k, v in kept.items() if v is not None and v != {}}


def main() -> None:
    """Entry point: errors become one line and an exit code; `--debug` shows the traceback."""
    from agent.errors import EXIT_INTERRUPTED, EXIT_USAGE, EXPECTED, exit_code

    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    try:
        try:
            app(arguments)
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except OSError as error:  # stdout's: those of files have names of their own
        if debug:
            raise
        # Python flushes it once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # `| head` has seen enough
            typer.echo(f"steno: error: cannot write to stdout: {error.strerror}", err=True)
        sys.exit(EXIT_USAGE)
    except EXPECTED as error:
        if debug:
            raise
        from memory import printable
        from memory.text import one_line

        told = one_line(str(error))  # a stranger's exception may have several
        typer.echo(f"steno: error: {printable(told)}", err=True)
        sys.exit(exit_code(error))
