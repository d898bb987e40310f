"""Token ids as pieces of text, one a token, that together are the text of them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from agent.errors import RunDirectoryError
from agent.lm.spelling import Spelling
from agent.lm.vocabulary import Vocabulary


def pieces(vocabulary: Vocabulary | None, ids: Sequence[int]) -> list[str]:
    """Each token's own piece of the text; a character of several tokens is the piece of its last.

    Without a vocabulary a piece is the token's id in angle quotes. Raises RunDirectoryError for ids that
    no vocabulary has.
    """
    if vocabulary is None:
        return [f"‹{token}›" for token in ids]
    spelling = Spelling(vocabulary)
    with known(ids):
        found = [spelling.more([token]) for token in ids]
        if found:  # a character that no token ends is told at the end after all
            found[-1] += vocabulary.decode(ids)[sum(map(len, found)) :]
    return found


@contextmanager
def known(ids: Sequence[int]) -> Iterator[None]:
    """What a tokenizer raises for too large an id, by its name: RunDirectoryError."""
    try:
        yield
    except OverflowError as error:
        raise RunDirectoryError(
            f"the trace has the token {max(ids)}, which no vocabulary has: it is damaged; restore it "
            "from a copy"
        ) from error
