"""The text of a generation as its tokens come: a character may be cut across tokens."""

from __future__ import annotations

from collections.abc import Sequence

from agent.lm.vocabulary import Vocabulary

_CUT = "\ufffd"  # what stands for the beginning of a character whose end is in a later token


class Spelling:
    """Tokens in, text out, as soon as it is known to stay."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._ids: list[int] = []
        self._told = 0  # characters

    def more(self, ids: Sequence[int]) -> str:
        """The text that these tokens add to what was told so far."""
        self._ids += ids
        text = self._vocabulary.decode(self._ids).rstrip(_CUT)
        added, self._told = text[self._told :], max(self._told, len(text))
        return added
