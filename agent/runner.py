"""Many episodes with one config: seeds, one model, one memory file, a row for each."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import envs
from agent.checkpoints import LatestCheckpoints, open_checkpoints
from agent.config import RunConfig
from agent.episode import play_episode
from agent.errors import ConfigError, Interrupted
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
from memory import MemoryFile, Scope

OnRow = Callable[[EpisodeResult], None]
MakeEnv = Callable[[str], TextEnv]


@dataclass(slots=True)
class Run:
    """A run and its rows so far. `interrupted` says that a person stopped it before its last episode."""

    path: Path
    memory: Path
    rows: list[EpisodeResult] = field(default_factory=list)
    interrupted: bool = False

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
    error inside an episode is that episode's row. Ctrl-C finishes the step that is being made and
    returns what was done; a second one stops at once.
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
    with _interruptible(stop):
        lent = model
        if config.agent == "model" and model is None:
            watch(Phase(0, "LOADING"))
            settings = config.model
            model = await asyncio.to_thread(
                load_model, settings.name, dtype=settings.dtype, device=settings.device
            )
        try:
            if model is not None:
                _require_room(config, model, description)
            directory = RunDirectory.create(config)
            directory.record_versions(
                model.name if model else None, model.fingerprint if model else None
            )
            done = Run(directory.path, directory.memory(config))
            await _play_all(config, directory, done, model, make_env, watch, on_row, stop)
            return done
        finally:
            if model is not None and lent is None:
                model.close()


async def _play_all(
    config: RunConfig,
    directory: RunDirectory,
    done: Run,
    model: LanguageModel | None,
    make_env: MakeEnv,
    watch: Watcher,
    on_row: OnRow,
    stop: asyncio.Event,
) -> None:
    async with _memory(done.memory) as memory, open_checkpoints(directory.checkpoints) as saver:
        for index in range(config.episodes):
            if stop.is_set():
                done.interrupted = True
                return
            with suppress(Interrupted):
                row = await _play_one(
                    config, directory, index, model, make_env, memory, saver, watch, stop
                )
                directory.append(row)
                done.rows.append(row)
                on_row(row)
                continue
            done.interrupted = True
            return


async def _play_one(
    config: RunConfig,
    directory: RunDirectory,
    index: int,
    model: LanguageModel | None,
    make_env: MakeEnv,
    memory: MemoryThread,
    saver: LatestCheckpoints,
    watch: Watcher,
    stop: asyncio.Event,
) -> EpisodeResult:
    run_name = directory.path.resolve().name
    uid = f"{run_name}/{index}"
    bank = await memory.call(lambda file: file.bank("episode", uid))
    common = {
        "config": config,
        "run": run_name,
        "uid": uid,
        "index": index,
        "seed": config.seed + index,
        "env": make_env(config.env),
        "memory": memory,
        "scope": Scope(bank, (bank,)),
        "trace": Trace(directory.traces / f"{index:06}.jsonl"),
        "watch": watch,
        "stop": stop,
    }
    episode = (
        EpisodeContext(**common, model=model)  # type: ignore[arg-type]
        if config.agent == "model" and model is not None
        else EpisodeRecord(**common)  # type: ignore[arg-type]
    )
    try:
        return await play_episode(episode, saver)
    finally:
        episode.trace.close()
        episode.env.close()


def _require_room(config: RunConfig, model: LanguageModel, description: Description) -> None:
    """Raise ConfigError where the window cannot hold what the run needs, before anything is played."""
    system = system_ids(model, config, description)
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


class _interruptible:  # noqa: N801 -- used as a with-statement, like contextlib's own
    """Ctrl-C once asks for a stop after this step, twice cancels. Off the main thread: no handler."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        with suppress(ValueError, NotImplementedError, RuntimeError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupt)

    def _interrupt(self) -> None:
        if self._stop.is_set() and self._task is not None:
            self._task.cancel()
        self._stop.set()

    def __exit__(self, *_: object) -> None:
        with suppress(ValueError, NotImplementedError, RuntimeError):
            asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)


def open_memory(run: Run) -> MemoryFile:
    """The memory file of a finished run, read-only."""
    return MemoryFile.open(run.memory, read_only=True)
