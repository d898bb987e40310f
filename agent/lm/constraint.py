"""Constrained slow mode: which tokens may come next.

Choices are matched over their own canonical tokenisations, so that a constrained action is the same
token sequence that encoding its text gives. Grammars go through llguidance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import torch

from agent.errors import ModelFailed
from agent.lm.tokenizer import TokenizerVocabulary
from agent.lm.types import Choices, Constraint


class Matcher(Protocol):
    """Follows one generation. `done` is true once nothing may follow."""

    @property
    def done(self) -> bool: ...

    def mask(self, logits: torch.Tensor, left: int) -> torch.Tensor:
        """Logits with every forbidden token at -inf; `left` tokens may still come. # (V,) -> (V,)"""
        ...

    def accept(self, token: int) -> None:
        """Advance by a token that the mask allowed."""
        ...


def only(logits: torch.Tensor, allowed: Sequence[int]) -> torch.Tensor:
    """Logits with everything but `allowed` at -inf. # (V,) -> (V,)"""
    masked = torch.full_like(logits, float("-inf"))
    masked[list(allowed)] = logits[list(allowed)]
    return masked


class ChoiceMatcher:
    """One of several token sequences. The set is small, so a list is its own trie."""

    def __init__(self, sequences: Iterable[tuple[int, ...]]) -> None:
        self._left = list(dict.fromkeys(sequences))
        self._at = 0
        if not self._left:
            raise ModelFailed("a constrained generation was asked for with no choices")

    @property
    def done(self) -> bool:
        return all(len(sequence) == self._at for sequence in self._left)

    def mask(self, logits: torch.Tensor, left: int) -> torch.Tensor:
        """Only sequences that can still be finished count, unless none can."""
        open_ones = [s for s in self._left if len(s) > self._at]
        fitting = [s for s in open_ones if len(s) - self._at <= left] or open_ones
        return only(logits, sorted({s[self._at] for s in fitting}))

    def accept(self, token: int) -> None:
        self._left = [s for s in self._left if len(s) > self._at and s[self._at] == token]
        self._at += 1


class GrammarMatcher:
    """A Lark grammar through llguidance."""

    def __init__(self, tokenizer: Any, lark: str, closing: Sequence[int]) -> None:
        import llguidance
        import llguidance.torch as bitmasks

        self._bitmasks = bitmasks
        self._matcher = llguidance.LLMatcher(tokenizer, lark)
        if self._matcher.is_error():
            raise ModelFailed(f"llguidance refused the grammar: {self._matcher.get_error()}")
        self._bits = bitmasks.allocate_token_bitmask(1, tokenizer.vocab_size)
        self._closing = list(closing)
        self._forced: list[int] = []

    @property
    def done(self) -> bool:
        return bool(self._matcher.is_stopped())

    def mask(self, logits: torch.Tensor, left: int) -> torch.Tensor:
        """From a few tokens before the last place where the closing fits, it is taken if legal."""
        closing = self._closing
        nearly_out = not self._forced and closing and left <= len(closing) + 3
        if nearly_out and self._matcher.validate_tokens(closing) == len(closing):
            self._forced = list(closing)
        if self._forced:
            return only(logits, self._forced[:1])
        self._bitmasks.fill_next_token_bitmask(self._matcher, self._bits)
        masked = logits.clone()
        self._bitmasks.apply_token_bitmask_inplace(masked, self._bits.to(masked.device))
        return masked

    def accept(self, token: int) -> None:
        if not self._matcher.consume_token(token):
            raise ModelFailed(f"llguidance refused token {token}: {self._matcher.get_error()}")
        self._forced = self._forced[1:]


class Constraints:
    """Builds matchers for one vocabulary, converted for llguidance once, on first use."""

    def __init__(self, vocabulary: TokenizerVocabulary, logits_width: int) -> None:
        self._vocabulary = vocabulary
        self._logits_width = logits_width
        self._end = min(vocabulary.turns.assistant_end[:1] or vocabulary.end_ids)
        self._guide: Any = None

    def matcher(self, constraint: Constraint) -> Matcher:
        """A fresh matcher. Raises ModelFailed for an empty set of choices or a bad grammar."""
        encode = self._vocabulary.encode
        if isinstance(constraint, Choices):
            return ChoiceMatcher((*encode(text), self._end) for text in constraint.texts)
        if self._guide is None:
            import llguidance.hf

            self._guide = llguidance.hf.from_tokenizer(
                self._vocabulary.tokenizer,  # type: ignore[arg-type]
                n_vocab=self._logits_width,
                eos_token=self._end,
            )
        return GrammarMatcher(self._guide, constraint.lark, encode(constraint.closing))
