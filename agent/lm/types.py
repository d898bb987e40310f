"""The words of the model boundary: what the loop asks of a language model, and what it gets back.

Nothing here imports torch, so the loop, the trace and the tests can use it without one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agent.lm.dial import Dial
from agent.lm.gate import Gate
from agent.lm.vocabulary import Vocabulary

Purpose = Literal["think", "summarise", "act"]
StopReason = Literal[
    "stop_token", "stop_string", "constraint", "max_tokens", "max_passes", "cancelled"
]

BURST_SIZE = 12
"""The largest burst of adapters, unless they are made for another."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Burst mode: a pass may keep up to `k` tokens, fewer where one is under `confidence` (0..1)."""

    k: int
    confidence: float

    def __str__(self) -> str:
        return f"burst({self.k}, {self.confidence})"


@dataclass(frozen=True, slots=True)
class Slow:
    """Slow mode: the first-token filter keeps one token a pass.

    `verified`: the tokens that the filter would delete serve as guesses, and those that the next pass
    would have produced anyway are kept. Same text, fewer passes.
    """

    verified: bool = False

    def __str__(self) -> str:
        return "slow(verified)" if self.verified else "slow"


Mode = Burst | Slow


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a token is drawn from logits. Temperature 0 is greedy and ignores the rest."""

    temperature: float = 0.0
    top_p: float = 1.0
    min_p: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Choices:
    """The output is one of these texts, exactly, then the end of the turn."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grammar:
    """The output is a text of this Lark grammar (llguidance's dialect), then the end of the turn.

    `closing` is text that may end it from most places. It is forced when the tokens that are left just
    suffice for it, so that the output is whole even where the model would have gone on. Its first
    character leads away from such a place; `opening` is the longest text that must then come before the
    next one is a character away. `separator` leads out of a stretch of any length inside an opening (a
    title). With these the output is whole for any logits, given len(opening) + 8 tokens or more.
    """

    lark: str
    closing: str = ""
    separator: str = ""
    opening: str = ""


Constraint = Choices | Grammar


@dataclass(frozen=True, slots=True)
class Request:
    """One generation: continue a window until a stop.

    `stop_strings` end it at the first token whose text completes one of them; the end-of-turn tokens
    of the vocabulary always end it. `max_tokens` and `max_passes` count kept tokens and emitting passes.
    A `gate` may hold its passes back, and a `dial` change its mode between two of them: they are no
    part of what is asked.
    """

    purpose: Purpose
    mode: Mode
    max_tokens: int
    sampling: Sampling = field(default_factory=Sampling)
    stop_strings: tuple[str, ...] = ()
    max_passes: int | None = None
    constraint: Constraint | None = None
    gate: Gate | None = field(default=None, compare=False, repr=False)
    dial: Dial | None = field(default=None, compare=False, repr=False)

    def mode_after(self, made: int) -> Mode:
        """The mode of the pass that comes after `made` ones."""
        return self.mode if self.dial is None else self.dial.after(made)


@dataclass(frozen=True, slots=True)
class Pass:
    """One forward pass that emitted tokens.

    `token_ids` are the tokens kept, in order; `logprobs` (natural log) those under ordinary one-token
    decoding at temperature 1, None where no later pass has told yet; `prefill` the positions before
    them that this pass computed too; `agreed` whether ordinary decoding, with the same random number,
    would have chosen the token (None for tokens that it did choose, and for those unknown).
    """

    token_ids: tuple[int, ...]
    logprobs: tuple[float | None, ...]
    prefill: int = 0
    agreed: tuple[bool | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Generation:
    """What one request produced. `passes` hold every kept token, the stop token included."""

    passes: tuple[Pass, ...]
    stop: StopReason
    wall_s: float

    @property
    def token_ids(self) -> tuple[int, ...]:
        """All kept tokens, in order."""
        return tuple(token for each in self.passes for token in each.token_ids)

    @property
    def prefill_tokens(self) -> int:
        """Positions computed that were not emitted by this generation."""
        return sum(each.prefill for each in self.passes)


OnPass = Callable[[Pass], None]
"""Told of each pass as it comes, with what is known then: scores of its later tokens follow."""


class LanguageModel(Protocol):
    """What the loop needs of a model. Sessions are named by the caller and mirror one window each."""

    name: str
    fingerprint: str
    """A hash of the weights (and adapters): two models with one fingerprint compute the same."""
    context_limit: int
    """The most positions that the model was made for."""
    numerics: str
    """In which precision, where and on how many threads it computes, for the record."""

    @property
    def burst_limit(self) -> int:
        """The largest burst that the model can emit: 1 without a burst adapter."""
        ...

    @property
    def vocabulary(self) -> Vocabulary:
        """Text to token ids and back."""
        ...

    async def generate(
        self, session: str, window: Sequence[int], request: Request, on_pass: OnPass | None = None
    ) -> Generation:
        """Continue `window` (token ids, whole). What the session has already computed is reused.

        Cancelling the awaiting task takes effect at the next forward pass.
        Raises ModelFailed where the model raises or its logits are not numbers.
        """
        ...

    def forget(self, session: str) -> None:
        """Drop what is kept for a session. Unknown names are fine."""
        ...

    def close(self) -> None:
        """Stop the model's threads and free its memory."""
        ...
