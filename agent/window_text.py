"""Texts of the window as token ids: the head, an observation, a turn of the person's side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent import prompts
from agent.config import MARKS_TOKENS, RunConfig
from agent.errors import ConfigError
from agent.lm.types import LanguageModel
from agent.lm.vocabulary import Vocabulary, clip
from envs.base import Description
from memory import Note, note_line


def system_ids(
    model: LanguageModel, config: RunConfig, description: Description
) -> tuple[int, ...]:
    """The system prompt's ids. Raises ConfigError for a chat template with unusually long marks."""
    turns = model.vocabulary.turns
    marks = len(turns.assistant_end) + len(turns.open_user) + len(turns.user_to_assistant)
    if marks > MARKS_TOKENS:
        raise ConfigError(
            f"the chat template of {model.name} puts {marks} tokens around a turn; at most "
            f"{MARKS_TOKENS} are provided for"
        )
    how = config.window.describe == "full"
    text = prompts.system(description, how_to_act=how, notes=config.notes.enabled)
    return tuple(model.vocabulary.encode(text))


def head_ids(vocabulary: Vocabulary, system: Sequence[int], notes: Sequence[Note]) -> list[int]:
    """System prompt, recalled notes, and the assistant's one word that it has read them.

    The head ends with a closed assistant turn, so that every turn of the transcript begins the same
    way and keeps its ids wherever a prune puts it.
    """
    turns = vocabulary.turns
    return [
        *turns.begin,
        *system,
        *turns.system_to_user,
        *vocabulary.encode(prompts.head(notes)),
        *turns.user_to_assistant,
        *vocabulary.encode(prompts.ACKNOWLEDGED),
        *turns.assistant_end,
    ]


def note_cost(vocabulary: Vocabulary) -> Callable[[Note], int]:
    """Tokens that a note takes in the head, whatever its number there."""
    return lambda note: len(vocabulary.encode("\n" + note_line(99, note)))


def observation_ids(
    vocabulary: Vocabulary, observation: str, commands: Sequence[str], cap: int
) -> tuple[list[int], bool]:
    """A user turn with an observation and the commands to list, and whether anything was clipped."""
    turns = vocabulary.turns
    # The list may take half of the cap, so that the observation itself is never crowded out.
    listed = vocabulary.encode("\n" + prompts.admissible(commands)) if commands else []
    shown = clip(vocabulary, listed, cap // 2)
    whole = vocabulary.encode(observation)
    text = clip(vocabulary, whole, cap - len(shown))
    clipped = len(text) + len(shown) < len(whole) + len(listed)
    return [*turns.open_user, *text, *shown, *turns.user_to_assistant], clipped


def user_turn(vocabulary: Vocabulary, text: str, cap: int) -> list[int]:
    """Close the assistant's turn, say `text` (clipped to `cap` tokens), open the assistant's next."""
    turns = vocabulary.turns
    said = clip(vocabulary, vocabulary.encode(text), cap)
    return [*turns.assistant_end, *turns.open_user, *said, *turns.user_to_assistant]
