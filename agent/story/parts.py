"""What one step of a recorded episode is made of, in the order in which it happened. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.lm.types import Purpose
from agent.tally import Spent
from memory import StepRecord


@dataclass(frozen=True, slots=True)
class Token:
    """A token that a pass kept, with its own piece of the text.

    `text` is empty for control tokens and for bytes of a character that a later token completes.
    `logprob` (natural log) and `agreed` are as agent/lm/types.py has them.
    """

    id: int
    text: str
    logprob: float | None
    agreed: bool | None


@dataclass(frozen=True, slots=True)
class Burst:
    """The tokens that one forward pass kept, and the positions that it computed before them."""

    tokens: tuple[Token, ...]
    prefill: int

    @property
    def text(self) -> str:
        """Its piece of the text."""
        return "".join(token.text for token in self.tokens)


@dataclass(frozen=True, slots=True)
class Generated:
    """One generation, pass by pass. `window` counts the tokens that it began with, `wall_s` seconds."""

    purpose: Purpose
    mode: str
    stop: str
    window: int
    bursts: tuple[Burst, ...]
    wall_s: float

    @property
    def passes(self) -> int:
        """Forward passes that emitted tokens."""
        return len(self.bursts)

    @property
    def tokens(self) -> int:
        """Tokens that were kept."""
        return sum(len(burst.tokens) for burst in self.bursts)


@dataclass(frozen=True, slots=True)
class Shown:
    """A note as a window showed it; `title` and `body` are None where its words are gone."""

    uid: str
    version: int
    title: str | None
    body: str | None


Mark = Literal["same", "out", "in"]


@dataclass(frozen=True, slots=True)
class Change:
    """A note operation as a difference: stretches of text that stay, go out and come in.

    `n` is the number that the window gave the note, None for a new one; the title of a note whose words
    are gone is None. A FIND has its query as the title and no text.
    """

    op: Literal["add", "rewrite", "delete", "find"]
    n: int | None
    title: str | None
    text: tuple[tuple[Mark, str], ...]


@dataclass(frozen=True, slots=True)
class Clipped:
    """The observation before did not fit: this is what the window shows of it."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """What was thought; the text is empty where nothing was."""

    text: str
    generated: Generated


@dataclass(frozen=True, slots=True)
class Entered:
    """Text that entered the window from elsewhere: notes that were looked up, a person's hint."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Unused:
    """A generation that was not played: the model asked to write notes by it, or a person cancelled,
    refused or replaced it."""

    why: Literal["asked", "cancelled", "refused", "replaced"]
    generated: Generated


@dataclass(frozen=True, slots=True)
class Person:
    """What a person did, in words."""

    text: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Notes were written. `why` is what made them due: high_water, asked or end."""

    why: str
    changes: tuple[Change, ...]
    operations: tuple[str, ...]
    generated: Generated | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Notes were asked for and what came could not be used, for this reason."""

    why: str
    reason: str
    generated: Generated | None


@dataclass(frozen=True, slots=True)
class Pruned:
    """The window was rebuilt, and had these many tokens before and after.

    `kind` is summarised, evicted or, where nothing had to go, rebuilt. `left` are the spans that left
    it as (step, kind), `covered_by` the notes that stand for them, `head` the notes that it now begins
    with.
    """

    kind: str
    before: int
    after: int
    left: tuple[tuple[int, str], ...]
    covered_by: tuple[Shown, ...]
    head: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Began:
    """The first window, with the notes that it begins with."""

    head: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Acted:
    """The command that was given; None for `generated` where no model plays."""

    action: str
    generated: Generated | None


@dataclass(frozen=True, slots=True)
class Ended:
    """How the episode ended."""

    outcome: str
    error: str | None


Part = (
    Clipped | Thought | Entered | Unused | Person | Noted | Refused | Pruned | Began | Acted | Ended
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One step, from what was thought to what the environment answered.

    Step 0 is the reset. `record` is None for what came after the last committed step: the notes at the
    end of a game, or a step that was never finished. `at` is ISO-8601 UTC, `window` the tokens in the
    window when the step was committed (0 without one), `wall_ms` counts from the episode's start.
    `observation` is None where there is none, or its text was erased.
    """

    number: int
    parts: tuple[Part, ...]
    record: StepRecord | None
    observation: str | None
    erased: bool
    listed: bool | None
    """Whether the game listed the action as possible; None where that is not on record."""
    at: str | None
    window: int
    wall_ms: float | None
    spent: Spent

    @property
    def generated(self) -> list[Generated]:
        """Its generations, in order."""
        found = (getattr(part, "generated", None) for part in self.parts)
        return [each for each in found if each is not None]
