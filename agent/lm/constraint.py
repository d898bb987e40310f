"""Constrained slow mode: which tokens may come next.

Choices are matched over their own canonical tokenisations, so that a constrained action is the same
token sequence that encoding its text gives. Grammars go through llguidance.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Protocol

import torch

from agent.errors import ModelFailed
from agent.lm.tokenizer import TokenizerVocabulary
from agent.lm.types import Choices, Constraint


class Matcher(Protocol):
    """Follows one generation. `done` is true once nothing may follow."""

    @property
    def done(self) -> bool: ...

    def mask(self, logits: torch.Tensor) -> torch.Tensor:
        """Logits with every forbidden token at -inf. # (V,) -> (V,)"""
        ...

    def accept(self, token: int) -> None:
        """Advance by a token that the mask allowed."""
        ...


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

    def mask(self, logits: torch.Tensor) -> torch.Tensor:
        allowed = sorted({s[self._at] for s in self._left if len(s) > self._at})
        masked = torch.full_like(logits, float("-inf"))
        masked[allowed] = logits[allowed]
        return masked

    def accept(self, token: int) -> None:
        self._left = [s for s in self._left if len(s) > self._at and s[self._at] == token]
        self._at += 1


class GrammarMatcher:
    """A Lark grammar through llguidance."""

    def __init__(self, tokenizer: Any, lark: str) -> None:
        import llguidance
        import llguidance.torch as bitmasks

        self._bitmasks = bitmasks
        self._matcher = llguidance.LLMatcher(tokenizer, lark)
        if self._matcher.is_error():
            raise ModelFailed(f"llguidance refused the grammar: {self._matcher.get_error()}")
        self._bits = bitmasks.allocate_token_bitmask(1, tokenizer.vocab_size)

    @property
    def done(self) -> bool:
        return bool(self._matcher.is_stopped())

    def mask(self, logits: torch.Tensor) -> torch.Tensor:
        self._bitmasks.fill_next_token_bitmask(self._matcher, self._bits)
        masked = logits.clone()
        self._bitmasks.apply_token_bitmask_inplace(masked, self._bits.to(masked.device))
        return masked

    def accept(self, token: int) -> None:
        if not self._matcher.consume_token(token):
            raise ModelFailed(f"llguidance refused token {token}: {self._matcher.get_error()}")


class Constraints:
    """Builds matchers for one vocabulary; the tokenizer is converted for llguidance once, on first use."""

    def __init__(self, vocabulary: TokenizerVocabulary, logits_width: int) -> None:
        self._vocabulary = vocabulary
        self._logits_width = logits_width
        self._end = min(vocabulary.turns.assistant_end[:1] or vocabulary.end_ids)
        self._guide = lru_cache(maxsize=1)(self._convert)

    def matcher(self, constraint: Constraint) -> Matcher:
        """A fresh matcher. Raises ModelFailed for an empty set of choices or a bad grammar."""
        if isinstance(constraint, Choices):
            encode = self._vocabulary.encode
            return ChoiceMatcher((*encode(text), self._end) for text in constraint.texts)
        return GrammarMatcher(self._guide(), constraint.lark)

    def _convert(self) -> Any:
        import llguidance.hf

        return llguidance.hf.from_tokenizer(
            self._vocabulary.tokenizer, n_vocab=self._logits_width, eos_token=self._end
        )
