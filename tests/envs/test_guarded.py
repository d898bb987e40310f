"""The guards: when a game may be asked, what it is asked with, what goes out, and what it is called."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.base import Description
from envs.errors import EnvFailed, EnvUnavailable, SpecError
from envs.guarded import GuardedEnv, Turn
from envs.text import plain


class Game(GuardedEnv):
    """Says what it was told, and fails, ends or is cut off when it is told to."""

    spec = "test/game"  # type: ignore[assignment]

    def __init__(self) -> None:
        self.seeds: list[int] = []
        self.actions: list[str] = []
        self.ends = 0

    def describe(self) -> Description:
        return Description("Talk.", "Say anything.")

    def begin(self, seed: int) -> Turn:
        self.seeds.append(seed)
        if seed == 13:
            raise EnvUnavailable("there is no game 13")
        return Turn(text=f"\x1b[1mgame {seed}\x07", score=1.0, commands=("b", "a", "b"))

    def act(self, action: str) -> Turn:
        self.actions.append(action)
        if action == "fail":
            raise KeyError("lost")
        return Turn(
            text=action,
            score=1.0 + len(self.actions),
            commands=("c",),
            over=action == "end",
            cut_off=action == "cut",
        )

    def solution(self) -> list[str] | None:
        return ["end"]

    def end(self) -> None:
        self.ends += 1


def test_a_game_is_a_seed_and_reset_without_one_repeats_it() -> None:
    game = Game()
    assert game.reset()[0] == "game 0"
    assert game.reset(seed=int(np.int64(5)))[0] == "game 5"
    assert game.reset(seed=np.int64(6))[0] == "game 6"  # type: ignore[arg-type]
    assert game.reset()[0] == "game 6"
    assert game.seeds == [0, 5, 6, 6]
    assert game.game_seed == 6


def test_what_goes_out_is_plain_and_in_order() -> None:
    observation, info = Game().reset(seed=1)
    assert observation == info["feedback"] == "game 1"
    assert info["admissible_commands"] == ["a", "b"]
    assert (info["max_score"], info["won"], info["lost"], info["moves"]) == (None,) * 4


def test_the_reward_is_the_change_of_the_score() -> None:
    game = Game()
    game.reset(seed=1)
    assert [game.step(action)[1] for action in ("x", "y", "end")] == [1.0, 1.0, 1.0]


@given(st.text(max_size=300))
def test_actions_arrive_as_one_clean_line(action: str) -> None:
    game = Game()
    game.reset(seed=1)
    if action not in ("fail", "end", "cut"):
        game.step(action)
        [arrived] = game.actions
        assert len(arrived) <= 200
        assert arrived == " ".join(arrived.split())
        assert plain(arrived) == arrived


@pytest.mark.parametrize("last", ["end", "cut"])
def test_no_step_after_the_end(last: str) -> None:
    game = Game()
    game.reset(seed=1)
    *_, terminated, truncated, info = game.step(last)
    assert (terminated, truncated) == (last == "end", last == "cut")
    assert info["admissible_commands"] == []
    with pytest.raises(
        EnvFailed, match="the game of test/game has ended: reset it before the next"
    ):
        game.step("x")
    game.reset()
    assert game.step("x")[0] == "x"


def test_no_step_before_the_start_or_after_the_close() -> None:
    game = Game()
    for ask in (lambda: game.step("x"), game.snapshot):
        with pytest.raises(EnvFailed, match="has not started: reset it before"):
            ask()
    with pytest.raises(EnvFailed, match="has no game yet"):
        game.walkthrough()
    game.reset(seed=1)
    assert game.walkthrough() == ["end"]
    game.close()
    game.close()
    assert game.ends == 1
    with pytest.raises(EnvFailed, match="is closed"):
        game.step("x")
    with pytest.raises(EnvFailed, match="is closed"):
        game.reset(seed=1)


def test_a_failure_is_named_and_a_reset_recovers() -> None:
    game = Game()
    game.reset(seed=1)
    with pytest.raises(EnvFailed, match=r"^test/game failed: KeyError: 'lost'; reset it to go on$"):
        game.step("fail")
    with pytest.raises(EnvFailed, match="has failed: reset it before the next step"):
        game.step("x")
    with pytest.raises(EnvUnavailable, match="there is no game 13"):
        game.reset(seed=13)
    with pytest.raises(EnvFailed, match="has not started"):
        game.step("x")
    game.reset(seed=1)
    assert game.step("x")[0] == "x"


def test_what_is_no_seed_option_or_action_is_refused() -> None:
    game = Game()
    for seed in (-1, 2**32):
        with pytest.raises(SpecError, match=f"seed {seed} of test/game is not allowed"):
            game.reset(seed=seed)
    with pytest.raises(SpecError, match="seed '1' of test/game is not a whole number"):
        game.reset(seed="1")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="reset takes no options"):
        game.reset(options={"x": 1})
    game.reset(seed=1)
    with pytest.raises(EnvFailed, match="an action of test/game is a text, not int"):
        game.step(3)  # type: ignore[arg-type]
    assert game.step("x")[0] == "x"  # and the game goes on


def test_without_a_state_there_are_no_snapshots() -> None:
    game = Game()
    game.reset(seed=1)
    assert game.snapshot() is None
    with pytest.raises(EnvFailed, match="these bytes are no snapshot of test/game"):
        game.restore(b"\xff")


class Counter(Game):
    def state(self) -> Any:
        return {"actions": self.actions}

    def go_on(self, seed: int, state: Any) -> Turn:
        self.actions = list(state["actions"])
        return Turn(text=self.actions[-1], score=1.0 + len(self.actions), commands=("c",))


@given(st.lists(st.text(min_size=1, max_size=20).map(repr), min_size=1, max_size=5))
def test_a_snapshot_goes_on_where_it_was_taken(actions: list[str]) -> None:
    game, other = Counter(), Counter()
    game.reset(seed=4)
    for action in actions:
        last = game.step(action)
    taken = game.snapshot()
    assert taken is not None
    assert other.restore(taken) == (last[0], last[4])
    assert other.game_seed == 4
    assert other.step("x") == game.step("x")


@pytest.mark.parametrize(
    ("snapshot", "told"),
    [
        (b"", "these bytes are no snapshot"),
        (b"[1]", "these bytes are no snapshot"),
        (b'{"spec": "test/game", "seed": -4, "state": 1}', "seed -4"),
        (
            b'{"spec": "test/other", "seed": 4, "state": 1}',
            "a snapshot of test/other, not of test/game",
        ),
        (b'{"spec": "test/game", "seed": 4, "state": 1}', "failed: TypeError"),
        (b"[" * 100_000, "these bytes are no snapshot"),
    ],
)
def test_what_is_no_snapshot_is_refused(snapshot: bytes, told: str) -> None:
    game = Counter()
    with pytest.raises(EnvFailed, match=told):
        game.restore(snapshot)


def test_gymnasiums_generator_follows_the_seed() -> None:
    game, other = Game(), Game()
    game.reset(seed=1)
    drawn = game.np_random.integers(1000, size=5).tolist()
    game.reset(seed=1)
    other.reset(seed=2)
    assert game.np_random.integers(1000, size=5).tolist() == drawn
    assert other.np_random.integers(1000, size=5).tolist() != drawn
    limited: gymnasium.Env[str, str] = gymnasium.wrappers.TimeLimit(game, max_episode_steps=1)
    assert limited.reset(seed=3)[0] == "game 3"
