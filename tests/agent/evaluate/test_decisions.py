"""Decisions are taken again from recorded windows, and told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.errors import ConfigError, RunDirectoryError
from agent.evaluate import decisions
from agent.evaluate.commands import app
from agent.evaluate.decisions import config_of, contexts, pairs, runs_below, sample, summary
from agent.lm.scripted import Prompt, ScriptedModel, stroll
from agent.lm.types import Generation, Pass
from agent.trace import read
from tests.agent.evaluate.halls import play, wanted


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grid")
    play(wanted(folder, ("slow",), {"long": ["40"]}, settings={"max_steps": 40}))
    return folder / "out" / "slow"


def traces(place: Path) -> list[Path]:
    return [trace for run in runs_below(place) for trace in sorted(run.glob("traces/*.jsonl"))]


def decide(model: ScriptedModel, slow: Path, count: int = 12) -> list[decisions.Pair]:
    found = [context for trace in traces(slow) for context in contexts(trace)]
    config = config_of(runs_below(slow), {"think": {"k": 4}})
    return asyncio.run(pairs(model, config, sample(found, count), 3, asyncio.Event()))


def test_a_context_ends_where_a_thought_began(slow: Path) -> None:
    for trace in traces(slow):
        events = list(read(trace))
        found = list(contexts(trace))
        cue = len(ScriptedModel().vocabulary.encode("Thought:"))
        begun = [
            e["window"] - cue for e in events if e["e"] == "generate" and e["purpose"] == "think"
        ]
        noted = sum(e["e"] == "prune" for e in events)
        assert noted > 0
        # Those after which notes were written are left out, and nothing else is.
        assert len(found) == len(begun) - noted
        assert {len(context) for context in found} <= set(begun)


def test_a_recorded_decision_is_taken_again(slow: Path) -> None:
    """The stand-in answers by its window alone: so slow decisions repeat those of the trace."""
    commands = {
        event["action"] for trace in traces(slow) for event in read(trace) if event["e"] == "step"
    }
    taken = decide(ScriptedModel(), slow)
    assert len(taken) == 12
    assert {pair.slow.command for pair in taken} <= commands
    told = summary(taken)
    assert (told["same_command"], told["same_thought"], told["decisions"]) == (1.0, 1.0, 12)
    assert told["same_command_low"] < 1 == told["same_command_high"]
    assert told["think_tpf"] > 3


def test_the_last_burst_of_a_thought_is_judged_by_the_slow_one() -> None:
    def thought(*bursts: tuple[tuple[int, ...], tuple[bool | None, ...]]) -> decisions.Answer:
        passes = tuple(Pass(ids, (None,) * len(ids), agreed=agreed) for ids, agreed in bursts)
        return decisions.Answer("", "go", Generation(passes, "stop_string", 0.0))

    known = ((1, 2, 3), (None, True, False))
    none = (None, None, None)

    def agreement(burst: decisions.Answer, *slow: int) -> float:
        single = [((token,), ()) for token in slow]
        found: float = summary([decisions.Pair(thought(*single), burst)])["agreement"]
        return found

    assert agreement(thought(known, ((4, 5, 6), none)), 1, 2, 3, 4, 5, 6) == 3 / 4
    assert agreement(thought(known, ((4, 5, 6), none)), 1, 2, 3, 4, 5, 7) == 2 / 4
    assert agreement(thought(known, ((4, 5, 6), none)), 1, 2, 9, 4, 5, 6) == 1 / 2
    assert agreement(thought(((1, 2, 3), ())), 1, 2, 3) == 1


def swayed(often: int) -> Callable[[Prompt], str]:
    """Thinks otherwise each second time, and acts upon it in one of `often` windows."""

    def script(prompt: Prompt) -> str:
        if prompt.purpose == "think":
            return " Slowly now.\n" if prompt.count == 0 else " In bursts.\n"
        if prompt.purpose == "act":
            return (
                " go up" if "bursts" in prompt.window and len(prompt.window) % often == 0 else " go"
            )
        return stroll(prompt)

    return script


def test_another_command_is_told(slow: Path) -> None:
    always = summary(decide(ScriptedModel(swayed(1)), slow))
    assert (always["same_command"], always["same_thought"]) == (0.0, 0.0)
    never = summary(decide(ScriptedModel(swayed(10**9)), slow))
    assert (never["same_command"], never["same_thought"]) == (1.0, 0.0)


def test_the_sample_is_the_same_each_time() -> None:
    found = [[n] for n in range(100)]
    assert sample(found, 10) == sample(found, 10)
    assert len({each[0] for each in sample(found, 10)}) == 10
    assert sorted(sample(found, 1000)) == found


def test_the_command(slow: Path) -> None:
    done = CliRunner().invoke(
        app, ["decisions", str(slow), "-n", "5", "-k", "3", "--model", "scripted"]
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert (told["decisions"], told["k"], told["same_command"]) == (5, 3, 1.0)
    assert done.stdout.startswith(
        "100.0% of 5 decisions the same command (95% interval 56.6-100.0%)"
    )


def test_runs_that_do_not_serve(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="no traces below"):
        runs_below(tmp_path)
    asked = wanted(tmp_path, ("constrained",), {"easy": ["3"]}, games=1)
    play(asked)
    with pytest.raises(ConfigError, match="does not tell which commands"):
        config_of(runs_below(tmp_path / "out"), {})
    play(wanted(tmp_path, ("slow",), {"easy": ["3"]}, games=2))
    with pytest.raises(
        ConfigError,
        match="played with act.constrain true and false, think.mode 'burst' and 'slow': give the runs",
    ):
        config_of(runs_below(tmp_path / "out"), {})
    config_of(runs_below(tmp_path / "out" / "slow"), {})
