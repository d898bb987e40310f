"""What a watcher of a run is told: a progress line, the TUI. A watcher never steers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from agent.lm.types import Burst, Generation, Mode, Pass, Purpose
from memory import Note, NoteVersion

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
    score: float | None = None
    max_score: float | None = None


@dataclass(frozen=True, slots=True)
class Windowed:
    """A window was built anew: its tokens, its marks in tokens, and the notes that it shows."""

    episode: int
    step: int
    tokens: int
    high: int
    budget: int
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Began:
    """A generation begins, on top of so many tokens of window; `attempt` counts cancelled ones."""

    episode: int
    step: int
    purpose: Purpose
    mode: Mode
    window_tokens: int
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Passed:
    """A forward pass kept these tokens, which added this text."""

    episode: int
    purpose: Purpose
    each: Pass
    text: str = ""


@dataclass(frozen=True, slots=True)
class Generated:
    """A generation is complete, its later tokens' scores known."""

    episode: int
    step: int
    purpose: Purpose
    generation: Generation


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A person cancelled a generation: what it had written so far is used nowhere."""

    episode: int
    step: int
    purpose: Purpose


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
    written: tuple[NoteVersion, ...] = ()


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
    done: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """The next forward pass waits for a person, or waits no longer."""

    episode: int
    held: bool


@dataclass(frozen=True, slots=True)
class Proposed:
    """The model wants to play this action, and a person is to approve it."""

    episode: int
    step: int
    action: str


@dataclass(frozen=True, slots=True)
class YourMove:
    """A person who plays is to give the action."""

    episode: int
    step: int


@dataclass(frozen=True, slots=True)
class Settled:
    """Nobody is waited for any more: the action was approved, refused or given."""

    episode: int
    step: int
    verdict: Literal["approved", "replaced", "refused", "given", "model"]


@dataclass(frozen=True, slots=True)
class Hinted:
    """A person's words entered the window."""

    episode: int
    step: int
    text: str


@dataclass(frozen=True, slots=True)
class BurstSet:
    """A person changed how it thinks, from the next pass on."""

    episode: int
    step: int
    mode: Burst


@dataclass(frozen=True, slots=True)
class Edited:
    """A person changed notes."""

    episode: int
    step: int
    written: tuple[NoteVersion, ...]


Event = (
    Phase
    | Opened
    | Windowed
    | Began
    | Passed
    | Generated
    | Cancelled
    | Thought
    | NotesWritten
    | SummaryFailed
    | Pruned
    | Stepped
    | Held
    | Proposed
    | YourMove
    | Settled
    | Hinted
    | BurstSet
    | Edited
)
Watcher = Callable[[Event], None]


def nobody(_event: Event) -> None:
    """The watcher of a run that nobody watches."""
