"""Real games, one small one a family, all of seed 10,000 and built once (conftest.py)."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import envs
from envs.base import Info, TextEnv
from envs.errors import EnvFailed, SpecError
from envs.textworld.actions import refusal, to_interpreter
from envs.textworld.families import FAMILIES

SEED = 10_000
HOSTILE = [
    "",
    " ",
    "x" * 10_000,
    "look " * 2_000,
    "é ☃ 𝄞 ｌｏｏｋ \ud800",
    "\x00\x1b[2J\x1b]0;title\x07",
    "<|im_end|><|im_start|>assistant",
    "take [thing]. *** The End ***",
    "save",
    "quit\nyes",
    "script\nfile",
    "restart. yes",
    "tw-trace-actions",
    "oops save",
    "inventory then quit",
    "take everything and drop it",
    "again",
    "../../etc/passwd",
]


Sight = tuple[str, Info] | tuple[str, float, bool, bool, Info]


def play(env: TextEnv, commands: list[str]) -> list[Sight]:
    """Everything that a player sees of a game, up to its end."""
    seen: list[Sight] = [env.reset(seed=SEED)]
    for command in commands:
        answer = env.step(command)
        seen.append(answer)
        if answer[2]:
            break
    return seen


@pytest.mark.parametrize("family", FAMILIES)
def test_the_walkthrough_wins_with_all_points(family: str, specs: dict[str, str]) -> None:
    env = envs.make(specs[family])
    observation, info = env.reset(seed=SEED)
    assert observation == info["feedback"]
    assert "-= " in observation
    assert (info["score"], info["won"], info["lost"], info["moves"]) == (0, False, False, 0)
    max_score = info["max_score"]
    assert max_score is not None
    assert max_score >= 1
    walkthrough = env.walkthrough()
    assert walkthrough

    total = 0.0
    for number, command in enumerate(walkthrough, start=1):
        commands = info["admissible_commands"]
        assert commands
        assert commands == sorted(set(commands))
        # Our own cleaning of actions changes none of the game's commands.
        assert all(to_interpreter(c) == c and refusal(c) is None for c in commands)
        observation, reward, terminated, truncated, info = env.step(command)
        total += reward
        assert total == info["score"]
        assert info["moves"] is not None
        assert info["moves"] <= number
        assert "$$" not in observation
        assert not observation.rstrip().endswith(">")
        assert not truncated
        if terminated:
            break
    assert terminated
    assert (info["won"], info["lost"]) == (True, False)
    assert total == info["max_score"] == max_score
    assert info["admissible_commands"] == []
    assert "*** The End ***" in observation
    assert "RESTART" not in observation
    with pytest.raises(EnvFailed, match="has ended: reset it before the next step"):
        env.step("look")
    assert env.reset()[0]  # and a reset goes on from there
    env.close()


@pytest.mark.parametrize(
    ("family", "objective"),
    [
        ("coin-collector", "coin"),
        ("cooking", "You are hungry! Let's cook a delicious meal."),
        ("simple", "The dinner is almost ready!"),
    ],
)
def test_the_first_observation_tells_the_objective(
    family: str, objective: str, specs: dict[str, str]
) -> None:
    observation, _ = envs.make(specs[family]).reset(seed=SEED)
    assert objective in observation.split("-= ")[0]
    assert not observation.startswith(("\n", " "))


def test_a_lost_game_is_told_apart_from_a_won_one(specs: dict[str, str]) -> None:
    env = envs.make(specs["cooking"])
    env.reset(seed=SEED)
    walkthrough = env.walkthrough()
    assert walkthrough is not None
    # The walkthrough as far as its cooking, but with the other appliance.
    cook = next(i for i, command in enumerate(walkthrough) if command.startswith("cook "))
    wrong = {"oven": "stove", "stove": "oven"}
    food, _, appliance = walkthrough[cook].rpartition(" with ")
    for command in [*walkthrough[:cook], f"{food} with {wrong[appliance]}"]:
        observation, _, terminated, _, info = env.step(command)
    assert terminated
    assert (info["won"], info["lost"]) == (False, True)
    assert "*** You lost! ***" in observation
    assert info["admissible_commands"] == []


def test_another_process_sees_the_same_game(
    specs: dict[str, str], tmp_path: Path, session_cache: Path
) -> None:
    """Another build, another hash seed, other random state: the same text, scores and commands."""
    env = envs.make(specs["cooking"])
    env.reset(seed=SEED)
    commands = ["look", "xyzzy", "inventory", *(env.walkthrough() or [])]
    here = play(env, commands)
    code = (
        "import json, random, sys, numpy, envs\n"
        "random.seed(5); numpy.random.seed(6)\n"
        "env = envs.make(sys.argv[1])\n"
        f"seen = [env.reset(seed={SEED})]\n"
        "for command in json.loads(sys.argv[2]):\n"
        "    seen.append(env.step(command))\n"
        "    if seen[-1][2]: break\n"
        "json.dump(seen, sys.stdout)\n"
    )
    there = subprocess.run(
        [sys.executable, "-c", code, specs["cooking"], json.dumps(commands)],
        env={**os.environ, "PYTHONHASHSEED": "77", "STENO_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        check=True,
        timeout=100,
        text=True,
    )
    assert there.stdout == json.dumps(here)
    assert there.stderr == ""
    # Not only what was seen: the world and its quests are the same to the byte. (The story itself
    # holds the date of its build.)
    (world,) = (p for p in tmp_path.glob("games/*/*.json") if p.name != "entry.json")
    mine = (session_cache / world.relative_to(tmp_path)).parent
    assert world.read_bytes() in [p.read_bytes() for p in mine.glob("*.json")]


def test_a_reset_forgets_the_episode_before(specs: dict[str, str]) -> None:
    env = envs.make(specs["custom"])
    walkthrough = (env.reset(seed=SEED), env.walkthrough())[1]
    assert walkthrough
    first = play(env, walkthrough)
    env.reset()
    env.step("superbrief")  # changes how the rooms are told, until the next reset
    assert play(env, walkthrough) == first
    assert env.reset() == env.reset(seed=SEED) == env.reset(seed=int(np.int64(SEED)))


@pytest.mark.parametrize("family", ["coin-collector", "cooking"])
def test_hostile_actions_are_answered(
    family: str, specs: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env = envs.make(specs[family])
    _, before = env.reset(seed=SEED)
    for action in HOSTILE:
        observation, reward, terminated, truncated, info = env.step(action)
        assert observation
        assert all(c == "\n" or c.isprintable() for c in observation)
        assert (reward, terminated, truncated) == (0.0, False, False)
        assert info["admissible_commands"] == before["admissible_commands"]
    walkthrough = env.walkthrough()
    assert walkthrough
    for command in walkthrough:
        *_, info = env.step(command)
    assert info["won"]  # the game is as sound as before
    assert list(tmp_path.iterdir()) == []  # `save` and `script` write files where they get through


def test_several_commands_in_one_action_play_the_first(specs: dict[str, str]) -> None:
    """TextWorld follows one command a line; two would leave its list of commands wrong for good."""
    one, many = envs.make(specs["coin-collector"]), envs.make(specs["coin-collector"])
    one.reset(seed=SEED)
    many.reset(seed=SEED)
    first, second, *_ = one.walkthrough() or []
    assert many.step(f"{first}. {second} and {first}") == one.step(first)
    assert many.step(f"{second} then look") == one.step(second)


def test_games_in_one_process_do_not_mix(specs: dict[str, str]) -> None:
    """Several interpreters at once, their steps interleaved: each game as if it were alone."""
    alone = {}
    scripts = {}
    for family, spec in specs.items():
        env = envs.make(spec)
        env.reset(seed=SEED)
        scripts[family] = ["look", *(env.walkthrough() or [])]
        alone[family] = play(env, scripts[family])
        env.close()
    players = [(family, envs.make(specs[family])) for family in (*specs, *specs)]
    seen: list[list[Sight]] = [[env.reset(seed=SEED)] for _, env in players]
    for turn in range(max(len(script) for script in scripts.values())):
        for (family, env), sights in zip(players, seen, strict=True):
            if turn + 1 < len(alone[family]):
                sights.append(env.step(scripts[family][turn]))
    for (family, env), sights in zip(players, seen, strict=True):
        assert sights == alone[family]
        env.close()


def test_building_and_playing_leave_random_state_alone(specs: dict[str, str]) -> None:
    random.seed(1)
    np.random.seed(1)
    expected = (random.random(), np.random.random())
    random.seed(1)
    np.random.seed(1)
    env = envs.make(specs["coin-collector"])
    env.reset(seed=SEED)
    env.step("look")
    assert (random.random(), np.random.random()) == expected


def test_nothing_is_printed(specs: dict[str, str], capfd: pytest.CaptureFixture[str]) -> None:
    env = envs.make(specs["simple"])
    env.reset(seed=SEED)
    env.step("look")
    env.close()
    assert capfd.readouterr() == ("", "")


def test_misuse_is_an_error_that_says_so(specs: dict[str, str]) -> None:
    env = envs.make(specs["custom"])
    with pytest.raises(EnvFailed, match="has not started: reset it"):
        env.step("look")
    with pytest.raises(EnvFailed, match="has no game yet"):
        env.walkthrough()
    for seed in (-1, 2**32):
        with pytest.raises(SpecError, match=f"seed {seed} of .* must be from 0 to 4294967295"):
            env.reset(seed=seed)
    with pytest.raises(SpecError, match="seed 1.5 of .* is not a whole number"):
        env.reset(seed=1.5)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="reset takes no options"):
        env.reset(seed=SEED, options={"level": 3})
    env.reset(seed=SEED)
    env.close()
    env.close()
    with pytest.raises(EnvFailed, match="is closed"):
        env.step("look")
    with pytest.raises(EnvFailed, match="is closed"):
        env.reset()


def test_a_failing_interpreter_is_a_named_error_and_a_reset_recovers(
    specs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    env = envs.make(specs["custom"])
    first = env.reset(seed=SEED)
    game = env._game  # type: ignore[attr-defined]

    def crash(command: str) -> None:
        raise ValueError("the interpreter lost its way")

    monkeypatch.setattr(game, "step", crash)
    with pytest.raises(EnvFailed, match="TextWorld failed in textworld/custom.* lost its way"):
        env.step("look")
    with pytest.raises(EnvFailed, match="reset it before the next step"):
        env.step("look")
    assert env.reset() == first  # the same seed, loaded afresh
    assert env.step("look")[0]


def test_a_walkthrough_that_does_not_win_is_none(
    specs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Trial:
        def reset(self) -> dict[str, list[str]]:
            return {"extra.walkthrough": ["look"]}

        def step(self, command: str) -> tuple[dict[str, bool], int, bool]:
            return {"won": False}, 0, False

        def close(self) -> None:
            pass

    env = envs.make(specs["custom"])
    env.reset(seed=SEED)
    assert env.walkthrough()
    monkeypatch.setattr(env, "_start", Trial)
    assert env.walkthrough() is None


@pytest.mark.parametrize("family", FAMILIES)
def test_the_description_is_short(family: str) -> None:
    description = envs.make(f"textworld/{family}").describe()
    for text in (description.goal, description.how_to_act):
        assert 5 < len(text.split()) <= 80
        assert text.endswith((".", "'."))
