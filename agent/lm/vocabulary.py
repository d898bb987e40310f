"""Text to token ids and back, with a wall between data and control tokens.

`encode` is for data (observations, notes, a person's words) and can never yield a control token:
invariant 8. Turn marks come from `turns` alone, as token ids that the model's own chat template gave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Turns:
    """The token ids that stand between the texts of a chat, taken from the model's chat template.

    A window reads: begin, SYSTEM, system_to_user, TEXT, user_to_assistant, TEXT, assistant_end,
    open_user, TEXT, user_to_assistant, ... `assistant_end` is what the model itself writes to end its
    turn. Where a template has no system role, `begin` opens a user turn and `system_to_user` is a blank
    line.
    """

    begin: tuple[int, ...]
    system_to_user: tuple[int, ...]
    user_to_assistant: tuple[int, ...]
    assistant_end: tuple[int, ...]
    open_user: tuple[int, ...]

    @property
    def ids(self) -> frozenset[int]:
        """Every token id of the marks."""
        outer = self.begin + self.system_to_user + self.user_to_assistant
        return frozenset(outer + self.assistant_end + self.open_user)


class Vocabulary(Protocol):
    """A tokenizer, seen from the loop."""

    turns: Turns
    end_ids: frozenset[int]
    """Tokens that end a turn or the text when the model emits them."""
    control_ids: frozenset[int]
    """Every token that text must never become."""

    @property
    def identity(self) -> str:
        """What tells it from others: ids of one mean nothing in a vocabulary of another identity."""
        ...

    def encode(self, text: str) -> list[int]:
        """Token ids of `text` as data: none of them is in `control_ids`."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids`; control tokens are left out."""
        ...


def well_formed(text: str) -> str:
    """`text` with each lone surrogate replaced: it stands for no character, and UTF-8 has none."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def clip(vocabulary: Vocabulary, ids: Sequence[int], limit: int) -> list[int]:
    """At most `limit` of `ids`, a cut marked at its end.

    The ids themselves are cut, not the text: re-encoding a shortened text can give more tokens.
    """
    if len(ids) <= limit:
        return list(ids)
    mark = vocabulary.encode(" [...]")
    return [*ids[: limit - len(mark)], *mark] if len(mark) < limit else list(ids[:limit])
