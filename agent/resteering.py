"""A person's hand on an episode, again, as its trace tells it: for `verify`."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agent.errors import RunDirectoryError
from agent.lm.gate import Gate
from agent.lm.types import Generation, Purpose
from agent.obeying import EDITS
from agent.steering import (
    Approved,
    EditNote,
    GenerationCancelled,
    Hint,
    Obey,
    Order,
    Refused,
    Replaced,
    SetBurst,
    Verdict,
)
from agent.trace import read

_ORDERS = ("hint", "burst", "edit")


class RecordedSteering:
    """A Steering of one episode. Each order is given before the generation that it stands before."""

    gate: Gate | None = None

    def __init__(self, trace: Path) -> None:
        """Raises RunDirectoryError for a file that is no trace, as methods do for no order."""
        self._trace = trace
        self._left = [event for event in read(trace) if event["e"] in ("person", "generate")]
        self._left.reverse()

    async def ready(self, purpose: Purpose, obey: Obey) -> None:
        """Give the orders that come next."""
        while (event := self._next(*_ORDERS)) is not None:
            await self._again(event, obey)

    async def during(self, generation: Awaitable[Generation], obey: Obey) -> Generation:
        """Edit what was edited, cancel what was cancelled, at its pass. Raises GenerationCancelled."""
        while (event := self._next("edit", during=True)) is not None:
            await self._again(event, obey)
        if self._left and self._left[-1]["e"] == "generate":
            self._left.pop()
        done = await generation
        if done.stop == "cancelled":
            raise GenerationCancelled
        return done

    async def action(self, step: int, obey: Obey) -> str | None:
        """What the person gave."""
        while (event := self._next("edit", "burst")) is not None:
            await self._again(event, obey)
        given = self._next("give")
        return None if given is None else str(given["text"])

    async def verdict(self, step: int, action: str, obey: Obey) -> Verdict:
        """What they decided; approvals are not on record, since nothing follows from them."""
        while (event := self._next("edit", "burst")) is not None:
            await self._again(event, obey)
        decided = self._next("replace", "refuse")
        if decided is None:
            return Approved()
        if decided["what"] == "replace":
            return Replaced(decided["text"])
        return Refused(decided["why"])

    async def _again(self, event: dict[str, Any], obey: Obey) -> None:
        try:
            await obey(order_of(event))
        except (KeyError, IndexError, ValidationError) as error:  # IndexError: no such note
            raise RunDirectoryError(
                f"{self._trace}: what a person did at step {event['step']} ({event['what']}) cannot be "
                "done: the trace is damaged; restore it from a copy"
            ) from error

    def _next(self, *what: str, during: bool = False) -> dict[str, Any] | None:
        """Take the next event if it is one of these, given while the model wrote (`during`) or not."""
        if not self._left or self._left[-1].get("what") not in what:
            return None
        if self._left[-1].get("during", False) != during:
            return None
        return self._left.pop()


def order_of(event: dict[str, Any]) -> Order:
    """The order that a `person` event tells of. Raises KeyError and ValidationError where it is none."""
    if event["what"] == "hint":
        return Hint(event["text"])
    if event["what"] == "burst":
        return SetBurst(event["k"], event["confidence"])
    told: dict[str, Any] = event["edit"] if event["op"] == "add" else {"uid": "", **event["edit"]}
    edit = TypeAdapter(EDITS[event["op"]]).validate_python(told)
    bank = tuple(event["bank"]) if event["bank"] else None
    return EditNote(bank, "", edit, event["reason"], event["place"])
