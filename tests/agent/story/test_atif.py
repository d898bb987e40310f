"""Trajectories in ATIF: every one validates, and holds what was thought, done, answered and paid."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from atif import Trajectory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.lm.scripted import ScriptedVocabulary
from agent.playing import Run
from agent.runner import run
from agent.story import atif
from agent.story.parts import Acted, Burst, Generated, Thought, Token
from memory import storable
from tests.agent.kill import config
from tests.agent.story.world import HOSTILE, recording_of, step_of, texts, told, wayward_run
from tests.agent.world import Corridor, answers, play


def exported(path: Path, where: Path, vocabulary: Any = ScriptedVocabulary()) -> Trajectory:  # noqa: B008
    file = where / "trajectory.json"
    with recording_of(path) as recording:
        atif.write(file, recording, vocabulary)
    return Trajectory.model_validate_json(file.read_bytes())


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return wayward_run(tmp_path_factory.mktemp("atif") / "run", steps=20)


def test_a_trajectory_holds_the_episode(done: Run, tmp_path: Path) -> None:
    made, row = exported(done.path, tmp_path), done.rows[0]
    assert made.schema_version == "ATIF-v1.7"
    assert made.trajectory_id == row.uid
    assert (made.agent.name, made.agent.model_name) == ("steno", "scripted")
    system, user, *steps = made.steps
    assert system.source == "system"
    assert str(system.message).startswith("Walk on.")
    assert (user.source, user.message) == ("user", told(done.path)[0].observation)
    turns = told(done.path)[1:]
    assert len(steps) == len(turns)
    for step, turn in zip(steps, turns, strict=True):
        assert step.source == "agent"
        thoughts = [part.text for part in turn.parts if isinstance(part, Thought)]
        assert step.reasoning_content == (thoughts[0] if thoughts else None)
        if turn.record is None:
            continue
        [call] = step.tool_calls or []
        assert (call.function_name, call.arguments) == ("act", {"command": turn.record.action})
        assert step.observation is not None
        [result] = step.observation.results
        assert (result.source_call_id, result.content) == (call.tool_call_id, turn.observation)
        assert result.extra is not None
        assert result.extra["score"] == turn.record.score
        assert step.timestamp == turn.at
    assert steps[-1].tool_calls is None
    assert "END" not in str(steps[-1].message)
    assert str(steps[-1].message).startswith(("ADD ", "REWRITE "))


def test_what_was_paid_adds_up_to_the_results_row(done: Run, tmp_path: Path) -> None:
    made, row = exported(done.path, tmp_path), done.rows[0]
    metrics = [step.metrics for step in made.steps if step.metrics is not None]
    calls = sum(step.llm_call_count or 0 for step in made.steps)
    costs = row.costs()
    assert calls == sum(cost.generations for cost in costs)
    final = made.final_metrics
    assert final is not None
    assert final.total_completion_tokens == sum(cost.tokens for cost in costs)
    assert final.total_steps == len(made.steps)
    for metric in metrics:
        assert metric.completion_token_ids is not None
        assert metric.completion_tokens == len(metric.completion_token_ids)
        assert metric.logprobs is not None
        assert len(metric.logprobs) == metric.completion_tokens
        assert metric.extra is not None
        generations = metric.extra["generations"]
        kept = sum(sum(each["kept_by_pass"]) for each in generations)
        assert kept == metric.completion_tokens
        assert metric.prompt_tokens == sum(each["prompt_tokens"] for each in generations)
        assert 0 <= (metric.cached_tokens or 0) <= (metric.prompt_tokens or 0)


def test_notes_and_prunes_stand_in_extra(done: Run, tmp_path: Path) -> None:
    made, row = exported(done.path, tmp_path), done.rows[0]
    extras = [step.extra or {} for step in made.steps]
    notes = [each for extra in extras for each in extra.get("notes", [])]
    assert len(notes) == row.summaries
    assert len([e for extra in extras for e in extra.get("refused", [])]) == row.failed_summaries
    prunes = [each for extra in extras for each in extra.get("prunes", [])]
    cut = [each for each in prunes if each["kind"] != "rebuilt"]
    assert len(cut) == row.prunes
    assert all(each["left"] for each in cut)
    assert any(each["covered_by"] for each in cut)
    assert made.extra is not None
    assert made.extra["result"]["outcome"] == "won"


def test_log_probabilities_that_nobody_knows_stand_apart() -> None:
    tokens = (Token(1, "a", -0.5, None), Token(2, "b", None, None))
    generated = Generated("think", "burst(8, 0.9)", "stop_string", 9, (Burst(tokens, 9),), 0.0)
    steps = atif._Steps()
    steps.turn(step_of(1, "", Thought("ab", generated), Acted("go", None)))
    [step] = steps.made
    assert step.metrics is not None
    assert step.metrics.logprobs is None
    assert step.metrics.extra is not None
    assert step.metrics.extra["logprobs"] == [-0.5, None]
    assert step.metrics.completion_token_ids == [1, 2]


class Shut(Corridor):
    def reset(self, **_: Any) -> Any:
        raise OSError("the door is shut")


def cut_off(out: Path) -> None:
    done = play(out, env=partial(Corridor, fail_at=4))
    (done.path / "results.jsonl").unlink()
    with recording_of(done.path) as recording:
        offset = recording.steps[-1].trace_offset
    trace = done.path / "traces" / "000000.jsonl"
    trace.write_bytes(trace.read_bytes()[: offset + 50])


ODD: dict[str, Callable[[Path], object]] = {
    "an environment that fails": lambda out: play(out, env=partial(Corridor, fail_at=4)),
    "one that cannot begin": lambda out: play(out, env=Shut),
    "cut off": cut_off,
    "a baseline": lambda out: run(
        config(out, agent="random", episodes=1, jobs=1), make_env=lambda _: Corridor(length=5)
    ),
    "no thoughts": lambda out: play(out, think={"mode": "off"}),
    "empty thoughts": lambda out: play(out, script=answers(think="\n")),
    "hostile text": lambda out: play(
        out,
        env=partial(Corridor, length=4, speak=lambda *_: HOSTILE + "\ud800"),
        script=answers(think=f" {HOSTILE}\n", act=HOSTILE, summarise=f"ADD {HOSTILE}\nEND"),
    ),
}


@pytest.mark.parametrize("kind", ODD)
def test_whatever_became_of_an_episode_its_trajectory_validates(tmp_path: Path, kind: str) -> None:
    ODD[kind](tmp_path / "run")
    made = exported(tmp_path / "run", tmp_path)
    assert made.steps
    assert made.extra is not None
    assert made.extra["finished"] == (kind != "cut off")
    if kind == "one that cannot begin":
        assert "the door is shut" in str(made.steps[-1].message)
    if kind == "a baseline":
        assert {step.llm_call_count for step in made.steps[1:]} == {0}
        assert made.agent.model_name is None
    if kind == "hostile text":
        assert made.steps[1].message == storable(HOSTILE + "\ud800")
    bare = exported(tmp_path / "run", tmp_path, None)
    assert [step.source for step in bare.steps if step.source == "agent"] == [
        step.source for step in made.steps if step.source == "agent"
    ]


@given(texts.map(atif._stored), texts.map(atif._stored), st.floats(-20, 0))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_comes_back_as_it_was(observation: str, action: str, logprob: float) -> None:
    burst = Burst((Token(5, "", logprob, None),), 1)
    generated = Generated("think", "slow", "stop_string", 1, (burst,), 0.0)
    steps = atif._Steps()
    steps.turn(step_of(0, observation))
    steps.turn(step_of(1, observation, Thought(action, generated), Acted(action, None)))
    kept = Trajectory(
        schema_version=atif.VERSION, agent={"name": "steno", "version": "1"}, steps=steps.made
    )
    text = json.dumps(kept.to_json_dict(), ensure_ascii=False, allow_nan=False)
    again = Trajectory.model_validate_json(text.encode())
    assert again.steps[0].message == observation
    assert again.steps[1].reasoning_content == (action or None)
    [call] = again.steps[1].tool_calls or []
    assert call.arguments == {"command": action}
    assert again.steps[1].metrics is not None
    assert again.steps[1].metrics.logprobs == [logprob]
