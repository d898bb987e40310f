"""One request on its way through the engine: what it feeds into a pass, and what it keeps of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field

import torch

from agent.errors import ModelFailed
from agent.lm import burst as bursts
from agent.lm.constraint import Matcher, draw
from agent.lm.network import Part
from agent.lm.sampling import Rows, choose
from agent.lm.session import Session
from agent.lm.stops import text_is_complete
from agent.lm.types import Generation, Mode, Pass, Request, Slow, StopReason
from agent.lm.vocabulary import Vocabulary

# A guess costs a position and no pass, so verified slow mode guesses on even odds.
GUESS_CONFIDENCE = 0.5


@dataclass(slots=True)
class Job:
    """A request and its progress. A Reader: it draws its own tokens from a pass's logits."""

    session_name: str
    window: tuple[int, ...]
    request: Request
    notify: Callable[[Pass], None]
    vocabulary: Vocabulary
    future: Future[Generation] = field(default_factory=Future)
    matcher: Matcher | None = None
    error: BaseException | None = None

    _session: Session = field(init=False)
    _mode: Mode = field(init=False)
    _masks: int = 0
    _generator: torch.Generator = field(default_factory=torch.Generator)
    _uniforms: list[float] = field(default_factory=list)
    _started: float = 0.0
    _passes: list[Pass] = field(default_factory=list)
    _kept: list[int] = field(default_factory=list)
    _logprobs: list[float | None] = field(default_factory=list)
    _agreed: list[bool | None] = field(default_factory=list)
    _pending: list[int] = field(default_factory=list)  # to be computed by the next pass
    _guesses: list[int] = field(default_factory=list)  # verified slow mode: fed after them
    _unscored: int = 1  # pending tokens whose logits are wanted
    _drawn: list[int] = field(default_factory=list)  # drawn from ordinary logits in this pass
    _rejected: int = 0

    def begin(self, session: Session) -> None:
        """Mirror the window and get ready for the first pass."""
        self._started = time.perf_counter()
        self._session, self._mode = session, self.request.mode
        self._pending = session.follow(self.window)
        self._generator.manual_seed(self.request.sampling.seed)

    def may_pass(self) -> bool:
        """Whether nobody holds its next pass back."""
        return self.request.gate is None or self.request.gate.may_pass()

    def set_mode(self, most_masks: int) -> None:
        """Look up how the next pass is to think, and how many masks it carries for it."""
        mode = self.request.mode_after(len(self._passes))
        if mode != self._mode:
            self._mode, self._guesses = mode, []  # a burst guesses nothing
        kept = len(self._passes[-1].token_ids) if self._passes else None
        if not isinstance(mode, Slow):
            self._masks = bursts.masks_carried(min(mode.k - 1, most_masks), mode.confidence, kept)
        elif mode.verified:
            self._masks = bursts.masks_carried(most_masks, GUESS_CONFIDENCE, kept)
        else:
            self._masks = 0  # the filter would delete what they produce

    @property
    def width(self) -> int:
        """Positions that the next pass computes for this request."""
        return len(self._pending) + len(self._guesses) + self._masks

    def part(self) -> Part:
        """This request's share of the next pass."""
        fed = [*self._pending, *self._guesses]
        return Part(self._session.slot, fed, self._masks, self._unscored + len(self._guesses))

    def first(self, logits: torch.Tensor) -> bursts.Drawn | None:
        """Score the tokens kept last time, check the guesses, draw the next token. # (scored, V)"""
        try:
            return self._first(logits)
        except Exception as error:  # noqa: BLE001 -- one request's failure must not end the batch
            self.error = error
            return None

    def _first(self, logits: torch.Tensor) -> bursts.Drawn | None:
        rows = Rows(logits, self.request.sampling)
        earlier = self._unscored - 1
        for row in range(earlier):
            self._score(len(self._kept) - earlier + row, rows, row)
        self._drawn, self._rejected = [], 0
        for place in range(len(rows) - earlier):
            token = self._draw(rows, earlier + place)
            self._drawn.append(token)
            guessed = self._guesses[place : place + 1]
            if guessed and (guessed != [token] or self._stop_at([*self._kept, *self._drawn])):
                self._rejected = len(self._guesses) - place
                return None
        return bursts.Drawn(token, rows.top_probability(len(rows) - 1))

    def further(self, logits: torch.Tensor, place: int) -> int:
        """Draw the burst's token at `place` among its candidates. # (C,)"""
        if bool(logits.isnan().any()):
            named = ModelFailed(f"the burst adapter's logits at mask {place} are NaN")
            self.error = self.error or named
            return 0
        position = len(self._kept) + len(self._drawn) - 1 + place
        return choose(logits, self.request.sampling, self._uniform(position))

    def advance(self, burst: bursts.Burst) -> None:
        """Keep what the mode keeps of a pass, and finish where a stop was reached."""
        prefill = len(self._pending) - (self._unscored if self._passes else 0)
        fed = len(self._pending) + len(self._guesses) - self._rejected
        self._session.commit([*self._pending, *self._guesses][:fed])
        new = self._keep(burst)
        stop = None
        before = len(self._kept)
        for place, token in enumerate(new, start=1):
            self._kept.append(token)
            stop = self._stop_at(self._kept, drawn=place == len(new))
            if stop:
                break
        kept = self._kept[before:]
        unknown = len(self._kept) - len(self._logprobs)
        self._logprobs += [None] * unknown
        self._agreed += [None] * unknown
        each = Pass(tuple(kept), tuple(self._logprobs[before : len(self._kept)]), prefill)
        self._passes.append(each)
        if self.request.gate is not None:
            self.request.gate.passed(self.request.purpose)
        self.notify(each)
        stop = stop or self._out_of_passes()
        if stop:
            self._finish(stop)

    def _keep(self, burst: bursts.Burst) -> list[int]:
        """The tokens to keep, and what the next pass is to be fed."""
        mode = self._mode
        if isinstance(mode, Slow):
            self._pending, self._unscored = self._drawn[-1:], 1
            if not mode.verified:
                return bursts.first_token_filter(burst.ids)
            self._guesses = burst.ids[1 : bursts.confidence_cut(burst, GUESS_CONFIDENCE)]
            return self._drawn
        kept = burst.ids[: bursts.confidence_cut(burst, mode.confidence)]
        kept = kept[: self.request.max_tokens - len(self._kept)]
        self._pending, self._unscored = kept, len(kept)
        return kept

    def _draw(self, rows: Rows, row: int) -> int:
        place = len(self._kept) + len(self._drawn)
        uniform = self._uniform(place)
        if self.matcher:
            sampling = self.request.sampling
            left = self.request.max_tokens - place
            token = draw(
                self.matcher, rows.logits(row), left, lambda all_: choose(all_, sampling, uniform)
            )
            self.matcher.accept(token)
        else:
            token = rows.choose(row, uniform)
        self._logprobs.append(rows.logprob(row, token))
        self._agreed.append(None)
        return token

    def _score(self, index: int, rows: Rows, row: int) -> None:
        """What one-token decoding says of a token that a mask produced; it is not rejected for it."""
        token = self._kept[index]
        self._logprobs[index] = rows.logprob(row, token)
        self._agreed[index] = rows.choose(row, self._uniform(index)) == token

    def _uniform(self, position: int) -> float:
        """The random number of a position: the same whatever mode or batch reaches it."""
        while len(self._uniforms) <= position:
            self._uniforms.append(
                float(torch.rand((), generator=self._generator, dtype=torch.float64))
            )
        return self._uniforms[position]

    def _stop_at(self, kept: list[int], *, drawn: bool = True) -> StopReason | None:
        """Why to stop after these tokens; `drawn`: the last of them is the last that was drawn."""
        request = self.request
        if kept[-1] in self.vocabulary.end_ids:
            return "stop_token"
        if text_is_complete(self.vocabulary, kept, request.stop_strings):
            return "stop_string"
        if drawn and self.matcher and self.matcher.done:  # it has seen all that were drawn
            return "constraint"
        return "max_tokens" if len(kept) >= request.max_tokens else None

    def _out_of_passes(self) -> StopReason | None:
        most = self.request.max_passes
        return "max_passes" if most is not None and len(self._passes) >= most else None

    def _finish(self, stop: StopReason) -> None:
        at, passes = 0, []
        for each in self._passes:
            end = at + len(each.token_ids)
            logprobs, agreed = tuple(self._logprobs[at:end]), tuple(self._agreed[at:end])
            passes.append(Pass(each.token_ids, logprobs, each.prefill, agreed))
            at = end
        result = Generation(tuple(passes), stop, time.perf_counter() - self._started)
        # The caller may cancel between our check and this line: then nobody waits for the outcome.
        with contextlib.suppress(InvalidStateError):
            self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        """Tell the caller what went wrong, as a ModelFailed."""
        named = error
        if not isinstance(error, ModelFailed):
            named = ModelFailed(f"{type(error).__name__}: {error}")
            named.__cause__ = error
        with contextlib.suppress(InvalidStateError):
            self.future.set_exception(named)
