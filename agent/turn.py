"""What a turn asks of the model, and what is kept of its answers. Pure, and shared with replays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from agent import prompts
from agent.config import RunConfig
from agent.lm.stops import trim
from agent.lm.types import Choices, Request, Sampling, Slow
from agent.lm.vocabulary import Vocabulary


class Written(NamedTuple):
    """A thought or an action as it enters the window."""

    text: str
    ids: list[int]
    """Cue, text and ending."""
    sampled: tuple[int, int]
    """The half-open range of `ids` that the model itself produced."""


def think_request(config: RunConfig, sampling: Sampling) -> Request:
    """A thought in the config's mode, to its end or its budget. For a filled config."""
    return Request(
        "think",
        config.think.as_mode(),
        config.think.max_tokens,
        sampling,
        stop_strings=(prompts.THOUGHT_END,),
        max_passes=config.think.max_passes,
    )


def act_request(config: RunConfig, sampling: Sampling, commands: Sequence[str] | None) -> Request:
    """One command in slow mode; one of `commands` where there are any."""
    return Request(
        "act",
        Slow(verified=config.act.verified),
        config.act.max_tokens,
        sampling,
        stop_strings=("\n",),
        constraint=Choices(tuple(f" {command}" for command in commands)) if commands else None,
    )


def thought_of(vocabulary: Vocabulary, token_ids: Sequence[int]) -> Written:
    """The thought in what the model answered; its text is empty where it thought nothing."""
    kept = trim(vocabulary, token_ids, (prompts.THOUGHT_END,))
    ending = vocabulary.encode(kept.rest + prompts.THOUGHT_END)
    cue = vocabulary.encode(prompts.THOUGHT_CUE)
    sampled = len(cue) + len(kept.ids) + _own(token_ids, len(kept.ids), ending)
    return Written(kept.text.strip(), [*cue, *kept.ids, *ending], (len(cue), sampled))


def action_of(vocabulary: Vocabulary, token_ids: Sequence[int]) -> Written:
    """The command in what the model answered, spaces made one."""
    kept = trim(vocabulary, token_ids, ("\n",))
    ending = vocabulary.turns.assistant_end
    cue = vocabulary.encode(prompts.ACTION_CUE)
    sampled = len(cue) + len(kept.ids) + _own(token_ids, len(kept.ids), ending)
    ids = [*cue, *kept.ids, *vocabulary.encode(kept.rest), *ending]
    return Written(" ".join(kept.text.split()), ids, (len(cue), sampled))


def _own(token_ids: Sequence[int], at: int, ending: Sequence[int]) -> int:
    """Tokens of the ending that the model wrote itself: all of them or none."""
    return len(ending) if tuple(token_ids[at : at + len(ending)]) == tuple(ending) else 0
