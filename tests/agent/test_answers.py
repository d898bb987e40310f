"""Whatever an environment answers is either held to the contract or that episode's error."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import answers
from agent.verify import verify
from envs.base import Description
from envs.errors import EnvFailed
from tests.agent.world import Corridor, play

GOOD: dict[str, Any] = {
    "score": 1.0,
    "max_score": None,
    "won": False,
    "lost": None,
    "moves": 1,
    "admissible_commands": ["look"],
    "feedback": "",
}
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text(st.characters(categories=["Cs"]))
    | st.binary()
    | st.complex_numbers()
    | st.sampled_from(
        [
            np.float32(0.5),
            np.int64(3),
            np.bool_(True),
            np.zeros(2),
            np.nan,
            Fraction(1, 3),
            Decimal(2),
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=5).map(tuple)
        | st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from(list(GOOD)), inner)
        | st.dictionaries(st.sampled_from(list(GOOD)), inner).map(lambda odd: GOOD | odd)
    ),
    max_leaves=12,
)


@given(said=anything | st.tuples(anything, anything, anything, anything, anything))
def test_an_answer_can_be_recorded_or_is_refused(said: Any) -> None:
    for read in (answers.beginning, answers.turn):
        try:
            answer = read("test/odd", said)
        except EnvFailed:
            continue
        answer.observation.encode()
        json.dumps({**answer.info, "moves": None, "feedback": None}, allow_nan=False)
        json.dumps([part for part in answer if isinstance(part, int | float)], allow_nan=False)


def changed(**info: Any) -> Callable[[Any], Any]:
    """An answer to a step whose info says otherwise."""
    return lambda said: (*said[:4], {**said[4], **info})


def without(key: str) -> Callable[[Any], Any]:
    return lambda said: (*said[:4], {k: v for k, v in said[4].items() if k != key})


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "no score": (without("score"), "an info without 'score'"),
    "no won": (without("won"), "an info without 'won'"),
    "no info": (lambda said: (*said[:4], None), "an info of type NoneType"),
    "a score in words": (changed(score="3"), "a score of type str"),
    "endless points": (changed(max_score=math.inf), "a max_score of inf"),
    "points beyond counting": (changed(score=10**400), "a score of inf; it must be from"),
    "an info that cannot be read": (
        lambda said: (*said[:4], Unreadable(said[4])),
        "raises LookupError",
    ),
    "a text that cannot be read": (lambda said: (Mute("hush"), *said[1:]), "raises RuntimeError"),
    "nothing": (lambda said: None, "a value of NoneType"),
    "no reward": (lambda said: (said[0], None, *said[2:]), "a reward of type NoneType"),
    "gym's old four": (lambda said: (*said[:3], said[4]), "answered with 4 values"),
    "a command that is none": (changed(admissible_commands=[None]), "with a command of type None"),
    "commands in words": (changed(admissible_commands="look"), "a list of texts or None"),
    "won in words": (changed(won="no"), "'won' of type str"),
    "an end that is no answer": (
        lambda said: (*said[:2], None, *said[3:]),
        "'terminated' of type NoneType",
    ),
}


class Unreadable(dict[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise LookupError(key)


class Mute(str):
    def encode(self, *_: Any) -> bytes:
        raise RuntimeError("silence")


def strange(harm: Callable[[Any], Any]) -> Callable[[], Corridor]:
    """Makes corridors of which the first harms its third answer."""
    made: list[Corridor] = []

    class Strange(Corridor):
        def step(self, action: str) -> Any:
            said = super().step(action)
            return harm(said) if self.at == 3 and made.index(self) == 1 else said

        def __eq__(self, other: object) -> bool:
            return self is other

    def make() -> Corridor:
        made.append(Strange())  # the first is asked what it is, and never played
        return made[-1]

    return make


@pytest.mark.parametrize("what", REFUSED)
def test_a_malformed_answer_is_an_episodes_error(tmp_path: Path, what: str) -> None:
    harm, told = REFUSED[what]
    first, second = play(tmp_path / "run", env=strange(harm), episodes=2).rows
    assert (first.outcome, first.steps) == ("error", 2)
    assert (first.error or "").startswith("EnvFailed: test/corridor ")
    assert told in (first.error or "")
    assert second.outcome == "won", "the others finish"


@pytest.mark.parametrize("number", [np.float32, np.float64, int, Fraction])
def test_any_number_is_a_number(tmp_path: Path, number: Callable[[float], Any]) -> None:
    class Counted(Corridor):
        def step(self, action: str) -> Any:
            observation, reward, terminated, truncated, info = super().step(action)
            info["score"] = number(info["score"] or 0)
            info["won"] = np.bool_(info["won"])  # type: ignore[typeddict-item]
            return observation, number(reward), np.bool_(terminated), truncated, info

    done = play(tmp_path / "run", env=Counted)
    assert done.rows[0].outcome == "won"
    assert done.rows[0].score == 10
    assert verify(done.path, make_env=lambda _spec: Counted()).sound


def test_what_an_exception_says_may_be_no_unicode_and_a_megabyte(tmp_path: Path) -> None:
    def fail(_said: Any) -> Any:
        raise ValueError("\ud800" + "x" * 1_000_000)

    first, second = play(tmp_path / "run", env=strange(fail), episodes=2).rows
    assert "�xxx" in (first.error or "")
    assert len(first.error or "") < 2100
    assert second.outcome == "won"


def test_a_walkthrough_and_a_snapshot_that_are_none_are_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Odd(Corridor):
        def walkthrough(self) -> Any:
            return [1, 2]

        def snapshot(self) -> Any:
            return "text"

    monkeypatch.setattr("agent.snapshots.EVERY", 3)
    by_hand = play(tmp_path / "walk", env=Odd, agent="walkthrough").rows[0]
    assert "a walkthrough with a command of type int" in (by_hand.error or "")
    by_model = play(tmp_path / "model", env=Odd).rows[0]
    assert "a snapshot of type str" in (by_model.error or "")


def test_an_error_of_several_lines_is_one(tmp_path: Path) -> None:
    def fail(_said: Any) -> Any:
        raise ValueError("one\ntwo")

    assert "one two" in (play(tmp_path / "run", env=strange(fail), episodes=2).rows[0].error or "")


@pytest.mark.parametrize("told", [None, Description("go", 3), ValueError("no words")])  # type: ignore[arg-type]
def test_a_description_that_is_none_ends_the_run_by_name(tmp_path: Path, told: Any) -> None:
    class Wordless(Corridor):
        def describe(self) -> Description:
            if isinstance(told, Exception):
                raise told
            return told  # type: ignore[no-any-return]

    with pytest.raises(EnvFailed, match="description|no words"):
        play(tmp_path / "run", env=Wordless)
    assert not (tmp_path / "run").exists()


def test_an_environment_that_cannot_be_made_is_its_episodes_error(tmp_path: Path) -> None:
    made = count()

    def env() -> Corridor:
        if next(made) == 2:  # the first is asked what it is
            raise ValueError("out of corridors")
        return Corridor()

    rows = play(tmp_path / "run", env=env, episodes=3).rows
    assert [row.outcome for row in rows] == ["won", "error", "won"]
    assert rows[1].error == "EnvFailed: test/corridor raised ValueError: out of corridors"


def test_a_close_that_hangs_or_exits_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clinging(Corridor):
        def close(self) -> None:
            if self.at and not hung.is_set():
                hung.set()
                let_go.wait(60)
            elif self.at:
                raise SystemExit(7)

    hung, let_go = threading.Event(), threading.Event()
    monkeypatch.setattr("agent.game._CLOSE_S", 0.05)
    try:
        rows = play(tmp_path / "run", env=Clinging, episodes=3).rows
        assert not let_go.is_set()
    finally:
        let_go.set()
    assert [row.outcome for row in rows] == ["won"] * 3
