"""The grid is played: many games at once in one loop, around one model.

Games that are done lie on the disk and are not played again. The arms that are shown other games'
notes come after those whose notes they are shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import envs
from agent.blocking import in_thread
from agent.config import ModelConfig
from agent.errors import CannotTakeUp, ConfigError, Interrupted, RunDirectoryError
from agent.evaluate.cells import Cell, Played, begun, clear, finished, write_record
from agent.evaluate.leftovers import Shown, notes_shown, replaced_tokens
from agent.evaluate.swapped import Swap, donor_of
from agent.events import Watcher, nobody
from agent.lm.types import LanguageModel
from agent.pool import Pool
from agent.runner import MakeEnv, Run, load, resume_async, run_async

LoadModel = Callable[[ModelConfig], LanguageModel]
Told = Callable[[Played, bool], None]
"""Told of each game's record, and whether it was played just now."""


@dataclass(slots=True)
class Grid:
    """A grid being played."""

    cells: Sequence[Cell]
    jobs: int
    """Games at once."""
    tell: Told = lambda _played, _now: None
    say: Callable[[str], None] = lambda _line: None
    load: LoadModel = load
    make_env: MakeEnv = envs.make
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by a person who wants the games to stop after the steps that are being made."""
    played: dict[Path, Played] = field(default_factory=dict)
    """The records so far, by directory."""
    _pool: Pool = field(init=False)
    _heads: dict[Path, list[Shown]] = field(default_factory=dict)

    async def play(self) -> None:
        """Play every cell that is not done.

        Raises the errors that end a run (agent.runner.run), and the disk's; an error inside a game is
        that game's record. Raises Interrupted where `stop` was set: what is unfinished is gone on with
        the next time.
        """
        deadlines = self.cells[0].config.deadlines
        with closing(Pool(self.make_env, self.jobs, deadlines)) as self._pool:
            await self._all([cell for cell in self.cells if cell.arm.notes_from is None])
            await self._all([cell for cell in self.cells if cell.arm.notes_from is not None])

    async def _all(self, cells: Sequence[Cell]) -> None:
        """Cells in any order, those of one model together, so that one is loaded at a time."""
        for settings in dict.fromkeys(_model_of(cell) for cell in cells):
            mine = [cell for cell in cells if _model_of(cell) == settings]
            if settings is None or all(finished(cell, None) for cell in mine):
                await self._together(mine, None)
                continue
            self.say("loading the model")
            model = await in_thread(self.load, settings)
            try:
                await self._together(mine, model)
            finally:
                model.close()

    async def _together(self, cells: Sequence[Cell], model: LanguageModel | None) -> None:
        waiting = []
        for cell in cells:
            done = finished(cell, model)
            if done is None:
                waiting.append(cell)
            else:
                self._keep(cell, done, now=False)
        if not waiting:
            return
        queue = iter(waiting)
        # A stop ends each game after its step; any other error ends the others where they are.
        players = [
            asyncio.create_task(self._from(queue, model))
            for _ in range(min(self.jobs, len(waiting)))
        ]
        try:
            ended, _ = await asyncio.wait(players, return_when=asyncio.FIRST_EXCEPTION)
            if self.stop.is_set():
                ended, _ = await asyncio.wait(players)
        finally:
            for player in players:
                player.cancel()
            await asyncio.gather(*players, return_exceptions=True)
        for player in ended:
            player.result()

    async def _from(self, queue: Iterable[Cell], model: LanguageModel | None) -> None:
        for cell in queue:
            if self.stop.is_set():
                raise Interrupted(f"stopped before {cell}; the same command goes on")
            self._keep(cell, await self._one(cell, model), now=True)

    async def _one(self, cell: Cell, model: LanguageModel | None) -> Played:
        """Play one game to its record, from its last step on where it was cut off."""
        donor, watch = self._donated(cell)
        done = await self._gone_on(cell, model, watch)
        if done is None:
            clear(cell.directory)
            done = await run_async(
                cell.config, model=model, make_env=self._pool.make, watch=watch, stop=self.stop
            )
        if done.failure is not None:
            raise done.failure
        if not done.rows:
            raise Interrupted(f"stopped in the middle of {cell}; the same command goes on")
        [row], game = done.rows, cell.game
        played = Played(
            arm=cell.arm.name,
            family=game.family,
            index=game.index,
            spec=game.spec,
            seed=game.seed,
            row=row,
            replaced=replaced_tokens(cell.directory),
            donor=donor,
        )
        write_record(cell.directory, played)
        return played

    async def _gone_on(self, cell: Cell, model: LanguageModel | None, watch: Watcher) -> Run | None:
        """A game that was cut off, to its end; None where there is none to go on with.

        There is none where its trace or memory is damaged. Raises RunDirectoryError where its config
        or versions are, or where another process plays it.
        """
        try:
            if not begun(cell, model):
                return None
            done = await resume_async(
                cell.directory, model=model, make_env=self._pool.make, watch=watch, stop=self.stop
            )
        except RunDirectoryError as error:
            raise RunDirectoryError(
                f"{error} (or remove {str(cell.directory)!r} to have the game played anew)"
            ) from error
        if isinstance(done.failure, CannotTakeUp | RunDirectoryError):
            self.say(f"{cell} is played anew: {done.failure}")
            return None
        return done

    def _donated(self, cell: Cell) -> tuple[int | None, Watcher]:
        """The seed of the game whose notes are shown, and who puts them there."""
        if cell.arm.notes_from is None:
            return None, nobody
        donors = [
            each
            for each in self.cells
            if each.arm.name == cell.arm.notes_from and each.game.family == cell.game.family
        ]
        for each in donors:
            if each.directory not in self._heads:
                unbuilt = self.played[each.directory].unbuilt
                self._heads[each.directory] = [] if unbuilt else notes_shown(each.directory)
        heads = {each.game.seed: self._heads[each.directory] for each in donors}
        donor = donor_of(cell.game, [each.game for each in donors], heads)
        shown = heads[donor.seed] if donor else []
        return donor.seed if donor else None, Swap(cell.directory / "memory.sqlite", shown)

    def _keep(self, cell: Cell, played: Played, *, now: bool) -> None:
        self.played[cell.directory] = played
        self.tell(played, now)


def _model_of(cell: Cell) -> ModelConfig | None:
    return cell.config.model if cell.config.agent == "model" else None


def check_specs(cells: Sequence[Cell], make_env: MakeEnv = envs.make) -> None:
    """Make each environment once. Raises ConfigError for no cells, EnvError for a wrong spec."""
    if not cells:
        raise ConfigError("there is nothing to play: name an arm and a family")
    for spec in dict.fromkeys(cell.game.spec for cell in cells):
        make_env(spec).close()
