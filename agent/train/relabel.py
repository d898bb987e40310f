"""What the player would have written in windows that somebody else has filled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from agent.config import RunConfig
from agent.errors import TrainingFailed
from agent.lm.types import Purpose, Request, Slow
from agent.train.player.demonstrator import Demonstrator
from agent.train.sequences import TokenSequence, Written


def corrected(
    lived: Iterable[TokenSequence], player: Demonstrator, config: RunConfig
) -> Iterator[TokenSequence]:
    """A sequence for each stretch of `lived` that the player would have written otherwise.

    It ends in the player's words, and what the policy wrote well since the stretch before is learnt with
    them. Windows after the last of a life's mistakes are left out: there is nothing in them to learn.
    """
    for life in lived:
        good: list[Written] = []
        for stretch, answer in _answered(life, player, config):
            if answer is None:
                good.append(stretch)
                continue
            stop = stretch.start + len(answer)
            end = Written(start=stretch.start, stop=stop, purpose=stretch.purpose)
            ids = (*life.ids[: stretch.start], *answer)
            yield life.model_copy(update={"ids": ids, "written": (*good, end)})
            good = []


def agreed(
    lived: Iterable[TokenSequence], player: Demonstrator, config: RunConfig
) -> Iterator[TokenSequence]:
    """The sequences of `lived`, with loss on those stretches alone that the player would write too."""
    for life in lived:
        kept = tuple(s for s, answer in _answered(life, player, config) if answer is None)
        if kept:
            yield life.model_copy(update={"written": kept})


def _answered(
    life: TokenSequence, player: Demonstrator, config: RunConfig
) -> Iterator[tuple[Written, list[int] | None]]:
    """Each written stretch, with what the player would have written; None where it is the same."""
    full = config.filled()
    longest = {
        "think": full.think.max_tokens,
        "act": full.act.max_tokens,
        "summarise": full.notes.max_tokens,
    }
    for stretch in life.written:
        before = life.ids[: stretch.start]
        answer = _answer(player, before, stretch.purpose, longest[stretch.purpose])
        same = _same(player, answer, life.ids[stretch.start : stretch.stop])
        yield stretch, None if same else answer


def _answer(
    player: Demonstrator, window: Sequence[int], purpose: Purpose, max_tokens: int
) -> list[int]:
    ids = player.answer(window, Request(purpose, Slow(), max_tokens))
    if not ids:
        raise TrainingFailed(f"the player has no answer for a window of {len(window)} tokens")
    return ids[:max_tokens]


def _same(player: Demonstrator, answer: Sequence[int], written: Sequence[int]) -> bool:
    """Whether both say the same; the end of a line or of a turn may stand or be missing."""
    vocabulary = player.vocabulary
    ends = set(vocabulary.turns.assistant_end)

    def said(ids: Sequence[int]) -> str:
        return vocabulary.decode([token for token in ids if token not in ends]).strip()

    return said(answer) == said(written)
