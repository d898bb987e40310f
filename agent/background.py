"""A run on a thread and a loop of its own, so that whoever watches it is never held up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import envs
from agent.config import RunConfig
from agent.controller import Controller
from agent.environments import MakeEnv
from agent.lm.types import LanguageModel
from agent.playing import Run
from agent.runner import resume_async, run_async


class BackgroundRun:
    """One run that a controller steers, begun or resumed. The watcher is told on the run's thread."""

    def __init__(
        self,
        play: Callable[[], Awaitable[Run]],
        controller: Controller,
        config: RunConfig | None = None,
    ) -> None:
        """`play` is called on the run's thread; `controller` is told when it is over."""
        self._play, self._controller = play, controller
        self.config = config
        """What it was asked to play; None of a run that is taken up, which has it on record."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Run] | None = None
        self._ended = threading.Event()
        self._begun = threading.Event()
        self.path: Path | None = None
        """The run directory, once there is one."""
        self.done: Run | None = None
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="steno-run", daemon=True)

    @property
    def ended(self) -> bool:
        """Whether the run is over, however it ended."""
        return self._ended.is_set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        self._begun.wait()

    def abort(self) -> None:
        """End it at once: what was committed is kept, and a resume goes on from there."""
        if self._loop is not None and self._task is not None and not self.ended:
            with suppress(RuntimeError):  # it has just ended
                self._loop.call_soon_threadsafe(self._task.cancel)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it is over; False where the time was not enough."""
        return self._ended.wait(timeout_s)

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        finally:
            self._controller.end()
            self._begun.set()
            self._ended.set()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.ensure_future(self._play())
        self._begun.set()
        try:
            self.done = await self._task
            self.failure = self.done.failure
        except (Exception, asyncio.CancelledError) as failure:  # noqa: BLE001 -- the caller's to show
            self.failure = failure


def begin(
    config: RunConfig,
    controller: Controller,
    *,
    model: LanguageModel | None = None,
    make_env: MakeEnv = envs.make,
) -> BackgroundRun:
    """A new run, not started yet."""

    def opened(path: Path) -> None:
        run.path = path

    run = BackgroundRun(
        lambda: run_async(
            config,
            model=model,
            make_env=make_env,
            watch=controller.watched,
            steering=controller,
            opened=opened,
        ),
        controller,
        config,
    )
    return run


def go_on(
    path: Path,
    controller: Controller,
    *,
    model: LanguageModel | None = None,
    make_env: MakeEnv = envs.make,
) -> BackgroundRun:
    """A run that was cut off, to be resumed; not started yet."""
    run = BackgroundRun(
        lambda: resume_async(
            path, model=model, make_env=make_env, watch=controller.watched, steering=controller
        ),
        controller,
    )
    run.path = path
    return run
