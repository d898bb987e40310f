"""What a watcher of a run is told: the progress line now, a TUI later. A watcher never steers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from agent.lm.types import Pass, Purpose

PhaseWord = Literal[
    "LOADING", "THINKING", "WRITING NOTES", "PRUNING", "ACTING", "STOPPING", "DONE", "ERROR"
]


@dataclass(frozen=True, slots=True)
class Phase:
    """What the episode is doing from now on, in a word."""

    episode: int
    word: PhaseWord


@dataclass(frozen=True, slots=True)
class Opened:
    """An episode begins with this observation, or is taken up again after `step`."""

    episode: int
    seed: int
    observation: str
    step: int = 0


@dataclass(frozen=True, slots=True)
class Passed:
    """A forward pass kept these tokens."""

    episode: int
    purpose: Purpose
    each: Pass


@dataclass(frozen=True, slots=True)
class Thought:
    """A thought is complete."""

    episode: int
    step: int
    text: str


@dataclass(frozen=True, slots=True)
class NotesWritten:
    """A summary was committed: its operations as text, one each."""

    episode: int
    step: int
    operations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SummaryFailed:
    """A summary could not be used; nothing was written and nothing pruned."""

    episode: int
    step: int
    reason: str


@dataclass(frozen=True, slots=True)
class Pruned:
    """The window was rebuilt. Tokens before and after, head included."""

    episode: int
    step: int
    kind: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Stepped:
    """The environment answered an action."""

    episode: int
    step: int
    action: str
    observation: str
    score: float | None
    window_tokens: int


Event = Phase | Opened | Passed | Thought | NotesWritten | SummaryFailed | Pruned | Stepped
Watcher = Callable[[Event], None]


def nobody(_event: Event) -> None:
    """The watcher of a run that nobody watches."""
