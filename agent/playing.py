"""The episodes of a run, several at once: what they share, and what ends them all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent.banks import SharedBanks, parse_banks
from agent.config import RunConfig
from agent.environments import Environments
from agent.episode import play_episode
from agent.errors import EXPECTED, HALTING, CannotTakeUp, Interrupted, RunDirectoryError
from agent.events import Watcher
from agent.lm.types import LanguageModel
from agent.loop import Loop, build_loop
from agent.memory_thread import MemoryThread
from agent.record import EpisodeRecord
from agent.results import EpisodeResult, Summary, summarise
from agent.resume import take_up
from agent.rundir import RunDirectory
from agent.state import EpisodeContext
from agent.steering import UNSTEERED, Steering
from agent.tally import Tally
from agent.trace import Trace
from memory import MemoryFile, StepRecord, UnknownEpisode

OnRow = Callable[[EpisodeResult], None]


@dataclass(slots=True)
class Run:
    """A run and its rows so far, in the order in which the episodes ended.

    `interrupted` says that a person stopped it before its last episode, `failure` what else did.
    """

    path: Path
    memory: Path
    rows: list[EpisodeResult] = field(default_factory=list)
    interrupted: bool = False
    failure: Exception | None = None

    @property
    def summary(self) -> Summary:
        """What the rows come to."""
        return summarise(self.rows)


@dataclass(slots=True, kw_only=True)
class Playing:
    """Plays episodes of one run. All of them share the model, the memory file and the graph."""

    config: RunConfig
    run: str
    """The run's name, which the uid of each episode begins with."""
    banks_at: str
    """When the run started, as the memory file tells time: shared banks are read as at that moment."""
    directory: RunDirectory
    model: LanguageModel | None
    environments: Environments
    watch: Watcher
    on_row: OnRow
    stop: asyncio.Event
    steering: Callable[[int], Steering] = lambda _index: UNSTEERED
    """The hand on an episode."""
    resuming: bool = False
    """Whether episodes may have been begun before."""
    _memory: MemoryThread = field(init=False)
    _shared: SharedBanks = field(init=False)
    _loop: Loop = field(init=False)
    _done: Run = field(init=False)
    _halted: bool = False
    """Whether the machine has refused, so that nobody should begin anything more."""

    async def all(self, indices: Iterable[int], done: Run) -> None:
        """Play these episodes, `config.jobs` at once, until the last, a stop or a refusal."""
        self._done = done
        try:
            async with _memory(done.memory) as self._memory:
                self._loop = build_loop()
                specs = parse_banks(self.config.banks)
                at = None if self.config.live_banks else self.banks_at
                self._shared = await self._memory.call(lambda file: SharedBanks.of(file, specs, at))
                waiting = iter(indices)
                async with asyncio.TaskGroup() as group:
                    for _ in range(self.config.jobs):
                        group.create_task(self._one_after_another(waiting))
        except HALTING as failure:
            done.failure = done.failure or failure
        except ExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _one_after_another(self, waiting: Iterator[int]) -> None:
        """Take the next episode that nobody plays yet, until there is none or the run is to stop."""
        for index in waiting:
            try:
                if self._stopping():
                    raise Interrupted(f"stopped by request before episode {index}")
                row = await self._one(index)
                self.directory.append(row)
            except Interrupted:
                # Where the machine refused, the others stop too, and that is the reason to tell.
                self._done.interrupted = not self._halted
                return
            except HALTING as failure:
                self._halted = True
                self._done.failure = self._done.failure or failure
                return
            except (CannotTakeUp, RunDirectoryError) as failure:  # the latter: a damaged trace
                # It stays unfinished, for a resume where it can be; the others go on.
                self._done.failure = self._done.failure or failure
                continue
            self.directory.snapshot(index).unlink(missing_ok=True)
            self._done.rows.append(row)
            self.on_row(row)

    def _stopping(self) -> bool:
        return self.stop.is_set() or self._halted

    async def _one(self, index: int) -> EpisodeResult:
        """Play one episode to its row."""
        config, uid = self.config, f"{self.run}/{index}"
        bank = await self._memory.call(lambda file: file.bank("episode", uid))
        steps = await self._memory.call(lambda file: _steps(file, uid)) if self.resuming else []
        cut_at = (steps[-1].trace_offset if steps else 0) if self.resuming else None
        tally = Tally()
        common = {
            "config": config,
            "run": self.run,
            "uid": uid,
            "index": index,
            "seed": config.seed + index,
            "env": self.environments.make(),
            "memory": self._memory,
            "scope": self._shared.scope(bank, uid),
            "changeable_banks": self._shared.changeable | {bank},
            "trace": Trace(self.directory.trace(index), cut_at=cut_at, on_event=tally.count),
            "snapshot_at": self.directory.snapshot(index),
            "tally": tally,
            "watch": self.watch,
            "stopping": self._stopping,
        }
        episode = (
            EpisodeContext(**common, model=self.model, steering=self.steering(index))  # type: ignore[arg-type]
            if config.agent == "model" and self.model is not None
            else EpisodeRecord(**common)  # type: ignore[arg-type]
        )
        try:
            if steps:
                await self._take_up(episode, steps)
            return await play_episode(episode, self._loop)
        finally:
            await episode.close()

    async def _take_up(self, episode: EpisodeRecord, steps: Sequence[StepRecord]) -> None:
        try:
            await take_up(episode, steps)
        except HALTING:
            raise
        except EXPECTED as error:
            raise CannotTakeUp(f"episode {episode.index} cannot be taken up: {error}") from error


def _steps(file: MemoryFile, uid: str) -> list[StepRecord]:
    try:
        return file.steps(uid)
    except UnknownEpisode:
        return []


@asynccontextmanager
async def _memory(path: Path) -> AsyncIterator[MemoryThread]:
    memory = MemoryThread(path)
    try:
        yield memory
    finally:
        memory.close()
