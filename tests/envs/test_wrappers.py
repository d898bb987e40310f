"""Wrappers: limits of steps, of length and of time, records, a process of its own."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.check import Checker
from envs.errors import EnvFailed, EnvUnavailable, SpecError
from envs.wrappers import (
    ClipObservation,
    Limits,
    OwnProcess,
    Record,
    StepLimit,
    TimeLimit,
    Wrapper,
)
from envs.wrappers.clip import MARK, clip
from tests.envs import flawed, odd

LIMITS = Limits(step_s=1.0, reset_s=20.0)


def sound() -> flawed.Sound:
    return flawed.Sound("flawed/sound")


def limited(spec: str) -> StepLimit:
    return StepLimit(flawed.make(spec), 9)


def clipped(spec: str) -> ClipObservation:
    return ClipObservation(flawed.make(spec), 21)


def timed(spec: str) -> TimeLimit:
    return TimeLimit(flawed.make(spec), Limits(20.0, 20.0))


def plain(spec: str) -> Wrapper:
    return Wrapper(flawed.make(spec))


@pytest.mark.parametrize("make", [limited, clipped, timed, plain])
def test_a_wrapped_environment_is_as_sound_as_the_one_in_it(
    make: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Checker(make=make) as checker:  # type: ignore[arg-type]
        report = checker.check("flawed/sound")
    assert report.sound, str(report)


def test_a_step_limit_truncates_and_then_refuses() -> None:
    env = StepLimit(sound(), 3)
    env.reset(seed=1)
    assert [env.step("up")[2:4] for _ in range(2)] == [(False, False)] * 2
    *_, terminated, truncated, info = env.step("down")
    assert (terminated, truncated, info["admissible_commands"]) == (False, True, [])
    with pytest.raises(EnvFailed, match="has ended after 3 steps: reset it"):
        env.step("up")
    env.reset()
    assert env.step("up")[3] is False


def test_a_game_that_ends_at_the_limit_is_not_truncated() -> None:
    env = StepLimit(sound(), 4)
    env.reset(seed=1)
    ends = [env.step("up")[2:4] for _ in range(4)]
    assert ends[-1] == (True, False)


def test_a_snapshot_under_a_limit_counts_the_steps_before_it() -> None:
    env, other = StepLimit(sound(), 3), StepLimit(sound(), 3)
    env.reset(seed=1)
    env.step("up")
    env.step("up")
    taken = env.snapshot()
    assert taken is not None
    other.restore(taken)
    assert other.step("down")[3] is True
    with pytest.raises(EnvFailed, match="no snapshot of flawed/sound under a limit"):
        other.restore(b"{}")


@given(st.text(max_size=200), st.integers(21, 80))
def test_a_clipped_text_keeps_both_ends_and_is_never_longer(text: str, chars: int) -> None:
    short = clip(text, chars)
    assert len(short) <= chars
    if len(text) <= chars:
        assert short == text
    else:
        first, _, last = short.partition(MARK)
        assert text.startswith(first)
        assert text.endswith(last)
        assert len(short) == chars


@pytest.mark.parametrize(
    "make", [lambda: StepLimit(sound(), 0), lambda: ClipObservation(sound(), 20)]
)
def test_limits_that_make_no_sense_are_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(SpecError, match="it must be (1|21) or more"):
        make()


def test_a_record_holds_every_call_and_what_failed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "game.jsonl"
    env = Record(odd.Odd("test/odd"), path)
    env.reset(seed=4)
    answer = env.step("go \ud800")
    with pytest.raises(ValueError, match="what?"):
        env.step("raise")
    env.close()
    reset, step, failed = [json.loads(line) for line in path.read_text().splitlines()]
    assert (reset["e"], reset["seed"], reset["observation"]) == ("reset", 4, "game 4")
    assert (step["action"], step["observation"], step["reward"]) == ("go \ud800", *answer[:2])
    assert step["info"] == answer[4]
    assert step["ms"] >= 0
    assert failed["error"] == "ValueError: what?"
    again = Record(odd.Odd("test/odd"), path)
    again.reset(seed=5)
    again.close()
    assert len(path.read_text().splitlines()) == 4  # added to, not written over
    with pytest.raises(EnvFailed, match="the record of test/odd is closed"):
        again.step("go")


def test_a_record_that_cannot_be_written_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(EnvUnavailable, match=f"cannot keep a record of test/odd in '{tmp_path}'"):
        Record(odd.Odd("test/odd"), tmp_path)


def test_a_hung_environment_is_an_error_after_its_limit() -> None:
    env = TimeLimit(odd.Odd("test/odd"), LIMITS)
    env.reset(seed=1)
    begun = time.monotonic()
    with pytest.raises(EnvFailed, match="did not answer a step within 1 s and was given up"):
        env.step("hang")
    assert time.monotonic() - begun < 30.0
    for ask in (lambda: env.step("go"), lambda: env.reset(seed=1)):
        with pytest.raises(EnvFailed, match="was given up: make another"):
            ask()
    env.close()


def test_a_time_limit_passes_errors_on_and_its_thread_ends_with_it() -> None:
    before = threading.active_count()
    env = TimeLimit(odd.Odd("test/odd"), LIMITS)
    with pytest.raises(EnvUnavailable, match="there is no game 13"):
        env.reset(seed=13)
    env.reset(seed=1)
    assert env.walkthrough() == ["go"] * 8
    env.close()
    env.close()
    with pytest.raises(EnvFailed, match="is closed"):
        env.step("go")
    for _ in range(100):
        if threading.active_count() <= before:
            break
        time.sleep(0.05)
    assert threading.active_count() <= before


def test_a_process_of_its_own_is_killed_where_it_hangs_and_made_again() -> None:
    env = OwnProcess("test/odd", LIMITS, odd.make)
    first = int(env.reset(seed=1)[1]["feedback"])
    assert first != os.getpid()
    assert env.step("go")[0] == "go is action 1 of game 1"
    with pytest.raises(EnvFailed, match="did not answer a step within 1 s: its process was ended"):
        env.step("hang")
    assert int(env.reset(seed=2)[1]["feedback"]) != first
    env.close()
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


def test_a_process_of_its_own_knows_what_its_environment_is() -> None:
    env = OwnProcess("flawed/sound", Limits(20.0, 20.0), flawed.make)
    assert env.score_never_falls
    assert env.describe().goal == "Count to four."
    assert env.blocks
    env.close()
