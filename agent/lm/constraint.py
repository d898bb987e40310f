"""Constrained slow mode: which tokens may come next.

Choices are matched over their own canonical tokenisations, so that a constrained action is the same
token sequence that encoding its text gives. Grammars go through llguidance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import torch

from agent.errors import ModelFailed
from agent.lm.tokenizer import TokenizerVocabulary
from agent.lm.types import Choices, Constraint, Grammar


class Matcher(Protocol):
    """Follows one generation. `done` is true once nothing may follow."""

    @property
    def done(self) -> bool: ...

    def mask(self, logits: torch.Tensor, left: int) -> torch.Tensor:
        """Logits with every forbidden token at -inf; `left` tokens may still come. # (V,) -> (V,)"""
        ...

    def canonical(self, token: int) -> bool:
        """Whether the text so far, with this token, is spelt as encoding it would spell it."""
        ...

    def accept(self, token: int) -> None:
        """Advance by a token that the mask allowed."""
        ...


_TRIES = 24


def draw(
    matcher: Matcher, logits: torch.Tensor, left: int, choose: Callable[[torch.Tensor], int]
) -> int:
    """The token that `choose` takes of those that the matcher allows; the matcher does not advance.

    A text has many spellings in tokens, and a model has only ever seen the one that encoding gives. So
    other spellings are passed over, as long as there is anything else.
    """
    allowed = matcher.mask(logits, left)  # (V,)
    first = token = choose(allowed)
    for _ in range(_TRIES):
        if matcher.canonical(token):
            return token
        allowed[token] = float("-inf")
        if bool(torch.isneginf(allowed).all()):
            break
        token = choose(allowed)
    return first


def only(logits: torch.Tensor, allowed: Sequence[int]) -> torch.Tensor:
    """Logits with everything but `allowed` at -inf. # (V,) -> (V,)"""
    masked = torch.full_like(logits, float("-inf"))
    masked[list(allowed)] = logits[list(allowed)]
    return masked


class ChoiceMatcher:
    """One of several token sequences, then `end`. The set is small, so a list is its own trie."""

    def __init__(self, sequences: Iterable[Sequence[int]], end: int) -> None:
        self._left = list(dict.fromkeys((*sequence, end) for sequence in sequences))
        self._at = 0
        if not self._left:
            raise ModelFailed("a constrained generation was asked for with no choices")

    @property
    def done(self) -> bool:
        return all(len(sequence) == self._at for sequence in self._left)

    def mask(self, logits: torch.Tensor, left: int) -> torch.Tensor:
        """Only sequences that can still be finished count. Their end may be what no longer fits.

        Raises ModelFailed where none fits, which the first call finds out.
        """
        for room in (left, left + 1):
            fitting = {s[self._at] for s in self._left if self._at < len(s) <= self._at + room}
            if fitting:
                return only(logits, sorted(fitting))
        shortest = min(len(s) for s in self._left) - 1
        raise ModelFailed(
            f"none of {len(self._left)} choices fits into {left} tokens; the shortest needs {shortest}"
        )

    def canonical(self, token: int) -> bool:
        return True  # the choices are encoded texts

    def accept(self, token: int) -> None:
        self._left = [s for s in self._left if len(s) > self._at and s[self._at] == token]
        self._at += 1


_CHARACTER = 4  # tokens that one character may take: a token holds at least one byte


class GrammarMatcher:
    """A Lark grammar through llguidance, brought to a whole ending however few tokens are left."""

    def __init__(
        self,
        guide: Any,
        grammar: Grammar,
        vocabulary: TokenizerVocabulary,
        broken: torch.Tensor,  # (V,), bool
    ) -> None:
        """`broken` tokens hold a part of a character."""
        self._guide, self._vocabulary, self._broken = guide, vocabulary, broken
        self._kept: list[int] = []
        self._matcher = self._follow(grammar.lark)
        self._closing: list[int] = guide.tokenize_str(grammar.closing)
        self._separator: list[int] = guide.tokenize_str(grammar.separator)
        # What cannot lead away from a place where the closing may come.
        self._stay = rf"start: /[^\u{ord(grammar.closing[0]):04x}]+/" if grammar.closing else ""
        # With no more tokens than this left there is no room for another opening.
        self._last = len(grammar.opening.encode()) + _CHARACTER + len(self._closing)
        self._near_end = False
        self._forced: list[int] = []

    @property
    def done(self) -> bool:
        return bool(self._matcher.is_stopped())

    def mask(self, logits: torch.Tensor, left: int) -> torch.Tensor:
        """What the grammar allows; near the end only what leaves room for the closing."""
        self._forced = self._forced or self._way_out(left)
        if self._forced:
            return only(logits, self._forced[:1])
        masked = _where_allowed(self._matcher, logits)
        self._near_end = left <= self._last and self._may_come(self._closing)
        if self._near_end:
            masked = _where_allowed(self._follow(self._stay), masked)
            if left < len(self._closing) + _CHARACTER:  # no room for the rest of a character
                masked = masked.masked_fill(self._broken.to(masked.device), float("-inf"))
            masked[self._closing[0]] = logits[self._closing[0]]
        return masked

    def canonical(self, token: int) -> bool:
        if token in self._vocabulary.end_ids or not self._spelt(self._kept):
            return True  # what is spelt another way already stays so
        return self._spelt([*self._kept, token])

    def _spelt(self, ids: list[int]) -> bool:
        text = self._vocabulary.decode(ids)
        # A character that is not whole yet has no spelling of its own.
        return text.endswith("\ufffd") or self._vocabulary.encode(text) == ids

    def accept(self, token: int) -> None:
        self._kept.append(token)
        if not self._matcher.consume_token(token):
            raise ModelFailed(f"llguidance refused token {token}: {self._matcher.get_error()}")
        if self._near_end and token == self._closing[0]:
            self._forced = self._closing  # the model began it by itself
        self._near_end = False
        self._forced = self._forced[1:]

    def _way_out(self, left: int) -> list[int]:
        """The tokens that must come now, if any. A character that is begun takes up to 3 more."""
        closing, separator = self._closing, self._separator
        if left <= len(closing) and self._may_come(closing):
            return closing
        if left >= len(separator) + _CHARACTER + len(closing) + _CHARACTER:
            return []
        # Where the closing may follow it, the separator is no more than text.
        leads_out = self._may_come(separator) and not self._may_come([*separator, *closing])
        return separator if leads_out else []

    def _may_come(self, tokens: list[int]) -> bool:
        return bool(tokens) and self._matcher.validate_tokens(tokens) == len(tokens)

    def _follow(self, lark: str) -> Any:
        import llguidance

        matcher = llguidance.LLMatcher(self._guide, lark)
        if matcher.is_error():
            raise ModelFailed(f"llguidance refused the grammar: {matcher.get_error()}")
        return matcher


def _where_allowed(matcher: Any, logits: torch.Tensor) -> torch.Tensor:
    """Logits with every token that the grammar forbids now at -inf. # (V,) -> (V,)

    llguidance.torch does the same through torch.compile, which wants a compiler and seconds.
    """
    packed = torch.frombuffer(bytearray(matcher.compute_bitmask()), dtype=torch.uint8)  # (V / 8,)
    bits = (packed[:, None] >> torch.arange(8, dtype=torch.uint8)) & 1  # (V / 8, 8)
    allowed = torch.zeros(logits.shape, dtype=torch.bool)
    allowed[: bits.numel()] = bits.flatten()[: len(allowed)].bool()
    return logits.masked_fill(~allowed.to(logits.device), float("-inf"))


class Constraints:
    """Builds matchers for one vocabulary, converted for llguidance once, on first use."""

    def __init__(self, vocabulary: TokenizerVocabulary, logits_width: int) -> None:
        self._vocabulary = vocabulary
        self._logits_width = logits_width
        self._end = min(vocabulary.turns.assistant_end[:1] or vocabulary.end_ids)
        self._guide: Any = None
        self._broken = torch.empty(0)

    def matcher(self, constraint: Constraint) -> Matcher:
        """A fresh matcher. Raises ModelFailed for an empty set of choices or a bad grammar."""
        encode = self._vocabulary.encode
        if isinstance(constraint, Choices):
            return ChoiceMatcher(map(encode, constraint.texts), self._end)
        if self._guide is None:
            import llguidance.hf

            self._guide = llguidance.hf.from_tokenizer(
                self._vocabulary.tokenizer,  # type: ignore[arg-type]
                n_vocab=self._logits_width,
                eos_token=self._end,
            )
            self._broken = self._find_broken()
        return GrammarMatcher(self._guide, constraint, self._vocabulary, self._broken)

    def _find_broken(self) -> torch.Tensor:
        """Which tokens hold a part of a character, or have no text at all. # (V,)"""
        texts = self._vocabulary.tokenizer.batch_decode(
            [[token] for token in range(len(self._vocabulary.tokenizer))]
        )
        found = torch.ones(self._logits_width, dtype=torch.bool)
        found[: len(texts)] = torch.tensor(["\ufffd" in text for text in texts])
        return found
