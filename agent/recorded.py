"""A model that is asked again: it answers as the record says, and tells where it would not now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.errors import ModelFailed
from agent.lm.dial import Dial
from agent.lm.types import Burst, Generation, LanguageModel, OnPass, Pass, Request
from agent.lm.vocabulary import Vocabulary
from agent.trace import read


@dataclass(frozen=True, slots=True)
class Difference:
    """A generation that came out otherwise; `position` is that of its first other token."""

    episode: int
    step: int
    purpose: str
    position: int


class RecordedModel:
    """A LanguageModel over another: computes each generation anew, and answers as it is recorded.

    So what comes after a difference is played on the record's rails, and each generation is judged by
    itself. `traces` gives the trace of each episode; sessions are named RUN/EPISODE, as in any run.
    """

    def __init__(self, model: LanguageModel, traces: Mapping[int, Path]) -> None:
        self._model = model
        self._recorded = {index: _generations(path) for index, path in traces.items()}
        self._next: dict[int, dict[str, Any] | None] = {}
        self.name, self.fingerprint = model.name, model.fingerprint
        self.context_limit, self.numerics = model.context_limit, model.numerics
        self.compared = 0
        self.tokens = 0
        """Tokens that were compared."""
        self.differences: list[Difference] = []

    @property
    def burst_limit(self) -> int:
        """That of the model."""
        return self._model.burst_limit

    @property
    def vocabulary(self) -> Vocabulary:
        """That of the model."""
        return self._model.vocabulary

    async def generate(
        self, session: str, window: Sequence[int], request: Request, on_pass: OnPass | None = None
    ) -> Generation:
        """See LanguageModel. Raises ModelFailed where the record holds no such generation, or no tokens.

        Notes that were asked for in vain (the model raised, or was too slow) fail for the same reason
        again, so that the loop does what it did then.
        """
        index = int(session.rpartition("/")[2])
        event = self._due(index)
        if event is not None and event["e"] == "summary" and request.purpose == "summarise":
            self._next[index] = next(self._recorded[index], None)
            raise ModelFailed(event["refused"])
        asked = (request.purpose, request.sampling.seed, len(window))
        if event is None or asked != tuple(
            event.get(what) for what in ("purpose", "seed", "window")
        ):
            raise ModelFailed(
                f"the record of episode {index} holds no {request.purpose} of this window here"
            )
        self._next[index] = next(self._recorded[index], None)
        turns = [(made, Burst(k, confidence)) for made, k, confidence in event.get("turns", ())]
        request = replace(request, dial=Dial(request.mode, turns) if turns else None)
        now = (await self._model.generate(session, window, request)).token_ids
        then = tuple(token for each in event["passes"] for token in each[0])
        self._require_known(then, index)
        if event["stop"] == "cancelled":  # it would have gone on
            now = now[: len(then)]
        self.compared += 1
        self.tokens += len(then)
        if now != then:
            pairs = enumerate(zip(now, then, strict=False))
            at = next((i for i, (a, b) in pairs if a != b), min(len(now), len(then)))
            self.differences.append(Difference(index, event["step"], request.purpose, at))
        passes = tuple(map(pass_of, event["passes"]))
        for each in passes:
            if on_pass is not None:
                on_pass(each)
        return Generation(passes, event["stop"], event["wall_ms"] / 1000)

    def _require_known(self, token_ids: Sequence[int], index: int) -> None:
        try:
            self.vocabulary.decode(token_ids)
        except OverflowError as error:  # what a tokenizer says of too large a one
            raise ModelFailed(
                f"the record of episode {index} holds the token {max(token_ids)}, which no "
                "vocabulary has"
            ) from error

    def _due(self, index: int) -> dict[str, Any] | None:
        if index not in self._next:
            self._next[index] = next(self._recorded[index], None)
        return self._next[index]

    def forget(self, session: str) -> None:
        """Drop what the model keeps for a session."""
        self._model.forget(session)

    def close(self) -> None:
        """The model is its owner's to close."""


def _generations(path: Path) -> Iterator[dict[str, Any]]:
    """What the model was asked for, in order: generations, and the refusal of notes it never wrote."""
    written = False
    for event in read(path):
        if event["e"] == "generate":
            written = event["purpose"] == "summarise" and event["stop"] != "cancelled"
            yield event
        elif event["e"] == "summary":
            if not written and event["refused"]:
                yield event
            written = False


def pass_of(recorded: list[Any]) -> Pass:
    """A pass of a trace's `generate` event."""
    ids, logprobs, prefill, *judged = recorded
    agreed = tuple(None if each is None else bool(each) for each in judged[0]) if judged else ()
    return Pass(tuple(ids), tuple(logprobs), prefill, agreed)
