"""What a person may do to an episode, and the points at which the loop lets them.

The loop asks a Steering before each generation, while one is made, and around each action. Every order
that is carried out is written to the trace, so that a steered episode can be played again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from agent.lm.gate import Gate
from agent.lm.types import Generation, Purpose
from memory import Edit


class GenerationCancelled(Exception):
    """A person cancelled the present generation: none of its tokens is used."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Words that enter the window as the person's."""

    text: str


@dataclass(frozen=True, slots=True)
class SetBurst:
    """From the next forward pass that thinks, bursts of up to `k` tokens, cut under `confidence`."""

    k: int
    confidence: float


@dataclass(frozen=True, slots=True)
class EditNote:
    """A change of one note, by the version that the person saw. `note` is the uid, "" of a new one."""

    bank: tuple[str, str] | None
    """Kind and name; None: the episode's own."""
    note: str
    edit: Edit
    reason: str = "edited by hand"
    place: int | None = None
    """Which of the bank's notes it is, oldest first, where the uid is not known (a run played again)."""


Order = Hint | SetBurst | EditNote
Obey = Callable[[Order], Awaitable[bool]]
"""Carries an order out in the episode. False: not now, ask again later."""


@dataclass(frozen=True, slots=True)
class Approved:
    """The model's action is played."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """Another action is played in its place."""

    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The model is to choose again, and is told why."""

    why: str = ""


Verdict = Approved | Replaced | Refused
Mode = Literal["auto", "confirm", "human"]
MODES: tuple[Mode, ...] = ("auto", "confirm", "human")


class Steering(Protocol):
    """Asked by the loop. Whoever waits inside carries out meanwhile, by `obey`, all orders but hints."""

    gate: Gate | None
    """What may hold forward passes back."""

    async def ready(self, purpose: Purpose, obey: Obey) -> None:
        """Return when a generation for `purpose` may begin, with all orders that can be carried out."""
        ...

    async def during(self, generation: Awaitable[Generation], obey: Obey) -> Generation:
        """What the generation comes to. Raises GenerationCancelled."""
        ...

    async def action(self, step: int, obey: Obey) -> str | None:
        """The action of a person who plays; None where the model is to act."""
        ...

    async def verdict(self, step: int, action: str, obey: Obey) -> Verdict:
        """What becomes of an action that the model wants to play."""
        ...


class Unsteered:
    """The steering of a run that nobody steers."""

    gate: Gate | None = None

    async def ready(self, purpose: Purpose, obey: Obey) -> None:
        """At once."""

    async def during(self, generation: Awaitable[Generation], obey: Obey) -> Generation:
        """Undisturbed."""
        return await generation

    async def action(self, step: int, obey: Obey) -> str | None:
        """The model's."""
        return None

    async def verdict(self, step: int, action: str, obey: Obey) -> Verdict:
        """Approved."""
        return Approved()


UNSTEERED = Unsteered()
