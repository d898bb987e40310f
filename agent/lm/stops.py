"""Where a generation ends: stop strings may cross token and burst boundaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.lm.vocabulary import Vocabulary


def text_is_complete(
    vocabulary: Vocabulary, kept: Sequence[int], stop_strings: Sequence[str]
) -> bool:
    """Whether the text of `kept` holds a stop string. Only its tail is decoded, so a call is cheap.

    The tail is long enough for any stop string that the last tokens can have completed: a stop string
    of n characters is at most n tokens of at least one character, and a burst adds at most one window
    of tokens, which the caller checks token by token.
    """
    if not stop_strings:
        return False
    longest = max(len(stop) for stop in stop_strings)
    tail = vocabulary.decode(kept[-(4 * longest + 4) :])
    return any(stop in tail for stop in stop_strings)


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A generation's tokens without their ending.

    `ids` are exact sampled tokens; `rest` is text that must follow them because a token crossed the
    stop (it is re-encoded by the caller as text that the model did not sample); `text` is both.
    """

    ids: tuple[int, ...]
    rest: str
    text: str
    ended: bool
    """Whether an end-of-turn token or a stop string was there."""


def trim(vocabulary: Vocabulary, ids: Sequence[int], stop_strings: Sequence[str]) -> Trimmed:
    """Cut a generation before its end-of-turn token and before its first stop string."""
    body = list(ids)
    ended = False
    for index, token in enumerate(body):
        if token in vocabulary.end_ids:
            body, ended = body[:index], True
            break
    text = vocabulary.decode(body)
    found = [at for at in (text.find(stop) for stop in stop_strings) if at >= 0]
    if not found:
        return Trimmed(tuple(body), "", text, ended)
    text = text[: min(found)]
    # The longest run of whole tokens that lies within the text that stays.
    while body and not text.startswith(vocabulary.decode(body)):
        body.pop()
    return Trimmed(tuple(body), text[len(vocabulary.decode(body)) :], text, True)
