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
    typer.Option(help="Token sequences to take contexts from; default: games, played now."),
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
