"""Many sessions, one model, one thread that owns torch.

Requests wait in a queue; the thread gives each active request one forward pass in turn, so that a
request joins, leaves or is cancelled between passes and never inside one.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

from agent.errors import ModelFailed
from agent.lm.constraint import Constraints, Matcher
from agent.lm.sampling import check, choose, logprob
from agent.lm.session import Session
from agent.lm.stops import text_is_complete
from agent.lm.tokenizer import TokenizerVocabulary
from agent.lm.types import Generation, OnPass, Pass, Request, StopReason

_CLOSED = "the engine was closed"


@dataclass(slots=True)
class _Job:
    """One request on its way through the engine."""

    session: str
    window: tuple[int, ...]
    request: Request
    notify: Callable[[Pass], None]
    future: Future[Generation] = field(default_factory=Future)
    passes: list[Pass] = field(default_factory=list)
    started: float = 0.0
    matcher: Matcher | None = None
    generator: torch.Generator | None = None
    kept: list[int] = field(default_factory=list)


class Engine:
    """A transformers causal LM behind the LanguageModel protocol."""

    def __init__(
        self, network: Any, vocabulary: TokenizerVocabulary, *, name: str, fingerprint: str
    ) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.vocabulary = vocabulary
        self._network = network
        text_config = network.config.get_text_config()
        self.context_limit = int(text_config.max_position_embeddings)
        self._constraints = Constraints(vocabulary, int(text_config.vocab_size))
        dtype = str(network.dtype).removeprefix("torch.")
        self.numerics = f"{dtype} on {network.device}, {torch.get_num_threads()} threads"
        self._sessions: dict[str, Session] = {}
        self._queue: queue.SimpleQueue[_Job | Callable[[], None] | None] = queue.SimpleQueue()
        self._closed = False
        self._closing = threading.Lock()  # nothing enters the queue behind the None that ends it
        self._thread = threading.Thread(target=self._serve, name="steno-engine", daemon=True)
        self._thread.start()

    async def generate(
        self, session: str, window: Sequence[int], request: Request, on_pass: OnPass | None = None
    ) -> Generation:
        """See LanguageModel. Raises ModelFailed."""
        loop = asyncio.get_running_loop()

        def notify(each: Pass) -> None:
            # A loop that was closed meanwhile has nobody left to tell.
            with contextlib.suppress(RuntimeError):
                if on_pass is not None:
                    loop.call_soon_threadsafe(on_pass, each)

        job = _Job(session, tuple(window), request, notify)
        with self._closing:
            if self._closed:
                raise ModelFailed(_CLOSED)
            self._queue.put(job)
        # Cancelling the awaiting task cancels the future, which the thread sees before its next pass.
        return await asyncio.wrap_future(job.future)

    def forget(self, session: str) -> None:
        """Drop the cache of a session, between passes."""
        self._queue.put(partial(self._drop, session))

    def close(self) -> None:
        """Stop the thread after the pass that is running; requests that wait or come later fail."""
        with self._closing:
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    # --- everything below runs on the engine's thread ---

    def _drop(self, session: str) -> None:
        self._sessions.pop(session, None)

    def _serve(self) -> None:
        active: list[_Job] = []
        while True:
            while not active or not self._queue.empty():
                item = self._queue.get()
                if item is None:
                    for job in active:
                        self._settle(job, ModelFailed(_CLOSED))
                    self._sessions.clear()
                    return
                if isinstance(item, _Job):
                    active.append(item)
                else:
                    item()
            for job in list(active):
                if self._advance(job):
                    active.remove(job)

    def _advance(self, job: _Job) -> bool:
        """One pass for one request. True once it is finished, failed or cancelled."""
        if job.future.cancelled():
            return True
        try:
            with torch.inference_mode():
                stop = self._one_pass(job)
        except Exception as error:  # noqa: BLE001 -- whatever one request raises is its own failure
            # What the cache holds is unknown after an error, so the session starts afresh.
            self._sessions.pop(job.session, None)
            named = error if isinstance(error, ModelFailed) else ModelFailed(_describe(error))
            named.__cause__ = error if named is not error else error.__cause__
            self._settle(job, named)
            return True
        job.notify(job.passes[-1])
        if stop is None:
            return False
        self._settle(job, Generation(tuple(job.passes), stop, time.perf_counter() - job.started))
        return True

    def _one_pass(self, job: _Job) -> StopReason | None:
        session = self._sessions.setdefault(job.session, Session())
        if not job.passes:
            self._begin(job)
        assert job.generator is not None
        # Followed afresh for each pass: the session may have been forgotten, or used by another request.
        ids = session.follow([*job.window, *job.kept])
        prefill = len(ids) - (1 if job.passes else 0)
        logits = session.extend(self._network, ids).float()  # (V,)
        check(logits)
        left = job.request.max_tokens - len(job.kept)
        allowed = logits
        if job.matcher:
            allowed = job.matcher.mask(logits, left)
            check(allowed)
        token = choose(allowed, job.request.sampling, job.generator)
        if job.matcher:
            job.matcher.accept(token)
        job.passes.append(Pass((token,), (logprob(logits, token),), prefill))
        job.kept.append(token)
        return self._stop(job)

    def _begin(self, job: _Job) -> None:
        request = job.request
        if len(job.window) + request.max_tokens > self.context_limit:
            raise ModelFailed(
                f"{len(job.window)} window tokens and up to {request.max_tokens} new ones exceed "
                f"the {self.context_limit} positions of {self.name}; make window.budget smaller"
            )
        job.started = time.perf_counter()
        # A CPU generator on every device: one seed means one stream wherever it runs.
        job.generator = torch.Generator().manual_seed(request.sampling.seed)
        if request.constraint is not None:
            job.matcher = self._constraints.matcher(request.constraint)

    def _stop(self, job: _Job) -> StopReason | None:
        request = job.request
        if job.kept[-1] in self.vocabulary.end_ids:
            return "stop_token"
        if text_is_complete(self.vocabulary, job.kept, request.stop_strings):
            return "stop_string"
        if job.matcher and job.matcher.done:
            return "constraint"
        if len(job.kept) >= request.max_tokens:
            return "max_tokens"
        if request.max_passes is not None and len(job.passes) >= request.max_passes:
            return "max_passes"
        return None

    def _settle(self, job: _Job, outcome: Generation | ModelFailed) -> None:
        # The caller may cancel between our check and this line: then nobody waits for the outcome.
        with contextlib.suppress(InvalidStateError):
            if isinstance(outcome, ModelFailed):
                job.future.set_exception(outcome)
            else:
                job.future.set_result(outcome)


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
