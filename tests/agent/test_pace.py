"""The figures of a run that is going on, and how they are shown."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from agent.config import RunConfig
from agent.events import Opened, Passed, Phase, Stepped
from agent.live import Live, Narrator, console_for
from agent.lm.types import Pass
from agent.pace import RECENT_S, Pace
from agent.results import EpisodeResult


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def row(episode: int, outcome: str = "won", steps: int = 10) -> EpisodeResult:
    values = {"uid": "r", "env": "e", "seed": 0, "agent": "model", "outcome": outcome}
    return EpisodeResult.model_validate(values | {"episode": episode, "steps": steps})


def passed(episode: int, kept: int) -> Passed:
    return Passed(episode, "think", Pass((7,) * kept, (None,) * kept))


def stepped(episode: int, step: int) -> Stepped:
    return Stepped(episode, step, "look", "a room", 0.0, 100)


def test_the_time_left_counts_the_steps_of_those_that_are_being_played() -> None:
    clock = Clock()
    pace = Pace(4, clock)
    pace.watch(Opened(0, 0, ""))
    pace.watch(Opened(1, 1, ""))
    assert pace.left_s is None
    clock.now = 30.0
    pace.row(row(0, steps=10))
    pace.watch(stepped(1, 5))
    # One whole and half of another in 30 s: 2.5 more at 20 s each.
    assert pace.left_s == pytest.approx(50.0)
    assert (pace.ended, pace.won, pace.playing) == (1, 1, {1: 5})


def test_episodes_of_before_a_resume_count_as_ended_and_say_nothing_of_the_pace() -> None:
    clock = Clock()
    pace = Pace(4, clock)
    pace.row(row(0), earlier=True)
    pace.row(row(1, "lost"), earlier=True)
    pace.watch(Opened(2, 2, "", step=3))
    clock.now = 10.0
    assert pace.left_s is None
    pace.row(row(2, "lost"))
    assert (pace.ended, pace.won) == (3, 1)
    assert pace.left_s == pytest.approx(10.0)


def test_tokens_a_second_are_those_of_the_last_minute() -> None:
    clock = Clock()
    pace = Pace(1, clock)
    pace.watch(passed(0, 100))
    clock.now = RECENT_S + 1
    pace.watch(passed(0, 5))
    clock.now += 1
    pace.watch(passed(0, 5))
    assert pace.tokens_per_second == pytest.approx(10 / RECENT_S)
    assert pace.tpf == pytest.approx(110 / 3)


def test_a_stream_that_is_no_terminal_gets_a_line_an_episode(tmp_path: Path) -> None:
    stream = io.StringIO()
    with Live(RunConfig(env="test/x", episodes=3, jobs=2), stream) as live:
        live.watch(Opened(1, 1, ""))
        live.watch(passed(1, 2))
        live.row(row(1, "lost"))
    [line] = stream.getvalue().splitlines()
    assert line.startswith("episode 2/3 seed 0: lost")
    assert "1 ended, 0 won, TPF 2.00" in line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_unless_it_is_a_build_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def shown(*, piped: bool = False, **variables: str) -> str:
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", io.StringIO() if piped else Terminal())
            patch.setenv("TERM", "xterm")
            patch.setenv("COLUMNS", "160")
            patch.delenv("CI", raising=False)
            for name, value in variables.items():
                patch.setenv(name, value)
            stream = Terminal()
            with Live(RunConfig(env="test/x", episodes=3, jobs=2), stream) as live:
                live.watch(Opened(0, 0, ""))
                live.watch(stepped(0, 4))
                live.watch(Opened(1, 1, ""))
                live.watch(Phase(1, "ACTING"))
                live.row(row(2))
            return stream.getvalue()

    bar = shown()
    assert "2 playing at step 0-4" in bar
    assert "1 won" in bar
    assert "episode 3/3" not in bar
    assert "episode 3/3" in shown(CI="true")
    assert "episode 3/3" in shown(piped=True), "as with `steno run --json | jq`"


def test_a_story_of_several_says_whose_each_line_is() -> None:
    def told(**options: Any) -> str:
        stream = io.StringIO()
        narrate = Narrator(console_for(stream), **options)
        narrate(Opened(12, 3, "A room.", step=4))
        return stream.getvalue()

    assert told() == "--- episode 12, seed 3, again from step 4 ---\n  | A room.\n"
    assert told(several=True).splitlines()[1] == " 12  | A room."
