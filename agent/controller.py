"""A person's hand on a run: what they ask for, from any thread, reaches the loop at its own points.

It holds and steps forward passes, plays, approves or refuses actions, cancels the present generation,
and queues hints, burst sizes and note edits. It needs no screen: the TUI, the plain mode and tests use
the same one.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from agent.errors import EXPECTED, RunOver
from agent.events import Event, Held, Proposed, Settled, Stepped, Watcher, YourMove, nobody
from agent.lm.gate import Gate
from agent.lm.types import Generation, Purpose
from agent.steering import (
    Approved,
    EditNote,
    GenerationCancelled,
    Hint,
    Mode,
    Obey,
    Order,
    Refused,
    SetBurst,
    Verdict,
)

Unit = Literal["pass", "burst", "action"]


@dataclass(slots=True)
class _Queued:
    order: Order
    done: Future[bool] = field(default_factory=Future)

    def refuse(self) -> None:
        """The run was over before it was done."""
        told = "the model was not told" if isinstance(self.order, Hint) else "it was not done"
        self.done.set_exception(RunOver(f"the run is over: {told}"))


class Controller:
    """A Steering that a person holds. Its public methods may be called from any thread."""

    def __init__(self, watch: Watcher = nobody, *, mode: Mode = "auto", held: bool = False) -> None:
        """`held`: begin at a standstill, before the first forward pass."""
        self._watch = watch
        self._episode = 0
        self.gate: Gate | None = Gate(self._told_held)
        if held:
            self.gate.hold()
        self._lock = threading.Lock()
        self._mode: Mode = mode
        self._until_action = False
        self._stopping = held
        self._over = False
        self._orders: deque[_Queued] = deque()
        self._verdict: Verdict | None = None
        self._given: str | None = None
        self._waiting: Literal["", "verdict", "action"] = ""
        self._generation: asyncio.Task[Generation] | None = None
        self._cancelling = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()

    # --- what a person asks for ---

    @property
    def mode(self) -> Mode:
        """auto: the model plays; confirm: each action is approved; human: the person plays."""
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        with self._lock:
            self._mode = mode
        self._wake()

    @property
    def held(self) -> bool:
        """Whether forward passes are held back, or will be after those that were let through."""
        return self._passes.closed

    @property
    def stopping(self) -> bool:
        """Whether a pause was asked for that has not taken effect yet."""
        return self._stopping and not self._passes.holding

    @property
    def paused(self) -> bool:
        """Whether it stands still, or is asked to: not while a step is under way."""
        return self._passes.holding or self._stopping

    def pause(self) -> None:
        """Hold the next forward pass back. It has taken effect when the watcher is told Held."""
        self._until_action, self._stopping = False, True
        self._passes.hold()

    def go_on(self) -> None:
        """Let everything go on."""
        self._until_action = self._stopping = False
        self._passes.let_go()

    def step(self, unit: Unit) -> None:
        """Go on by a forward pass, to the end of the next burst (a pass that thinks), or an action."""
        self._until_action, self._stopping = unit == "action", False
        if unit == "action":
            self._passes.let_go()
        elif unit == "burst":
            self._passes.let_one(frozenset(("think",)))
        else:
            self._passes.let_one()

    def cancel(self) -> None:
        """Throw the present generation away and hold; nothing of it arrives later.

        Where none is being made, it does nothing. What was asked for is asked for again when it goes on.
        """
        if self._generation is not None:
            self.pause()
        self._call(self._cancel)

    def hint(self, text: str) -> Future[bool]:
        """Say something to the model, before its next thought or action in which there is room.

        The future of this, and of every order, raises RunOver where the run ends before it is done.
        """
        return self._order(Hint(text))

    def set_burst(self, k: int, confidence: float) -> Future[bool]:
        """Change how it thinks, from the next pass on.

        The future raises AdapterMismatch for a larger k than the model can do.
        """
        return self._order(SetBurst(k, confidence))

    def edit(self, edit: EditNote) -> Future[bool]:
        """Change a note. The future raises what the memory file refuses it for (Conflict, BadText)."""
        return self._order(edit)

    @property
    def hints_waiting(self) -> int:
        """How many hints the model has not been told yet."""
        with self._lock:
            return sum(isinstance(queued.order, Hint) for queued in self._orders)

    def decide(self, verdict: Verdict) -> bool:
        """Approve, replace or refuse the proposed action. False where none is proposed."""
        with self._lock:
            if self._waiting != "verdict":
                return False
            self._verdict = verdict
        self._wake()
        return True

    def give(self, action: str) -> bool:
        """Play this action, where the person plays and is waited for; False where not."""
        with self._lock:
            if self._waiting != "action":
                return False
            self._given = action
        self._wake()
        return True

    def watched(self, event: Event) -> None:
        """To be told every event of the run; passes it on to the watcher."""
        self._episode = event.episode
        if isinstance(event, Stepped) and self._until_action:
            self.pause()
        self._watch(event)

    def end(self) -> None:
        """The run is over: what waits to be done is refused, and so is what is asked from now on."""
        with self._lock:
            self._over = True
            left = list(self._orders)
            self._orders.clear()
        for queued in left:
            queued.refuse()

    # --- what the loop asks, on its own thread ---

    async def ready(self, purpose: Purpose, obey: Obey) -> None:
        """See Steering. While held, only hints wait for the going on."""
        self._attach()
        # A held gate is waited at here too, so that a pause holds where no pass is due yet.
        waiting = asyncio.ensure_future(self._passes.wait())
        try:
            await self._until(waiting.done, obey, waiting)
        finally:
            waiting.cancel()
        await self._obey(obey, lambda _order: True)

    async def during(self, generation: Awaitable[Generation], obey: Obey) -> Generation:
        """See Steering."""
        self._attach()
        task = asyncio.ensure_future(generation)
        self._generation, self._cancelling = task, False
        try:
            await self._until(lambda: task.done() or self._cancelling, obey, task)
        except BaseException:
            task.cancel()
            raise
        finally:
            self._generation = None
        if not self._cancelling:
            return task.result()
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):  # its outcome is nobody's any more
            await task
        raise GenerationCancelled

    async def action(self, step: int, obey: Obey) -> str | None:
        """See Steering."""
        self._attach()
        if self.mode != "human":
            return None
        self._watch(YourMove(self._episode, step))
        self._wait_for("action")
        await self._until(lambda: self._given is not None or self.mode != "human", obey)
        given, _ = self._answered()
        self._watch(Settled(self._episode, step, "model" if given is None else "given"))
        return given

    async def verdict(self, step: int, action: str, obey: Obey) -> Verdict:
        """See Steering."""
        self._attach()
        if self.mode != "confirm":
            return Approved()
        self._watch(Proposed(self._episode, step, action))
        self._wait_for("verdict")
        await self._until(lambda: self._verdict is not None or self.mode != "confirm", obey)
        _, decided = self._answered()
        verdict = decided or Approved()
        word: Literal["approved", "replaced", "refused"] = "approved"
        if not isinstance(verdict, Approved):
            word = "refused" if isinstance(verdict, Refused) else "replaced"
        self._watch(Settled(self._episode, step, word))
        return verdict

    # --- how the two meet ---

    @property
    def _passes(self) -> Gate:
        assert self.gate is not None
        return self.gate

    def _wait_for(self, what: Literal["verdict", "action"]) -> None:
        with self._lock:
            self._waiting, self._given, self._verdict = what, None, None

    def _answered(self) -> tuple[str | None, Verdict | None]:
        """What was given or decided; nobody is waited for any more."""
        with self._lock:
            self._waiting = ""
            return self._given, self._verdict

    def _told_held(self, held: bool) -> None:
        self._watch(Held(self._episode, held))

    def _attach(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._changed = loop, asyncio.Event()

    def _order(self, order: Order) -> Future[bool]:
        queued = _Queued(order)
        with self._lock:
            over = self._over
            if not over:
                self._orders.append(queued)
        if over:
            queued.refuse()
        self._wake()
        return queued.done

    def _wake(self) -> None:
        self._call(self._changed.set)

    def _call(self, work: Callable[[], None]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has closed: the run is over
                self._loop.call_soon_threadsafe(work)

    def _cancel(self) -> None:
        if self._generation is not None and not self._generation.done():
            self._cancelling = True
            self._changed.set()

    async def _until(
        self,
        met: Callable[[], bool],
        obey: Obey,
        task: asyncio.Future[Generation] | asyncio.Future[None] | None = None,
    ) -> None:
        """Wait for a condition that a change or the end of `task` may bring.

        Orders that need no room in the window are carried out meanwhile.
        """
        if task is not None:
            changed = self._changed
            task.add_done_callback(lambda _task: changed.set())
        while True:
            self._changed.clear()
            await self._obey(obey, lambda order: not isinstance(order, Hint))
            if met():
                return
            await self._changed.wait()

    async def _obey(self, obey: Obey, which: Callable[[Order], bool]) -> None:
        """Carry out the orders of a kind, in turn; those that have to wait stay in the queue."""
        with self._lock:
            due = [queued for queued in self._orders if which(queued.order)]
        for queued in due:
            try:
                if not await obey(queued.order):
                    continue
                queued.done.set_result(True)
            except EXPECTED as error:
                queued.done.set_exception(error)
            with self._lock:
                self._orders.remove(queued)
