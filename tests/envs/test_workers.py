"""Environments in worker processes: the same answers, and failures that stay with whom they befall."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from envs.errors import EnvFailed, EnvUnavailable, MachineFault
from envs.workers import Limits, WorkerEnv, Workers
from tests.envs import odd


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers("test/odd", odd.TOLD, 1, Limits(step_s=2.0, reset_s=20.0), odd.make)
    yield made
    made.close()


def started(workers: Workers, seed: int) -> WorkerEnv:
    env = workers.env()
    env.reset(seed=seed)
    return env


def test_a_worker_answers_as_the_environment_itself_would(workers: Workers) -> None:
    far, near = workers.env(), odd.Odd("test/odd")
    assert far.describe() == near.describe()
    said, info = far.reset(seed=4)
    assert said == near.reset(seed=4)[0]
    assert info["feedback"] != str(os.getpid())
    assert far.step("go")[:4] == near.step("go")[:4]
    assert far.walkthrough() == near.walkthrough()


def test_several_environments_share_a_worker_and_not_their_games(workers: Workers) -> None:
    first, second = started(workers, 1), started(workers, 2)
    assert first.step("go")[0] == "go is action 1 of game 1"
    assert second.step("go")[0] == "go is action 1 of game 2"
    assert first.step("go")[4]["feedback"] == second.step("go")[4]["feedback"]


@pytest.mark.parametrize(
    ("trouble", "told"),
    [("hang", "did not answer a step within 2 s"), ("crash", "ended with exit code 3")],
)
def test_who_hangs_or_crashes_fails_alone(workers: Workers, trouble: str, told: str) -> None:
    """Its neighbour is played again in a new process, to where it was."""
    bad, good = started(workers, 1), started(workers, 2)
    for _ in range(3):
        before = good.step("go")
    with pytest.raises(EnvFailed, match=told):
        bad.step(trouble)
    after = good.step("go")
    assert after[0] == "go is action 4 of game 2"
    assert after[4]["feedback"] != before[4]["feedback"]
    with pytest.raises(EnvFailed, match="has failed: reset it"):
        bad.step("go")
    assert bad.reset(seed=5)[0] == "game 5"


def test_a_game_that_does_not_play_again_alike_is_an_error_that_names_the_step(
    workers: Workers, tmp_path: Path
) -> None:
    file = tmp_path / "weather"
    file.write_text(" in the sun")
    bad, good = started(workers, 1), started(workers, 2)
    good.step("go")
    good.step(f"drift {file}")
    with pytest.raises(EnvFailed):
        bad.step("crash")
    file.write_text(" in the rain")
    with pytest.raises(EnvFailed, match="another observation at step 2"):
        good.step("go")


def test_errors_keep_their_names_and_texts(workers: Workers) -> None:
    env = workers.env()
    with pytest.raises(EnvUnavailable, match="there is no game 13"):
        env.reset(seed=13)
    env.reset(seed=1)
    with pytest.raises(EnvFailed, match=r"^test/odd raised ValueError: what\?$"):
        env.step("raise")
    env.reset(seed=1)
    with pytest.raises(EnvFailed, match="cannot be sent between processes"):
        env.step("odd")


def test_a_worker_calls_and_answers_as_one_beside_the_caller_would() -> None:
    workers = Workers("test/odd", odd.TOLD, 1, Limits(step_s=2.0, reset_s=20.0), odd.terse)
    try:
        env = started(workers, 3)
        assert env.step("go")[0] == "go is action 1 of game 3", "whatever it calls its action"
        with pytest.raises(MachineFault, match="on fire"):
            env.step("fault")
        env = started(workers, 3)
        assert env.step("nothing") is None, "who is given it judges it"
        assert env.step("go")[0] == "go is action 1 of game 3"
    finally:
        workers.close()


@pytest.mark.parametrize(
    ("boot", "told"),
    [
        ("raise SystemExit(3)", "it ended with exit code 3"),
        ("import time; time.sleep(60)", "it was not ready after 0.5 s"),
    ],
)
def test_a_process_that_does_not_start_says_what_became_of_it(
    workers: Workers, boot: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("envs.workers._BOOT", boot)
    monkeypatch.setattr("envs.workers.START_LIMIT_S", 0.5 if "sleep" in boot else 60.0)
    with pytest.raises(MachineFault, match=f"no process for environments could be started: {told}"):
        workers.env().reset(seed=1)
    monkeypatch.undo()
    assert started(workers, 2).step("go")[0] == "go is action 1 of game 2"


def test_a_maker_that_fails_there_says_why() -> None:
    made = Workers("test/odd", odd.TOLD, 1, Limits(2.0, 20.0), odd.unmade)
    with pytest.raises(EnvUnavailable, match="an extra is missing"):
        made.env().reset(seed=1)
    made.close()


def test_two_workers_answer_at_once() -> None:
    made = Workers("test/odd", odd.TOLD, 2, Limits(1.5, 20.0), odd.make)
    bad, good = started(made, 1), started(made, 2)
    with ThreadPoolExecutor(1) as thread:
        hanging = thread.submit(bad.step, "hang")
        time.sleep(0.1)
        begun = time.monotonic()
        good.step("go")
        assert time.monotonic() - begun < 1.0
        assert isinstance(hanging.exception(), EnvFailed)
    made.close()


def test_closing_ends_a_call_that_hangs_and_every_process() -> None:
    made = Workers("test/odd", odd.TOLD, 1, Limits(60.0, 60.0), odd.make)
    env = made.env()
    process = int(env.reset(seed=1)[1]["feedback"])
    failed: list[Exception] = []

    def hang() -> None:
        try:
            env.step("hang")
        except EnvFailed as error:
            failed.append(error)

    thread = threading.Thread(target=hang)
    thread.start()
    time.sleep(0.3)
    made.close()
    thread.join(10.0)
    assert failed
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    with pytest.raises(EnvFailed, match="its run is over"):
        made.env().reset(seed=1)


def test_an_environment_that_is_closed_is_let_go_of(workers: Workers) -> None:
    env = started(workers, 1)
    env.close()
    env.close()
    with pytest.raises(EnvFailed, match="is closed"):
        env.step("go")
    assert started(workers, 2).step("go")[0] == "go is action 1 of game 2"
