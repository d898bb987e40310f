"""Calls that block, made from asyncio without holding it up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """The result of a blocking call, made on a daemon thread of its own.

    asyncio.to_thread would keep the process from ending until the call returns; a game that hangs must
    not. Where the awaiting task is cancelled (by `asyncio.timeout`, say), the call goes on and its
    result is dropped.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result, error = None, None
        try:
            result = call(*args, **kwargs)
        except BaseException as raised:  # noqa: BLE001 -- it is raised again where it is awaited
            error = raised
            if isinstance(raised, StopIteration) or not isinstance(raised, Exception):
                # These mean something to the loop that awaits, which the call cannot have meant.
                error = RuntimeError(f"{type(raised).__name__}: {raised}")
                error.__cause__ = raised
        with suppress(RuntimeError):  # the loop has closed meanwhile: nobody waits
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name="steno-blocking", daemon=True).start()
    return await future
