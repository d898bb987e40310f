"""`steno bench`: figures with their ceilings, measured here and now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.lm.shipped import SHIPPED, chosen

if TYPE_CHECKING:
    from agent.lm.weights import Dtype

app = typer.Typer(name="bench", help="Measure this machine.", no_args_is_help=True)

Model = Annotated[str, typer.Option(help="'embedded', a directory or a Hugging Face id.")]
Policy = Annotated[str, typer.Option(help="Policy adapter: directory, id, 'none' or 'shipped'.")]
BurstAdapter = Annotated[
    str, typer.Option(help="Burst adapter: likewise, or 'untrained' for noise.")
]
Data = Annotated[
    Path | None,
    typer.Option(help="Token sequences or a run directory to take contexts from; default: games."),
]
Context = Annotated[int, typer.Option(help="Tokens of a context, at most.", min=16)]
Count = Annotated[int, typer.Option(help="Contexts.", min=1)]


@app.command("decode")
def decode(
    model: Model = "embedded",
    policy: Policy = SHIPPED,
    burst: BurstAdapter = SHIPPED,
    dtype: Annotated[str, typer.Option(help="auto, fp32 or bf16.")] = "auto",
    data: Data = None,
    context: Context = 512,
    count: Count = 12,
    tokens: Annotated[int, typer.Option(help="Tokens of a continuation, at most.", min=2)] = 64,
    confidence: Annotated[float, typer.Option(help="Of the confident bursts.", min=0, max=1)] = 0.9,
    stop: Annotated[
        bool | None,
        typer.Option("--stop/--no-stop", help="End with the line; default: with a policy."),
    ] = None,
) -> None:
    """Every way to decode, side by side: a table, then one line of JSON."""
    from rich.console import Console

    from agent.bench.decode import Setup, figures, run
    from agent.bench.report import show

    policies, bursts = chosen(model, policy, burst)
    setup = Setup(
        model, policies, bursts, _dtype(dtype), data, context, count, tokens, confidence, stop
    )
    progress = Console(stderr=True)
    with progress.status("loading") as status:
        report = run(setup, status.update)
    show(report, Console(width=max(Console().width, 100)))
    typer.echo(json.dumps(figures(report)))


@app.command("bursts")
def bursts(
    model: Model = "embedded",
    policy: Policy = SHIPPED,
    burst: BurstAdapter = SHIPPED,
    dtype: Annotated[str, typer.Option(help="auto, fp32 or bf16.")] = "auto",
    data: Data = None,
    prompts: Annotated[
        Path | None,
        typer.Option(help="Prompts to answer instead: a text file, one a line, or JSON lines."),
    ] = None,
    context: Context = 512,
    count: Annotated[int, typer.Option("-n", "--count", help="Contexts.", min=1)] = 50,
    tokens: Annotated[int, typer.Option(help="Tokens of a continuation, at most.", min=2)] = 128,
    k: Annotated[
        int | None, typer.Option("-k", help="Most tokens of a burst; default: the adapter's.")
    ] = None,
    confidence: Annotated[
        list[float] | None,
        typer.Option(help="A burst is cut under this. Repeatable.", min=0, max=1),
    ] = None,
    jobs: Annotated[int, typer.Option("-j", "--jobs", help="Contexts at once.", min=1)] = 16,
) -> None:
    """What bursts keep, and how often they are right, by confidence: a table, then a line of JSON."""
    from rich.console import Console

    from agent.bench.bursts import CONFIDENCES, Setup, figures, run, table

    policies, adapter = chosen(model, policy, burst)
    setup = Setup(
        model=model,
        policy=policies,
        burst=adapter,
        dtype=_dtype(dtype),
        data=data,
        prompts=prompts,
        context=context,
        count=count,
        tokens=tokens,
        k=k,
        confidences=tuple(confidence or CONFIDENCES),
        together=jobs,
        stop=prompts is None,
    )
    with Console(stderr=True).status("loading") as status:
        report = run(setup, status.update)
    Console().print(table(report))
    typer.echo(json.dumps(figures(report)))


@app.command("exact")
def exact(
    model: Model = "embedded",
    policy: Policy = SHIPPED,
    burst: BurstAdapter = SHIPPED,
    dtype: Annotated[
        str, typer.Option(help="fp32, where the answer must be yes, or bf16.")
    ] = "fp32",
    data: Data = None,
    context: Context = 400,
    count: Count = 50,
    tokens: Annotated[int, typer.Option(help="Tokens of a continuation.", min=1)] = 128,
) -> None:
    """Whether slow and verified slow mode write what transformers' generate writes."""
    from rich.console import Console

    from agent.bench.contexts import from_file, from_games
    from agent.bench.exact import compare

    wanted = _dtype(dtype)
    policies, bursts = chosen(model, policy, burst)
    with Console(stderr=True).status("playing games for contexts") as status:
        contexts = from_file(data, context, count) if data else from_games(model, context, count)
        results = compare(
            contexts,
            tokens,
            model=model,
            policy=policies,
            burst=bursts,
            dtype=wanted,
            say=status.update,
        )
    for result in results:
        typer.echo(
            f"{result.mode}: {result.identical} of {result.texts} texts identical to generate's, "
            f"{result.flips} of {result.tokens} tokens another way ({dtype})"
        )


@app.command("episodes")
def episodes(
    model: Annotated[str, typer.Option(help="As for `steno run`; 'scripted' needs no weights.")] = (
        "embedded"
    ),
    policy: Policy = SHIPPED,
    burst: BurstAdapter = SHIPPED,
    dtype: Annotated[str, typer.Option(help="auto, fp32 or bf16.")] = "auto",
    env: Annotated[str, typer.Option(help="Environment; the long episode must not end.")] = (
        "courier/town?level=3"
    ),
    seed: Annotated[int, typer.Option(help="Of the first game.", min=0)] = 10_000,
    jobs: Annotated[int, typer.Option("-j", "--jobs", help="Episodes at once.", min=2)] = 16,
    steps: Annotated[int, typer.Option(help="Of a short episode.", min=1)] = 16,
    rounds: Annotated[int, typer.Option(help="Of short episodes; 0: none.", min=0)] = 2,
    long_steps: Annotated[int, typer.Option(help="Of the long one; 0: none.", min=0)] = 2_000,
    warm_up: Annotated[int, typer.Option(help="Its steps that do not count.", min=1)] = 100,
    edge: Annotated[int, typer.Option(help="Its steps compared at both ends.", min=2)] = 200,
    out: Annotated[
        Path | None, typer.Option(help="Keep what is played, and go on where it was cut off.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Any setting: section.key=value. Repeatable.")
    ] = None,
) -> None:
    """Many episodes at once against one at a time, and one that goes on for thousands of steps."""
    from rich.console import Console

    from agent.bench.drift import Edges
    from agent.bench.episodes import Setup, figures, in_words, run
    from agent.config import load_config, merge, overrides

    flags = {
        "env": env,
        "seed": seed,
        "model": {"name": model, "policy": policy, "burst": burst, "dtype": _dtype(dtype)},
    }
    config = load_config(None, **merge(overrides(settings or []), flags))
    setup = Setup(config, jobs, steps, rounds, long_steps, Edges(warm_up, edge), out)
    with Console(stderr=True).status("loading") as status:
        told = figures(run(setup, status.update))
    for line in in_words(told, jobs):
        typer.echo(line)
    typer.echo(json.dumps(told))


@app.command("kills")
def kills(
    arguments: Annotated[
        list[str], typer.Argument(help="Those of `steno run`, after a `--`; without --out.")
    ],
    out: Annotated[Path, typer.Option(help="Run directory to make.")],
    times: Annotated[int, typer.Option("--kills", help="How often it is killed.", min=1)] = 3,
    seed: Annotated[int, typer.Option(help="Of the moments.", min=0)] = 0,
    model: Annotated[
        bool, typer.Option("--model", help="Verify what the model wrote, too.")
    ] = False,
) -> None:
    """A run that is killed, resumed, killed again, and verified in the end: exit code 0 if sound."""
    from subprocess import CalledProcessError

    from agent.bench.kills import Setup, in_words, measure
    from agent.errors import EXIT_EPISODES_ERRORED

    setup = Setup(tuple(arguments), out, times, seed, model)
    try:
        told = measure(setup, lambda line: typer.echo(line, err=True))
    except CalledProcessError as error:  # it has told why
        raise typer.Exit(max(error.returncode, EXIT_EPISODES_ERRORED)) from error
    typer.echo(in_words(told))
    typer.echo(json.dumps(told))
    as_asked = told["kills"] == times and not told["verified_unfinished"]
    if not (as_asked and told["verified_sound"]):
        raise typer.Exit(EXIT_EPISODES_ERRORED)


@app.command("env")
def env(
    spec: Annotated[str, typer.Argument(help="Environment, e.g. 'courier/town?level=3'.")],
    seed: Annotated[int, typer.Option(help="Of the first game.", min=0)] = 10_000,
    steps: Annotated[int, typer.Option(help="To play.", min=1)] = 10_000,
) -> None:
    """Steps a second of an environment, with nobody thinking."""
    from agent.bench.environment import measure

    typer.echo(json.dumps(measure(spec, seed, steps, typer.echo)))


@app.command("envs")
def environments(
    specs: Annotated[
        list[str] | None, typer.Argument(help="Environments; default: samples of every suite.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the first game.", min=0)] = 10_000,
    games: Annotated[int, typer.Option("-n", "--games", help="Of each player.", min=1)] = 20,
    max_steps: Annotated[int, typer.Option(help="Actions before a game is cut off.", min=1)] = 150,
    steps: Annotated[int, typer.Option(help="Random steps to be timed.", min=1)] = 300,
) -> None:
    """Floor and ceiling of each environment, and its steps a second against the bare library's."""
    from agent.bench.environments import HEAD, figures, measure, row, samples
    from agent.errors import exit_code
    from envs.errors import EnvError

    wanted = specs or samples(lambda line: typer.echo(line, err=True))
    found, code = [], 0
    typer.echo(HEAD)
    for spec in wanted:
        try:
            found.append(measure(spec, seed=seed, games=games, max_steps=max_steps, steps=steps))
        except EnvError as error:  # one that fails costs the others nothing
            typer.echo(f"{spec}: not measured: {error}", err=True)
            code = exit_code(error)
            continue
        typer.echo(row(found[-1]))
    typer.echo(json.dumps(figures(found)))
    raise typer.Exit(code)


@app.command("memory")
def memory(
    folder: Annotated[Path | None, typer.Option(help="Where to build its files.")] = None,
    kills: Annotated[int, typer.Option(min=0, help="Writers to kill.")] = 200,
    largest: Annotated[int, typer.Option(min=1000, help="Notes in the largest file.")] = 1_000_000,
) -> None:
    """Durable writes, recall and kills of the memory file."""
    from memory.bench import run

    run(folder, kills=kills, largest=largest)


def _dtype(name: str) -> Dtype:
    from typing import get_args

    from agent.config import one_of
    from agent.lm.weights import Dtype

    found: Dtype = one_of("--dtype", name, get_args(Dtype))
    return found
