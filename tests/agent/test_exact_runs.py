"""Whole runs of a real, small network in fp32: many at once, cut off or asked again, the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.config import RunConfig
from agent.errors import StorageFailed
from agent.lm.engine import Engine
from agent.lm.network import Network, Part, PassFailed
from agent.playing import Run
from agent.runner import resume, run
from agent.trace import read
from agent.verify import verify
from memory import MemoryFile
from tests.agent.lm.tiny import CHATML, make_engine, make_network, make_tokenizer
from tests.agent.world import Corridor, check_invariants, notes_of, trace_of

BUDGET, STEPS, EPISODES = 2000, 6, 4
# Bytes are tokens here: the marks around a turn must be few.
TERSE = CHATML.replace("m['role']", "m['role'][0]")


@contextmanager
def engine(kind: type[Network] = Network) -> Iterator[Engine]:
    backbone = make_network("llama")
    backbone.config.max_position_embeddings = 4096
    with closing(make_engine(kind(backbone), make_tokenizer(template=TERSE))) as made:
        yield made


def settings(out: Path, **more: Any) -> RunConfig:
    values: dict[str, Any] = {
        "env": "test/corridor",
        "episodes": EPISODES,
        "seed": 30,
        "out": out,
        "window": {"budget": BUDGET, "observation": 120, "high_water": 850},
        "think": {"mode": "slow", "max_tokens": 12},
        "act": {"max_tokens": 8},
        "notes": {"max_tokens": 60, "recall_tokens": 200},
        "sampling": {"temperature": 1.0, "drawn": "all"},
    }
    return RunConfig(**{**values, **more})


def make(_spec: str) -> Corridor:
    return Corridor(length=STEPS)


def tokens(done: Run) -> dict[int, Any]:
    """All that the model wrote, and what came of it, by episode. Which pass prefilled what, and the
    last digits of log-probabilities, depend on what was in the cache, and are no part of it."""
    found = {}
    with MemoryFile.open(done.memory, read_only=True) as memory:
        for at, row in enumerate(done.rows):
            generations = [
                (e["step"], e["purpose"], e["window"], [each[0] for each in e["passes"]], e["stop"])
                for e in read(trace_of(done, row.episode))
                if e["e"] == "generate"
            ]
            steps = [
                (s.action, s.observation_sha256, s.score, s.window) for s in memory.steps(row.uid)
            ]
            outcome = (row.outcome, row.score, row.prunes, row.evictions, row.notes_written)
            found[row.episode] = (outcome, generations, steps, notes_of(done, at))
    return found


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Any]:
    """The run that is played one episode after the other."""
    with engine() as model:
        done = run(settings(tmp_path_factory.mktemp("alone") / "run"), model=model, make_env=make)
        check_invariants(done, BUDGET)
        found = tokens(done)
    assert [row.outcome for row in done.rows] == ["won"] * EPISODES
    assert sum(row.prunes for row in done.rows) >= EPISODES
    assert len({str(each) for each in found.values()}) == EPISODES
    return found


def test_many_at_once_write_what_each_writes_alone(tmp_path: Path, alone: dict[int, Any]) -> None:
    with engine() as model:
        done = run(settings(tmp_path / "run", jobs=EPISODES), model=model, make_env=make)
    assert tokens(done) == alone


def test_a_run_that_was_cut_off_writes_what_it_would_have(
    tmp_path: Path, alone: dict[int, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that refuses cuts it off in the middle of several steps; the resume has an empty cache."""
    real, left = os.fsync, [14]

    def full(descriptor: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        real(descriptor)

    out = tmp_path / "run"
    with monkeypatch.context() as patch, engine() as model:
        patch.setattr(os, "fsync", full)
        cut = run(settings(out, jobs=EPISODES), model=model, make_env=make)
    assert isinstance(cut.failure, StorageFailed)
    with MemoryFile.open(cut.memory, read_only=True) as memory:
        made = [len(memory.steps(episode.uid)) - 1 for episode in memory.episodes()]
    assert 0 < sum(made) < EPISODES * STEPS, made
    with engine() as model:
        done = resume(out, model=model, make_env=make)
    assert tokens(done) == alone
    with engine() as model:
        found = verify(out, with_model=True, jobs=4, model=model, make_env=make)
    assert found.sound, found.problems
    assert found.exact
    assert found.model is not None
    assert found.model.compared == sum(len(each[1]) for each in alone.values())
    assert found.model.differences == []


class Spoilt(Network):
    """A network that raises at the passes of one session: the one that plays seed 32."""

    def forward(self, parts: Any) -> Any:
        if any(_mentions(part, "seed 32") for part in parts):
            raise PassFailed from RuntimeError("the weights melted")
        return super().forward(parts)


def _mentions(part: Part, text: str) -> bool:
    return text in str(make_tokenizer(template=TERSE).decode(list(part.tokens)))


def test_a_model_that_raises_in_one_session_of_many_is_one_row(
    tmp_path: Path, alone: dict[int, Any]
) -> None:
    with engine(Spoilt) as model:
        done = run(settings(tmp_path / "run", jobs=EPISODES), model=model, make_env=make)
    outcomes = {row.seed: row.outcome for row in done.rows}
    assert outcomes == {seed: "error" if seed == 32 else "won" for seed in range(30, 30 + EPISODES)}
    [errored] = [row for row in done.rows if row.error]
    assert "the weights melted" in (errored.error or "")
    assert errored.steps == 0
    others = tokens(done)
    for index in set(alone) - {errored.episode}:
        assert others[index] == alone[index]
