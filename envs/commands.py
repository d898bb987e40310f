"""`steno envs`: which environments there are, what they want, whether they are sound, and a try."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from envs.base import TextEnv
    from envs.check import Report

app = typer.Typer(
    name="envs", help="Environments: list, describe, check and try them.", no_args_is_help=True
)

Spec = Annotated[str, typer.Argument(help="suite/name?option=value&...")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
# A suite with more names is told in one line, unless it is asked for.
_FEW = 8


@app.command("list")
def list_(
    suite: Annotated[str | None, typer.Argument(help="Only this suite, with all names.")] = None,
    as_json: AsJson = False,
) -> None:
    """Which environments can be named, and what is missing to play them."""
    from envs import registry
    from envs.errors import EnvUnavailable

    if suite is not None:
        registry.missing(suite)  # an unknown suite is an error that names the nearest
    found = [each for each in registry.available() if suite in (None, each[0].partition("/")[0])]
    if as_json:
        rows = [{"name": name, "summary": summary} for name, summary in found]
        typer.echo(json.dumps(rows, indent=1))
        return
    for name in registry.suites() if suite is None else [suite]:
        names = [each for each in found if each[0].startswith(f"{name}/")]
        shown = names
        if suite is None and len(names) > _FEW:
            examples = ", ".join(each.partition("/")[2] for each, _ in names[:3])
            shown = [(f"{name}/*", f"{len(names)} environments: {examples}, ...")]
        for each, summary in shown:
            typer.echo(f"{each:32} {summary}")
        try:
            lacking = registry.missing(name)
        except EnvUnavailable as error:
            lacking = str(error)
        if lacking is not None:
            typer.echo(f"{'':32} ({lacking})")
    for name, reason in registry.broken() if suite is None else []:
        typer.echo(f"{name + '/*':32} cannot be used: {reason}")


@app.command()
def info(spec: Spec, as_json: AsJson = False) -> None:
    """What an environment wants, and its options with their ranges."""
    from contextlib import closing

    import envs
    from envs.options import allowed

    with closing(envs.make(spec)) as env:
        told = env.describe()
        fields = type(env.options).model_fields if env.options is not None else {}
        options = [
            {
                "option": name,
                "value": getattr(env.options, name),
                "default": field.default,
                "allowed": allowed(field),
                "what": field.description or "",
            }
            for name, field in fields.items()
        ]
        lists = {
            "spec": env.spec,
            "goal": told.goal,
            "how_to_act": told.how_to_act,
            "examples": list(told.examples),
            "score_never_falls": env.score_never_falls,
            "options": options,
        }
    if as_json:
        typer.echo(json.dumps(lists, indent=1, default=str))
        return
    typer.echo(f"{env.spec}\n\nGoal: {told.goal}\nHow to act: {told.how_to_act}")
    if told.examples:
        typer.echo(f"For example: {', '.join(told.examples)}")
    typer.echo("\nOptions:" if options else "\nNo options.")
    for option in options:
        what = f" ({option['what']})" if option["what"] else ""
        typer.echo(f"  {option['option']}={option['value']}: {option['allowed']}{what}")


@app.command()
def check(
    specs: Annotated[
        list[str] | None,
        typer.Argument(help="Specs, suites, or 'suite/*' for all names. Default: samples of all."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The game that is played.")] = 10_000,
    steps: Annotated[int, typer.Option(min=1, help="Actions of the play at random.")] = 20,
    limit: Annotated[
        float, typer.Option(min=1, help="Seconds after which a rule counts as hung.")
    ] = 300.0,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Every rule of each.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON each.")] = False,
) -> None:
    """Hold environments to the contract. Exit code 1 where a rule is broken."""
    from envs.check import Checker
    from envs.errors import EnvError, EnvUnavailable

    unsound = 0
    with Checker(seed=seed, steps=steps, limit_s=limit) as checker:
        for spec, reason in _to_check(specs):
            try:
                if reason is not None:
                    raise EnvUnavailable(reason)
                report = checker.check(spec)
            except EnvError as error:
                if specs and spec in specs:
                    raise  # it was named: this is for whoever named it
                typer.echo(f"{spec}: not checked: {error}", err=True)
                # What is not installed is no fault; a name of a suite's own that is refused is.
                unsound += not isinstance(error, EnvUnavailable)
                continue
            unsound += not report.sound
            typer.echo(_as_json(report) if as_json else _told(report, whole=verbose))
    raise typer.Exit(1 if unsound else 0)


@app.command()
def play(
    spec: Spec,
    seed: Annotated[int, typer.Option(min=0, help="Which game.")] = 0,
    max_steps: Annotated[
        int | None, typer.Option(min=1, help="Actions before it is cut off.")
    ] = None,
    record: Annotated[Path | None, typer.Option(help="Keep what happens, as JSON lines.")] = None,
) -> None:
    """Play it yourself, a line at a time."""
    from contextlib import closing

    import envs
    from envs.play import play as play_on
    from envs.wrappers import Record, StepLimit

    env: TextEnv = envs.make(spec)
    if max_steps is not None:
        env = StepLimit(env, max_steps)
    if record is not None:
        env = Record(env, record)
    with closing(env):
        play_on(env, seed, _lines(), typer.echo)


def _to_check(specs: list[str] | None) -> Iterator[tuple[str, str | None]]:
    """Each spec, with the reason why it cannot be checked if there is one."""
    from envs import registry
    from envs.errors import EnvUnavailable

    if not specs:
        yield from ((f"{name}/*", reason) for name, reason in registry.broken())
    for given in specs or registry.suites():
        suite, slash, name = given.partition("/")
        if slash and name != "*":
            yield given, None
            continue
        try:
            lacking = registry.missing(suite)
            every = [each for each, _ in registry.available() if each.startswith(f"{suite}/")]
            some = every if slash else registry.samples(suite) if lacking is None else []
        except EnvUnavailable as error:
            lacking, some = str(error), []
        if lacking is not None:
            yield f"{suite}/*", lacking
        else:
            yield from ((each, None) for each in some)


def _lines() -> Iterator[str]:
    """The lines of stdin, asked for where somebody types them."""
    while True:
        if sys.stdin.isatty():
            typer.echo("> ", nl=False)
        line = sys.stdin.readline()
        if not line:
            return
        yield line


def _told(report: "Report", *, whole: bool) -> str:
    if whole or not report.sound:
        return str(report)
    tried = sum(finding.verdict == "kept" for finding in report.findings)
    return f"{report.spec}: sound ({tried} rules kept, {report.took_s:.1f} s)"


def _as_json(report: "Report") -> str:
    from dataclasses import asdict

    return json.dumps({**asdict(report), "sound": report.sound})
