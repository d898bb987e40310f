"""reasoning-gym behind two functions: a question from a seed, and what an answer to it is worth."""

import random
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

from envs.extras import load, quiet
from envs.reasoning.answers import harmless

LIBRARY, EXTRA = "reasoning_gym", "reasoning"

# Their questions draw from Python's or numpy's own generators, of which there is one each; no
# verifier does. A test looks for others.
_DRAWERS: dict[str, tuple[Callable[[], Any], Callable[[int], Any], Callable[[Any], Any]]] = {
    "list_functions": (random.getstate, random.seed, random.setstate),
    "pool_matrix": (np.random.get_state, np.random.seed, np.random.set_state),
}
_DRAWING = threading.Lock()
# Modules that print while they make a question.
_PRINTERS = {"bf": "reasoning_gym.code.contrib.bfit.Compiler.Optimizer"}


def config_of(task: str) -> type:
    """The library's configuration of a task. Raises `EnvUnavailable` where it is not there."""
    config: type = load("reasoning_gym.factory", EXTRA).DATASETS[task][1]
    return config


class Question:
    """The question of a seed."""

    def __init__(self, task: str, settings: Mapping[str, Any], seed: int) -> None:
        """Make it: milliseconds for most tasks, seconds for a few. Raises what the task raises."""
        self._task = task
        factory = load("reasoning_gym.factory", EXTRA)
        if task in _PRINTERS:
            quiet(load(_PRINTERS[task], EXTRA))
        with _drawn_from(seed, *_DRAWERS[task]) if task in _DRAWERS else nullcontext():
            self._dataset = factory.create_dataset(task, seed=seed, size=1, **settings)
            self._entry = self._dataset[0]

    @property
    def text(self) -> str:
        """The question as the library words it."""
        return str(self._entry["question"])

    @property
    def answer(self) -> str | None:
        """An answer that the verifier takes for right, or None where the library has none."""
        answer = self._entry["answer"]
        return answer if isinstance(answer, str) and self.score(answer) >= 1.0 else None

    def score(self, answer: str) -> float:
        """What the task's verifier gives an answer, from 0 to 1; what it cannot read is 0."""
        if not harmless(self._task, answer):
            return 0.0
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what a malformed answer is made of
                score = float(self._dataset.score_answer(answer, self._entry))
        except Exception:  # noqa: BLE001 (verifiers raise whatever a malformed answer leads them to)
            return 0.0
        return min(max(score, 0.0), 1.0) if score == score else 0.0


@contextmanager
def _drawn_from(
    seed: int, keep: Callable[[], Any], sow: Callable[[int], Any], put_back: Callable[[Any], Any]
) -> Iterator[None]:
    """Let a generator of which there is one draw from a seed, and put it back as it was."""
    with _DRAWING:
        state = keep()
        sow(seed)
        try:
            yield
        finally:
            put_back(state)
