"""A run from its config to its rows: seeds, one model, one memory file, a row for each episode."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import envs
from agent.blocking import in_thread
from agent.config import ModelConfig, RunConfig
from agent.environments import Environments, MakeEnv
from agent.errors import AdapterMismatch, ConfigError, RunDirectoryError
from agent.events import Phase, Watcher, nobody
from agent.interrupts import interruptible
from agent.lm import load_model, shipped
from agent.lm.types import LanguageModel
from agent.playing import OnRow, Playing, Run
from agent.rundir import RunDirectory
from agent.steering import UNSTEERED, Steering
from agent.window_text import head_ids, system_ids
from envs.base import Description
from memory import MemoryFile

OnOpened = Callable[[Path], None]

__all__ = [
    "MakeEnv",
    "Run",
    "open_memory",
    "resume",
    "resume_async",
    "run",
    "run_async",
]


def run(
    config: RunConfig,
    *,
    model: LanguageModel | None = None,
    make_env: MakeEnv = envs.make,
    watch: Watcher = nobody,
    on_row: OnRow = lambda _row: None,
) -> Run:
    """Play the episodes of `config`, `config.jobs` at once, and return their rows.

    `model` saves loading one; `make_env` serves environments that no registry knows. Raises the errors
    that end a whole run (config, model or environment unavailable, run directory, memory file); an
    error inside an episode is that episode's row. An error of the disk in the middle of a run ends it
    and is the `failure` of what is returned. Ctrl-C finishes the steps that are being made and returns
    what was done; a second one stops at once, by CancelledError or KeyboardInterrupt.
    """

    def play(stop: asyncio.Event) -> Awaitable[Run]:
        return run_async(
            config, model=model, make_env=make_env, watch=watch, on_row=on_row, stop=stop
        )

    return asyncio.run(_interruptibly(play, watch))


def resume(
    path: Path,
    *,
    jobs: int | None = None,
    model: LanguageModel | None = None,
    make_env: MakeEnv = envs.make,
    watch: Watcher = nobody,
    on_row: OnRow = lambda _row: None,
) -> Run:
    """Go on with the run in directory `path`, wherever it was cut off, and return all of its rows.

    Episodes that have a row are kept; each other goes on from its last committed step, or begins. The
    config is the recorded one (`jobs` apart, which changes no result). Raises what `run` raises, and
    RunDirectoryError where `path` holds no run or one that is being played, AdapterMismatch where the
    model is another. An episode that cannot be taken up, since its environment answers otherwise now,
    stays as it is; it is the `failure` of what is returned. `on_row` is told the new rows only.
    """

    def play(stop: asyncio.Event) -> Awaitable[Run]:
        return resume_async(
            path, jobs=jobs, model=model, make_env=make_env, watch=watch, on_row=on_row, stop=stop
        )

    return asyncio.run(_interruptibly(play, watch))


async def run_async(
    config: RunConfig,
    *,
    model: LanguageModel | None = None,
    make_env: MakeEnv = envs.make,
    watch: Watcher = nobody,
    on_row: OnRow = lambda _row: None,
    stop: asyncio.Event | None = None,
    steering: Steering = UNSTEERED,
    opened: OnOpened = lambda _path: None,
) -> Run:
    """The same as `run` for callers with a loop of their own, in which several may share a model.

    It leaves signals alone: whoever wants Ctrl-C to end it sets `stop` (see `agent.interrupts`).
    `steering` is a person's hand on it, who can have one episode at a time; `opened` is told the run
    directory as soon as there is one.
    """
    config = _steerable(anywhere(config.filled()), steering)
    hands = _Hands(config, model, make_env, watch, on_row, stop or asyncio.Event(), steering)
    async with hands:
        config = hands.config
        banks_at = _banks_at(config)
        directory = RunDirectory.create(config)
        with closing(directory):
            opened(directory.path)
            name = _begin(directory, config, hands.model, banks_at)
            done = Run(directory.path, directory.memory(config))
            playing = hands.playing(directory, name, banks_at)
            await playing.all(range(config.episodes), done)
            return done


async def resume_async(
    path: Path,
    *,
    jobs: int | None = None,
    model: LanguageModel | None = None,
    make_env: MakeEnv = envs.make,
    watch: Watcher = nobody,
    on_row: OnRow = lambda _row: None,
    stop: asyncio.Event | None = None,
    steering: Steering = UNSTEERED,
) -> Run:
    """The same as `resume` for callers that have a loop of their own, and may steer."""
    directory, config = RunDirectory.reopen(path)
    with closing(directory):
        if jobs is not None:
            config = config.model_copy(update={"jobs": jobs})
        config = _steerable(config, steering)
        done = Run(path, directory.memory(config), directory.rows())
        ended = {row.episode for row in done.rows}
        left = [index for index in range(config.episodes) if index not in ended]
        if not left:
            return done
        told = directory.recorded_versions()
        if told is not None:
            config = as_precise(config, told)
        hands = _Hands(config, model, make_env, watch, on_row, stop or asyncio.Event(), steering)
        async with hands:
            if told is None:  # killed before anything was played
                banks_at = _banks_at(config)
                name = _begin(directory, hands.config, hands.model, banks_at)
            else:
                name, banks_at = told["run"], told["banks_at"] or ""
                require_the_same(hands.model, told, path)
                if directory.begun:
                    if not done.memory.exists():
                        raise RunDirectoryError(
                            f"the memory file {str(done.memory)!r} of the run is gone: put it back"
                        )
                elif config.memory is None:
                    directory.clear_memory()  # it may be half made, and nothing can be in it
                directory.record_resume(numerics=hands.model.numerics if hands.model else None)
            playing = hands.playing(directory, name, banks_at)
            playing.resuming = True
            await playing.all(left, done)
            return done


@dataclass(slots=True)
class _Hands:
    """What a run plays with: its model and environments, which are let go of at its end."""

    config: RunConfig
    model: LanguageModel | None
    make_env: MakeEnv
    watch: Watcher
    on_row: OnRow
    stop: asyncio.Event
    steering: Steering
    environments: Environments = field(init=False)
    _lent: bool = False

    async def __aenter__(self) -> Self:
        # A wrong spec ends the run before a model is loaded, and both before a directory is made.
        self.environments = Environments(self.config, self.make_env)
        self._lent = self.model is not None
        try:
            self.model = await model_of(self.config, self.model, self.watch)
            if self.model is not None:
                self.config = self.config.within(self.model.burst_limit)
                _require_room(self.config, self.model, self.environments.description)
        except BaseException:
            self._let_go()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._let_go()

    def _let_go(self) -> None:
        self.environments.close()
        if self.model is not None and not self._lent:
            self.model.close()

    def playing(self, directory: RunDirectory, name: str, banks_at: str) -> Playing:
        """What plays the episodes of the run of that name."""
        return Playing(
            config=self.config,
            run=name,
            banks_at=banks_at,
            directory=directory,
            model=self.model,
            environments=self.environments,
            watch=self.watch,
            on_row=self.on_row,
            stop=self.stop,
            steering=lambda _index: self.steering,
        )


def anywhere(config: RunConfig) -> RunConfig:
    """The config with the files that it names found from any folder: a resume may begin in another."""
    places = {
        key: shipped.anywhere(getattr(config.model, key)) for key in ("name", "policy", "burst")
    }
    changes: dict[str, Any] = {"model": config.model.model_copy(update=places)}
    if config.memory is not None:
        changes["memory"] = config.memory.absolute()
    return config.model_copy(update=changes)


def as_precise(config: RunConfig, told: Mapping[str, Any]) -> RunConfig:
    """The config with the precision in `told`, a run's versions, where it was left to the machine."""
    if config.model.dtype != "auto" or not told.get("numerics"):
        return config
    dtype = "fp32" if is_exact(told) else "bf16"
    return config.model_copy(update={"model": config.model.model_copy(update={"dtype": dtype})})


def is_exact(told: Mapping[str, Any]) -> bool:
    """Whether a run's model gives the same tokens again: at fp32 it does."""
    return not str(told.get("numerics")).startswith(("bfloat16", "float16"))


def _steerable(config: RunConfig, steering: Steering) -> RunConfig:
    """A person has one pair of hands: one episode at a time, whatever the config says of jobs."""
    return config if steering is UNSTEERED else config.model_copy(update={"jobs": 1})


def _banks_at(config: RunConfig) -> str:
    """The moment at which shared banks stand still. Opens the memory file that the config names."""
    if config.memory is None:
        return ""
    with MemoryFile.open(config.memory) as file:
        return file.newest_change()


def _begin(
    directory: RunDirectory, config: RunConfig, model: LanguageModel | None, banks_at: str
) -> str:
    """Give the run its name and record what it is played by."""
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
    return name


def require_the_same(model: LanguageModel | None, told: dict[str, Any], path: Path) -> None:
    """Raise AdapterMismatch unless the model is the one that `told`, a run's versions, names."""
    if model is not None and model.fingerprint != told["fingerprint"]:
        raise AdapterMismatch(
            f"the run {str(path)!r} was begun by {told['model']} with fingerprint "
            f"{told['fingerprint']}, and this is {model.name} with {model.fingerprint}: it takes the "
            "same weights and adapters to resume or verify it"
        )


async def _interruptibly(play: Callable[[asyncio.Event], Awaitable[Run]], watch: Watcher) -> Run:
    stop = asyncio.Event()
    with interruptible(stop, watch):
        return await play(stop)


async def model_of(
    config: RunConfig, lent: LanguageModel | None, watch: Watcher
) -> LanguageModel | None:
    """The model that the config names, unless one is lent; None where no model plays."""
    if config.agent != "model" or lent is not None:
        return lent
    watch(Phase(0, "LOADING"))
    return await in_thread(load, config.model)


def load(settings: ModelConfig) -> LanguageModel:
    """The model that a config names. Raises ModelUnavailable, AdapterMismatch."""
    return load_model(
        settings.name,
        dtype=settings.dtype,
        device=settings.device,
        policy=settings.policy,
        burst=settings.burst,
    )


def _require_room(config: RunConfig, model: LanguageModel, description: Description) -> None:
    """Raise ConfigError where the window cannot hold what the run needs, before anything is played."""
    system = system_ids(model, config, description)
    if config.think.mode == "burst" and config.think.burst.k > model.burst_limit > 1:
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


def open_memory(run: Run) -> MemoryFile:
    """The memory file of a finished run, read-only."""
    return MemoryFile.open(run.memory, read_only=True)
