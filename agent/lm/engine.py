"""Many sessions, one model, one thread that owns torch.

Requests wait in a queue; the thread gives all active ones a forward pass together, so that a request
joins, leaves or is cancelled between passes and never inside one.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

import torch

from agent.errors import AdapterMismatch, ConfigError, ModelFailed
from agent.lm.burst import burst_pass
from agent.lm.constraint import Constraints
from agent.lm.job import Job
from agent.lm.network import Network, Part, PassFailed
from agent.lm.session import Session
from agent.lm.tokenizer import TokenizerVocabulary
from agent.lm.types import Burst, Generation, OnPass, Pass, Request

T = TypeVar("T")
_CLOSED = "the engine was closed"
_CLOSE_LIMIT_S = 30.0
# A longer piece of new tokens gets a pass of its own: beside it the others would only wait.
WIDE_TOKENS = 96


class Engine:
    """A transformers causal LM behind the LanguageModel protocol."""

    def __init__(
        self, network: Network, vocabulary: TokenizerVocabulary, *, name: str, fingerprint: str
    ) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.vocabulary = vocabulary
        self._network = network
        self.context_limit = int(network.config.max_position_embeddings)
        dtype = str(network.dtype).removeprefix("torch.")
        self.numerics = f"{dtype} on {network.device}, {torch.get_num_threads()} threads"
        self._constraints = Constraints(vocabulary, int(network.config.vocab_size))
        self._sessions: dict[str, Session] = {}
        self._queue: queue.SimpleQueue[Job | Callable[[], None] | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="steno-engine", daemon=True)
        self._thread.start()

    @property
    def burst_limit(self) -> int:
        """The largest burst: 1 without an adapter."""
        return self._network.most_masks + 1

    async def generate(
        self, session: str, window: Sequence[int], request: Request, on_pass: OnPass | None = None
    ) -> Generation:
        """See LanguageModel. Raises ModelFailed, AdapterMismatch and ConfigError."""
        loop = asyncio.get_running_loop()

        def notify(each: Pass) -> None:
            if on_pass is not None:
                with contextlib.suppress(
                    RuntimeError
                ):  # the caller's loop is closed: nobody listens
                    loop.call_soon_threadsafe(on_pass, each)

        self._check(window, request)
        job = Job(session, tuple(window), request, notify, self.vocabulary)
        with self._closing:
            if self._closed:
                raise ModelFailed(_CLOSED)
            self._queue.put(job)
        # Cancelling the awaiting task cancels the future, which the thread sees before its next pass.
        with request.gate.listening(self._wake) if request.gate else contextlib.nullcontext():
            return await asyncio.wrap_future(job.future)

    def _check(self, window: Sequence[int], request: Request) -> None:
        if not window:
            raise ModelFailed("the window is empty; a generation needs at least one token")
        if len(window) + request.max_tokens > self.context_limit:
            raise ModelFailed(
                f"{len(window)} window tokens and up to {request.max_tokens} new ones exceed "
                f"the {self.context_limit} positions of {self.name}; make window.budget smaller"
            )
        if isinstance(request.mode, Burst):
            self._check_burst(request.mode)
            if request.constraint is not None:
                raise ModelFailed("constraints are for slow mode; a burst is not verified")

    def _check_burst(self, mode: Burst) -> None:
        if mode.k < 1 or not 0 <= mode.confidence <= 1:
            raise ConfigError(
                f"a burst of k {mode.k} with confidence {mode.confidence} was asked for; k must be at "
                "least 1, and confidence from 0 to 1"
            )
        if mode.k > self.burst_limit > 1:
            raise AdapterMismatch(
                f"a burst of {mode.k} was asked for, and the adapter was trained for "
                f"{self.burst_limit}; use k up to {self.burst_limit}"
            )

    async def greedy(self, context: Sequence[int], ids: Sequence[int]) -> list[int]:
        """The token that greedy one-token decoding would choose in the place of each of `ids`.

        One wide pass on a slot of its own. Raises ModelFailed where the model raises.
        """
        return await self.call(partial(self._greedy, list(context), list(ids)))

    async def call(self, work: Callable[[], T]) -> T:
        """What `work` returns, done on the engine's thread between two passes.

        For torch code that must not run beside a pass (see `weights.apart`). Raises what it raises,
        and ModelFailed where the engine is closed.
        """
        found: Future[T] = Future()
        with self._closing:
            if self._closed:
                raise ModelFailed(_CLOSED)
            self._queue.put(partial(self._answer, work, found))
        return await asyncio.wrap_future(found)

    def forget(self, session: str) -> None:
        """Drop the cache of a session, between passes."""
        self._queue.put(partial(self._drop, session))

    def close(self) -> None:
        """Stop the thread after the pass that is running; requests that wait or come later fail.

        A pass that hangs is waited for no longer than _CLOSE_LIMIT_S: its thread ends with the process.
        """
        with self._closing:
            self._closed = True
            self._queue.put(None)
        self._thread.join(_CLOSE_LIMIT_S)

    def _wake(self) -> None:
        """Have the thread look again at what it holds back."""
        self._queue.put(lambda: None)

    # --- everything below runs on the engine's thread ---

    def _answer(self, work: Callable[[], T], found: Future[T]) -> None:
        if not found.set_running_or_notify_cancel():
            return
        try:
            found.set_result(work())
        except Exception as error:  # noqa: BLE001 -- it belongs to whoever asked
            found.set_exception(error)

    def _greedy(self, context: list[int], ids: list[int]) -> list[int]:
        slot = self._network.slots.take()
        try:
            [heads] = self._network.forward([Part(slot, [*context, *ids[:-1]], scored=len(ids))])
            chosen: list[int] = heads.logits.argmax(-1).tolist()
            return chosen
        except PassFailed as error:
            raise ModelFailed(f"the model failed: {error.__cause__}") from error
        finally:
            self._network.slots.give_back(slot)

    def _drop(self, session: str) -> None:
        dropped = self._sessions.pop(session, None)
        if dropped is not None:
            self._network.slots.give_back(dropped.slot)

    @torch.inference_mode()
    def _serve(self) -> None:
        active: list[Job] = []
        waiting: list[Job] = []
        while True:
            active = [job for job in active if not job.future.done()]
            waiting = self._admit(waiting, active)
            ready = [job for job in active if job.may_pass()]
            if ready and self._queue.empty():
                for job in ready:
                    job.set_mode(self._network.most_masks)
                for batch in self._batches(ready):
                    self._advance(batch)
                continue
            item = self._queue.get()
            if item is None:
                for job in active + waiting:
                    job.fail(ModelFailed(_CLOSED))
                self._sessions.clear()
                return
            if isinstance(item, Job):
                waiting.append(item)
            else:
                item()

    def _admit(self, waiting: list[Job], active: list[Job]) -> list[Job]:
        """Begin what can begin; a second request on a busy session waits for the first."""
        busy = {job.session_name for job in active}
        left = []
        for job in waiting:
            if job.future.cancelled():
                continue
            if job.session_name in busy:
                left.append(job)
            elif self._begin(job):
                active.append(job)
                busy.add(job.session_name)
        return left

    def _begin(self, job: Job) -> bool:
        try:
            job.matcher = (
                self._constraints.matcher(job.request.constraint)
                if job.request.constraint is not None
                else None
            )
        except Exception as error:  # noqa: BLE001 -- whatever one request raises is its own failure
            job.fail(error)
            return False
        if job.session_name not in self._sessions:
            self._sessions[job.session_name] = Session(self._network.slots.take())
        job.begin(self._sessions[job.session_name])
        return True

    def _batches(self, active: Sequence[Job]) -> list[list[Job]]:
        wide = [[job] for job in active if job.width > WIDE_TOKENS]
        narrow = [job for job in active if job.width <= WIDE_TOKENS]
        return [*wide, *([narrow] if narrow else [])]

    def _advance(self, batch: list[Job]) -> None:
        """One pass for these requests. A failed pass is tried alone, to find whose fault it was."""
        try:
            bursts = burst_pass(self._network, [job.part() for job in batch], batch)
        except PassFailed as error:
            if len(batch) > 1:
                for job in batch:
                    self._advance([job])
                return
            self._fail(batch[0], error.__cause__ or error)
            return
        for job, burst in zip(batch, bursts, strict=True):
            if job.error is not None:
                self._fail(job, job.error)
            else:
                job.advance(burst)

    def _fail(self, job: Job, error: BaseException) -> None:
        # What the cache holds is unknown after an error, so the session starts afresh.
        self._drop(job.session_name)
        job.fail(error)
