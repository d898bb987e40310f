"""The whole of `steno eval`: what was asked for becomes cells, these are played, and then told."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import envs
from agent.errors import (
    EXIT_EPISODES_ERRORED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    ConfigError,
    Interrupted,
)
from agent.evaluate.arms import DEFAULT_ARMS, Arm, check_arms, parse_arm
from agent.evaluate.cells import Cell, Played
from agent.evaluate.duplicates import find_duplicates, keep, kept, without
from agent.evaluate.families import DEFAULT_FAMILIES, FAMILIES, check_seeds, games
from agent.evaluate.grid import GridFile, read_grid
from agent.evaluate.play import Grid, LoadModel, check_specs
from agent.evaluate.progress import GridProgress
from agent.evaluate.report import print_report, report_of, write
from agent.evaluate.settings import base_settings, cells_of
from agent.evaluate.table import Format
from agent.interrupts import interruptible
from agent.report.compare import check_pair
from agent.runner import MakeEnv, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person asked for."""

    out: Path
    arms: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    games: int
    first_seed: int
    training_seeds: bool = False
    test_seeds: bool = False
    grid: Path | None = None
    jobs: int = 1
    config: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    check_duplicates: bool = False
    trained_on: tuple[Path, ...] = ()
    """Files of games that training saw, for check_duplicates."""
    compare: tuple[str, str] | None = None
    plots: bool = True
    form: Format = "table"


def evaluate(wanted: Wanted, *, load: LoadModel = load, make_env: MakeEnv = envs.make) -> int:
    """Play what is not played yet, print the report of all of it, and return the exit code.

    After Ctrl-C the games that are done are told of. Raises the errors of a run (agent.runner.run).
    """
    file = read_grid(wanted.grid) if wanted.grid else GridFile()
    arms = arms_of(wanted, file)
    check_arms(arms)
    if wanted.compare is not None:
        check_pair([arm.name for arm in arms], *wanted.compare)
    for warning in check_seeds(
        wanted.first_seed, wanted.games, training=wanted.training_seeds, test=wanted.test_seeds
    ):
        sys.stderr.write(warning + "\n")
    cycles = {**FAMILIES, **file.families}
    chosen = [
        game
        for family in wanted.families or tuple(file.families) or DEFAULT_FAMILIES
        for game in games(family, wanted.games, wanted.first_seed, cycles)
    ]
    base = base_settings(wanted.config, wanted.settings)
    check_specs(cells_of(base, arms, chosen, wanted.out), make_env)
    duplicates = kept(wanted.out)
    if wanted.check_duplicates or wanted.trained_on:
        sys.stderr.write(f"building and comparing {len(chosen)} games\n")
        duplicates = find_duplicates(chosen, wanted.jobs, trained_on=wanted.trained_on)
        sys.stderr.write(f"{duplicates}\n")
        keep(duplicates, wanted.out)
    if duplicates is not None:
        chosen = without(chosen, duplicates)
        if not chosen:
            raise ConfigError("training has seen every one of these games: use other seeds")
    cells = cells_of(base, arms, chosen, wanted.out)
    grid = Grid(cells, wanted.jobs, load=load, make_env=make_env)
    with GridProgress(len(cells), sys.stderr) as progress:
        grid.tell, grid.say = progress.game, progress.say
        interrupted = _play(grid)
    # Told in the order of the grid, not in that in which games happened to end.
    told = report_of(
        _in_order(cells, grid.played),
        pair=None if interrupted else wanted.compare,
        duplicates=duplicates,
        unfinished=Counter(
            (cell.arm.name, cell.game.family) for cell in cells if cell.directory not in grid.played
        ),
    )
    if told.rows:
        files = write(told, wanted.out, plots=wanted.plots)
        print_report(told, wanted.form)
        sys.stderr.write(f"written: {', '.join(map(str, files))}\n")
    if interrupted:
        sys.stderr.write("interrupted: what is done is kept, and the same command goes on\n")
        return EXIT_INTERRUPTED
    return EXIT_EPISODES_ERRORED if any(row.errored for row in told.rows) else EXIT_OK


def arms_of(wanted: Wanted, file: GridFile) -> tuple[Arm, ...]:
    """The arms that were named, else those of the file, else the usual ones. Raises ConfigError."""
    names = wanted.arms or tuple(file.arms) or DEFAULT_ARMS
    arms = [parse_arm(name, file.arms) for name in names]
    # Whose notes are shown is played too, first, if it was not named.
    for arm in list(arms):
        if arm.notes_from is not None and arm.notes_from not in {each.name for each in arms}:
            arms.insert(0, parse_arm(arm.notes_from, file.arms))
    return tuple(arms)


def _play(grid: Grid) -> bool:
    """Whether it was interrupted."""

    async def main() -> None:
        with interruptible(grid.stop, lambda _: grid.say("stopping after the steps being made")):
            await grid.play()

    try:
        asyncio.run(main())
    except (Interrupted, KeyboardInterrupt, asyncio.CancelledError):
        return True
    return False


def _in_order(cells: Sequence[Cell], played: Mapping[Path, Played]) -> list[tuple[Path, Played]]:
    """Games family by family and arm by arm as the grid names them, however they happened to end."""
    arms = list(dict.fromkeys(cell.arm.name for cell in cells))
    families = list(dict.fromkeys(cell.game.family for cell in cells))
    done = [cell for cell in cells if cell.directory in played]
    done.sort(key=lambda c: (families.index(c.game.family), arms.index(c.arm.name), c.game.index))
    return [(cell.directory, played[cell.directory]) for cell in done]
