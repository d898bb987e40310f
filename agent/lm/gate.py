"""What holds a generation's forward passes back, or lets a few through: a hand on the model.

A model asks its request's gate before each pass and tells it of each pass that was made.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.lm.types import Purpose

ANY_PURPOSE: frozenset[Purpose] = frozenset(("think", "summarise", "act"))


class Gate:
    """Open at first. Any thread may use it.

    `on_held` is told True when a pass begins to wait here, and False when it waits no longer: a hold
    that was asked for has taken effect at the True, not before. It runs on whichever thread notices, one
    at a time and in turn, so it must not wait for another thread that may use the gate.
    """

    def __init__(self, on_held: Callable[[bool], None] = lambda _held: None) -> None:
        self._lock = threading.RLock()
        self._telling = threading.RLock()
        """Held while `on_held` is told: never within `_lock`, so that nobody else is held up."""
        self._told_held = False
        self._open = True
        self._last: frozenset[Purpose] = frozenset()
        """The gate closes after a pass of one of these purposes."""
        self._held_at: float | None = None
        self._held_s = 0.0
        self._on_held = on_held
        self._listeners: list[Callable[[], None]] = []

    @property
    def closed(self) -> bool:
        """Whether a pass would have to wait, or will after those that were let through."""
        with self._lock:
            return not self._open or bool(self._last)

    @property
    def holding(self) -> bool:
        """Whether a pass is waiting here now."""
        with self._lock:
            return self._held_at is not None

    @property
    def held_s(self) -> float:
        """Seconds that passes have waited here so far."""
        with self._lock:
            waiting_s = 0.0 if self._held_at is None else time.monotonic() - self._held_at
            return self._held_s + waiting_s

    def hold(self) -> None:
        """Let no further pass through."""
        with self._lock:
            self._open, self._last = False, frozenset()

    def let_go(self) -> None:
        """Let every pass through."""
        self._set_open(frozenset())

    def let_one(self, purposes: frozenset[Purpose] = ANY_PURPOSE) -> None:
        """Let passes through up to and with the next one of these purposes."""
        self._set_open(purposes)

    def may_pass(self) -> bool:
        """Whether the next pass may be made now; a No is an answer to wait upon (`listening`)."""
        with self._lock:
            if self._open:
                return True
            if self._held_at is not None:
                return False
            self._held_at = time.monotonic()
        self._tell()
        return False

    def passed(self, purpose: Purpose) -> None:
        """A pass of this purpose was made."""
        with self._lock:
            if purpose in self._last:
                self._open, self._last = False, frozenset()

    @contextmanager
    def listening(self, opened: Callable[[], None]) -> Iterator[None]:
        """Inside it, `opened` is called each time that the gate opens, on the opener's thread."""
        with self._lock:
            self._listeners.append(opened)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(opened)

    async def wait(self) -> None:
        """Return when a pass may be made."""
        loop, opened = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            loop.call_soon_threadsafe(opened.set)

        with self.listening(tell):
            while not self.may_pass():
                await opened.wait()
                opened.clear()

    def _set_open(self, last: frozenset[Purpose]) -> None:
        with self._lock:
            self._open, self._last = True, last
            held_at, self._held_at = self._held_at, None
            if held_at is not None:
                self._held_s += time.monotonic() - held_at
            listeners = list(self._listeners)
        self._tell()
        for opened in listeners:
            opened()

    def _tell(self) -> None:
        """Tell how it stands by now, if that is news: what is told last is so, whoever was faster."""
        with self._telling:
            holding = self.holding
            if holding != self._told_held:
                self._told_held = holding
                self._on_held(holding)
