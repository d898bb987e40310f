"""Many episodes with one config: seeds, one model, one memory file, a row for each."""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import envs
from agent.banks import SharedBanks, parse_banks
from agent.blocking import in_thread
from agent.checkpoints import LatestCheckpoints, open_checkpoints
from agent.config import RunConfig
from agent.episode import play_episode
from agent.errors import AdapterMismatch, ConfigError, Interrupted, StorageFailed
from agent.events import Phase, Watcher, nobody
from agent.lm import load_model
from agent.lm.types import LanguageModel
from agent.memory_thread import MemoryThread
from agent.record import EpisodeRecord
from agent.results import EpisodeResult, Summary, summarise
from agent.rundir import RunDirectory
from agent.state import EpisodeContext
from agent.trace import Trace
from agent.window_text import head_ids, system_ids
from envs.base import Description, TextEnv
from memory import MemoryFile, MemoryFileFull

OnRow = Callable[[EpisodeResult], None]
MakeEnv = Callable[[str], TextEnv]


@dataclass(slots=True)
class Run:
    """A run and its rows so far.

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


def run(
    config: RunConfig,
    *,
    model: LanguageModel | None = None,
    make_env: MakeEnv = envs.make,
    watch: Watcher = nobody,
    on_row: OnRow = lambda _row: None,
) -> Run:
    """Play the episodes of `config` and return their rows.

    `model` saves loading one; `make_env` serves environments that no registry knows. Raises the errors
    that end a whole run (config, model or environment unavailable, run directory, memory file); an
    error inside an episode is that episode's row. An error of the disk in the middle of a run ends it
    and is the `failure` of what is returned. Ctrl-C finishes the step that is being made and returns
    what was done; a second one stops at once, by CancelledError or KeyboardInterrupt.
    """
    return asyncio.run(
        run_async(config, model=model, make_env=make_env, watch=watch, on_row=on_row)
    )


async def run_async(
    config: RunConfig,
    *,
    model: LanguageModel | None = None,
    make_env: MakeEnv = envs.make,
    watch: Watcher = nobody,
    on_row: OnRow = lambda _row: None,
) -> Run:
    """The same for callers that have a loop of their own."""
    config = config.filled()
    with closing(make_env(config.env)) as env:  # a wrong spec ends the run before a model is loaded
        description = env.describe()
    stop = asyncio.Event()
    with _interruptible(stop, watch):
        lent = model
        if config.agent == "model" and model is None:
            watch(Phase(0, "LOADING"))
            settings = config.model
            model = await in_thread(
                load_model,
                settings.name,
                dtype=settings.dtype,
                device=settings.device,
                policy=settings.policy,
                burst=settings.burst,
            )
        try:
            if model is not None:
                _require_room(config, model, description)
            banks_at = ""
            if config.memory is not None:
                # One that cannot be opened ends the run before a directory is made for it.
                with MemoryFile.open(config.memory) as file:
                    banks_at = file.newest_change()
            directory = RunDirectory.create(config)
            # Two runs may share a memory file and a directory's name, and must not share a bank.
            name = f"{directory.path.resolve().name}-{secrets.token_hex(4)}"
            directory.record_versions(
                name,
                model=model.name if model else None,
                fingerprint=model.fingerprint if model else None,
                numerics=model.numerics if model else None,
                banks_at=None if config.live_banks else banks_at,
                policy=config.model.policy,
                burst=config.model.burst,
            )
            done = Run(directory.path, directory.memory(config))
            play = _Play(config, name, directory, model, make_env, watch, on_row, stop, banks_at)
            await play.all(done)
            return done
        finally:
            if model is not None and lent is None:
                model.close()


@dataclass(frozen=True, slots=True)
class _Play:
    """What the episodes of a run have in common."""

    config: RunConfig
    run: str
    directory: RunDirectory
    model: LanguageModel | None
    make_env: MakeEnv
    watch: Watcher
    on_row: OnRow
    stop: asyncio.Event
    banks_at: str
    """When the run started, as the memory file tells time: shared banks are read as at that moment."""

    async def all(self, done: Run) -> None:
        """Play the episodes one after the other, until the last, a stop, or a failing disk."""
        try:
            async with (
                _memory(done.memory) as memory,
                open_checkpoints(self.directory.checkpoints) as saver,
            ):
                specs = parse_banks(self.config.banks)
                at = None if self.config.live_banks else self.banks_at
                shared = await memory.call(lambda file: SharedBanks.of(file, specs, at))
                for index in range(self.config.episodes):
                    if self.stop.is_set():
                        raise Interrupted(f"stopped by request before episode {index}")
                    row = await self.one(index, memory, shared, saver)
                    self.directory.append(row)
                    done.rows.append(row)
                    self.on_row(row)
        except Interrupted:
            done.interrupted = True
        except (StorageFailed, MemoryFileFull) as failure:
            done.failure = failure

    async def one(
        self, index: int, memory: MemoryThread, shared: SharedBanks, saver: LatestCheckpoints
    ) -> EpisodeResult:
        """Play one episode to its row."""
        uid = f"{self.run}/{index}"
        bank = await memory.call(lambda file: file.bank("episode", uid))
        common = {
            "config": self.config,
            "run": self.run,
            "uid": uid,
            "index": index,
            "seed": self.config.seed + index,
            "env": self.make_env(self.config.env),
            "memory": memory,
            "scope": shared.scope(bank, uid),
            "changeable_banks": shared.changeable | {bank},
            "trace": Trace(self.directory.traces / f"{index:06}.jsonl"),
            "watch": self.watch,
            "stop": self.stop,
        }
        episode = (
            EpisodeContext(**common, model=self.model)  # type: ignore[arg-type]
            if self.config.agent == "model" and self.model is not None
            else EpisodeRecord(**common)  # type: ignore[arg-type]
        )
        try:
            return await play_episode(episode, saver)
        finally:
            episode.close()


def _require_room(config: RunConfig, model: LanguageModel, description: Description) -> None:
    """Raise ConfigError where the window cannot hold what the run needs, before anything is played."""
    system = system_ids(model, config, description)
    if config.think.mode == "burst" and config.think.k > model.burst_limit > 1:
        raise AdapterMismatch(
            f"think.k {config.think.k} is more than the burst adapter was trained for; use at most "
            f"{model.burst_limit}"
        )
    config.marks(len(head_ids(model.vocabulary, system, [])))
    if config.window.budget > model.context_limit:
        raise ConfigError(
            f"window.budget {config.window.budget} exceeds the {model.context_limit} positions that "
            f"{model.name} was made for; use at most {model.context_limit}"
        )


@asynccontextmanager
async def _memory(path: Path) -> AsyncIterator[MemoryThread]:
    memory = MemoryThread(path)
    try:
        yield memory
    finally:
        memory.close()


@contextmanager
def _interruptible(stop: asyncio.Event, watch: Watcher) -> Iterator[None]:
    """Ctrl-C once asks for a stop after this step, twice cancels. Off the main thread: no handler."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def interrupt() -> None:
        if stop.is_set() and task is not None:
            task.cancel()
        stop.set()
        watch(Phase(0, "STOPPING"))

    with suppress(ValueError, NotImplementedError, RuntimeError):
        loop.add_signal_handler(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        with suppress(ValueError, NotImplementedError, RuntimeError):
            loop.remove_signal_handler(signal.SIGINT)


def open_memory(run: Run) -> MemoryFile:
    """The memory file of a finished run, read-only."""
    return MemoryFile.open(run.memory, read_only=True)
