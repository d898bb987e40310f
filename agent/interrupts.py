"""Ctrl-C during a run: once to stop after the steps that are being made, twice to stop at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from agent.events import Phase, Watcher, nobody


@contextmanager
def interruptible(stop: asyncio.Event, watch: Watcher = nobody) -> Iterator[None]:
    """Inside it the first SIGINT sets `stop`; a second one cancels the task that entered.

    One for the whole process: whoever plays several runs in one loop enters it once and gives them all
    the same `stop`. Off the main thread, and where the system has no signals, it does nothing.
    """
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
