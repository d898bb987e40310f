"""What the loop asked of a model, kept so that it can be asked again without the loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

from agent.lm.types import Generation, LanguageModel, OnPass, Request
from agent.lm.vocabulary import Vocabulary

Asked = tuple[tuple[int, ...], Request]


class Listening:
    """A LanguageModel over another that keeps every request, by session, in order."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.name, self.fingerprint = model.name, model.fingerprint
        self.context_limit, self.numerics = model.context_limit, model.numerics
        self.asked: dict[str, list[Asked]] = {}

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
        """See LanguageModel."""
        self.asked.setdefault(session, []).append((tuple(window), request))
        return await self._model.generate(session, window, request, on_pass)

    def forget(self, session: str) -> None:
        """Drop what the model keeps for a session; what it was asked stays."""
        self._model.forget(session)

    def close(self) -> None:
        """The model is its owner's to close."""


async def ask_again(model: LanguageModel, asked: Mapping[str, Sequence[Asked]]) -> float:
    """Seconds that the model takes for the same requests, each session's one after the other.

    All sessions at once, as they were played: with no graph, memory, trace or game in between.
    """

    async def one(session: str) -> None:
        for window, request in asked[session]:
            await model.generate(session, window, request)
        model.forget(session)

    started = time.perf_counter()
    await asyncio.gather(*map(one, asked))
    return time.perf_counter() - started
