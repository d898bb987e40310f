"""A small deterministic environment and helpers, so that the loop is tested without a real game."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.bench.asked import Listening
from agent.config import RunConfig
from agent.events import Watcher, nobody
from agent.lm.scripted import Prompt, Script, ScriptedModel, stroll
from agent.lm.types import LanguageModel, Request
from agent.runner import Run, run
from agent.trace import windows
from envs.base import Description, Info, TextEnv
from envs.errors import EnvFailed
from memory import MemoryFile, Scope, doctor


def asked_for(model: Listening, *purposes: str) -> list[Request]:
    """What a model was asked for these purposes, in order."""
    requests = [request for asked in model.asked.values() for _, request in asked]
    return [each for each in requests if each.purpose in purposes]


Speak = Callable[[int, str], str]


def room(step: int, action: str) -> str:
    """What the corridor says at a step."""
    return f"-= Room {step} =-\nYou did {action!r}. There is a door to the north and to the south."


@dataclass
class Corridor(TextEnv):
    """Rooms in a row. Won after `length` steps; `speak` says what is seen; `fail_at` raises there."""

    length: int = 10
    speak: Speak = room
    fail_at: int | None = None
    spec: str = "test/corridor"

    def __post_init__(self) -> None:
        self.at = 0
        self.actions: list[str] = []

    def describe(self) -> Description:
        return Description("Walk on.", "Say 'go north'.")

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, Info]:
        self.at, self.actions = 0, []
        return self.speak(0, f"seed {seed}"), self._info()

    def step(self, action: str) -> tuple[str, float, bool, bool, Info]:  # type: ignore[override]
        self.at += 1
        self.actions.append(action)
        if self.at == self.fail_at:
            raise EnvFailed("the corridor fell in; make another")
        return self.speak(self.at, action), 1.0, self.at >= self.length, False, self._info()

    def walkthrough(self) -> list[str] | None:
        return ["go north"] * self.length

    def _info(self) -> Info:
        return {
            "score": float(self.at),
            "max_score": float(self.length),
            "won": self.at >= self.length,
            "lost": False,
            "moves": self.at,
            "admissible_commands": ["go north", "go south", "wait"],
            "feedback": "",
        }


def answers(**scripts: Callable[[Prompt], str] | str) -> Script:
    """A script whose purposes are answered by functions or fixed texts; the rest by the stroll."""

    def script(prompt: Prompt) -> str:
        answer = scripts.get(prompt.purpose, stroll)
        return answer if isinstance(answer, str) else answer(prompt)

    return script


def play(
    out: Path,
    *,
    env: Callable[[], TextEnv] = Corridor,
    script: Script = stroll,
    model: LanguageModel | None = None,
    watch: Watcher = nobody,
    **settings: Any,
) -> Run:
    """One run in a corridor with a scripted model."""
    values = {"env": "test/corridor", "out": out, **settings}
    return run(
        RunConfig(**values),
        model=model or ScriptedModel(script),
        make_env=lambda _spec: env(),
        watch=watch,
    )


def trace_of(done: Run, index: int = 0) -> Path:
    return done.path / "traces" / f"{index:06}.jsonl"


def check_invariants(done: Run, budget: int) -> None:
    """Window never over its budget (rebuilt from the record), nothing pruned that is not kept."""
    assert [found for found in doctor.examine(done.memory) if found.result == doctor.ERROR] == []
    with MemoryFile.open(done.memory, read_only=True) as memory:
        for row in done.rows:
            assert memory.uncovered(row.uid) == []
            for pruned in memory.prunes(row.uid):
                assert pruned.notes or pruned.prune.kind == "evicted"
            steps = {step.step: step for step in memory.steps(row.uid)}
            offset = 0
            for event, window in windows(trace_of(done, row.episode), budget):
                assert len(window) <= budget
                if event["e"] == "generate":
                    kept = sum(len(each[0]) for each in event["passes"])
                    assert event["window"] + kept <= budget
                if event["e"] == "step":
                    record = steps.pop(event["n"])
                    assert record.window == window.recipe()
                    assert record.trace_offset > offset
                    offset = record.trace_offset
            assert steps == {}


def notes_of(done: Run, index: int = 0) -> list[tuple[str, str]]:
    with MemoryFile.open(done.memory, read_only=True) as memory:
        bank = memory.bank("episode", done.rows[index].uid)
        return [(note.title, note.body) for note in memory.live_notes(Scope(bank))]
