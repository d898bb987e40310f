"""`steno eval`: play a grid of arms, families and seeds, and tell what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from agent.evaluate.table import Format

app = typer.Typer(name="eval", no_args_is_help=False)

Out = Annotated[Path, typer.Option(help="Directory of the grid; what is done there is not redone.")]
Form = Annotated[
    str, typer.Option("--format", help="table, csv, json or markdown; all are written to --out.")
]
Compare = Annotated[
    tuple[str, str] | None,
    typer.Option(help="Two arms, to be compared on the games that both played."),
]
Plots = Annotated[bool, typer.Option("--plots/--no-plots", help="Draw the figures as PNG.")]
Model = Annotated[
    str | None, typer.Option(help="'embedded', 'scripted', a directory or a Hugging Face id.")
]
Policy = Annotated[
    str | None, typer.Option(help="Policy adapter: directory, id, 'none' or 'shipped'.")
]
BurstAdapter = Annotated[
    str | None, typer.Option(help="Burst adapter: likewise, or 'untrained' for noise.")
]
Dtype = Annotated[str | None, typer.Option(help="auto, fp32 (exact) or bf16 (fast).")]
Device = Annotated[str | None, typer.Option(help="auto, cpu or cuda.")]
Jobs = Annotated[int, typer.Option("-j", "--jobs", help="Games at once.", min=1)]


@app.callback(invoke_without_command=True)
def grid(
    context: typer.Context,
    out: Out = Path("eval"),
    arm: Annotated[
        list[str] | None,
        typer.Option(
            help="burst, slow, verified, none, no-notes, swapped-notes, constrained, random, "
            "walkthrough, one of --grid, or a variant such as 'burst:k=4,confidence=0'. Repeatable; "
            "default: those of --grid, else burst, slow, none, no-notes, random, walkthrough."
        ),
    ] = None,
    family: Annotated[
        list[str] | None,
        typer.Option(
            help="coin-collector, treasure-hunter, cooking, cooking-hardest, cooking-long, or one "
            "of --grid. Repeatable; default: those of --grid, else coin-collector, treasure-hunter, "
            "cooking."
        ),
    ] = None,
    count: Annotated[int, typer.Option("-n", "--games", help="Games a family.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="Seed of each family's first game.", min=0)] = 10_000,
    training_seeds: Annotated[
        bool, typer.Option("--training-seeds", help="Allow seeds under 10000.")
    ] = False,
    test_seeds: Annotated[
        bool,
        typer.Option("--test-seeds", help="Allow seeds from 20000 on: for scores to be quoted."),
    ] = False,
    grid_file: Annotated[
        Path | None, typer.Option("--grid", help="TOML file of more arms and families.")
    ] = None,
    jobs: Jobs = 8,
    model: Model = None,
    policy: Policy = None,
    burst: BurstAdapter = None,
    dtype: Dtype = None,
    device: Device = None,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings for all arms.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any setting, for all arms: section.key=value. Repeatable."),
    ] = None,
    check_duplicates: Annotated[
        bool,
        typer.Option("--check-duplicates", help="Leave out games that training has seen."),
    ] = False,
    trained_on: Annotated[
        list[Path] | None,
        typer.Option(
            help="Compare with these games too: FILE.games.jsonl of `steno train demos`. Repeatable."
        ),
    ] = None,
    compare: Compare = None,
    plots: Plots = True,
    form: Form = "table",
) -> None:
    """Play a grid of arms, families and seeds; print a table, leave plots. Goes on where it stopped."""
    if context.invoked_subcommand is not None:
        return
    from agent.cli import given
    from agent.config import merge, overrides
    from agent.evaluate.run import Wanted, evaluate

    flags = {"model": _model(model, policy, burst, dtype, device)}
    wanted = Wanted(
        out=out,
        arms=tuple(arm or ()),
        families=tuple(family or ()),
        games=count,
        first_seed=seed,
        training_seeds=training_seeds,
        test_seeds=test_seeds,
        grid=grid_file,
        jobs=jobs,
        config=config,
        settings=merge(overrides(settings or []), given(flags)),
        check_duplicates=check_duplicates,
        trained_on=tuple(trained_on or ()),
        compare=compare,
        plots=plots,
        form=_format(form),
    )
    raise typer.Exit(evaluate(wanted))


@app.command("report")
def report(
    out: Annotated[Path, typer.Argument(help="The --out of a grid.")],
    compare: Compare = None,
    plots: Plots = True,
    form: Form = "table",
) -> None:
    """Tell again what a grid came to, from its directory alone: nothing is played."""
    from agent.evaluate.report import from_directory, print_report, write

    told = from_directory(out, compare)
    write(told, out, plots=plots)
    print_report(told, _format(form))


@app.command("decisions")
def decisions(
    traces: Annotated[
        Path,
        typer.Argument(help="Runs that thought slowly: eval's --out/slow, or a run directory."),
    ],
    count: Annotated[int, typer.Option("-n", "--count", help="Decisions, at most.", min=1)] = 1000,
    k: Annotated[int | None, typer.Option("-k", help="Most tokens a burst may have.")] = None,
    confidence: Annotated[float | None, typer.Option(help="A burst is cut under this.")] = None,
    jobs: Jobs = 8,
    model: Model = None,
    policy: Policy = None,
    burst: BurstAdapter = None,
    dtype: Dtype = None,
    device: Device = None,
) -> None:
    """How often burst thinking leads to slow thinking's command, from the same contexts, greedily."""
    from agent.cli import given
    from agent.evaluate.decisions import decide

    flags = {
        "model": _model(model, policy, burst, dtype, device),
        "think": {"k": k, "confidence": confidence},
    }
    raise typer.Exit(decide(traces, count, given(flags), jobs))


def _model(
    name: str | None, policy: str | None, burst: str | None, dtype: str | None, device: str | None
) -> dict[str, Any]:
    """The flags of a model as a section of the config."""
    return {"name": name, "policy": policy, "burst": burst, "dtype": dtype, "device": device}


def _format(name: str) -> Format:
    from typing import get_args

    from agent.config import one_of
    from agent.evaluate.table import Format

    found: Format = one_of("--format", name, get_args(Format))
    return found
