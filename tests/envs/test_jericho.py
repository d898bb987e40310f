"""jericho/PATH: stories that jericho does not know, one that it would, and files that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import envs
from envs.errors import EnvUnavailable, SpecError
from envs.jericho import env as jericho_env
from envs.jericho.actions import refusal, to_story
from envs.jericho.env import JerichoEnv
from envs.jericho.story import sample, story_file
from envs.spec import Spec

jericho = pytest.importorskip("jericho")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A story that TextWorld compiles."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STENO_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))
        return sample()


def test_of_a_story_that_jericho_does_not_know_nothing_is_told(story: Path) -> None:
    env = envs.make(str(Spec("jericho", str(story))))
    observation, info = env.reset(seed=10_000)
    assert "-= Steam Room =-" in observation
    assert "-=" not in observation.splitlines()[-1]  # no status line, no prompt
    unknown = ("score", "max_score", "won", "lost", "moves", "admissible_commands")
    for command in ("look", "go north", "go east"):
        assert all(info[key] is None for key in unknown)  # type: ignore[literal-required]
        _, reward, terminated, _, info = env.step(command)
        assert (reward, terminated) == (0.0, False)
    assert env.walkthrough() is None
    observation, _, terminated, _, info = env.step("take coin")
    assert "*** The End ***" in observation
    assert terminated
    assert info["won"] is None
    assert env.reset()[0].startswith("You are now playing")


class Known:
    """jericho's environment of a game that it supports, as far as it is used."""

    is_fully_supported = True

    def __init__(self, path: str) -> None:
        self.seeds: list[int] = []
        self.bindings = {"seed": 12}
        self.reset()

    def seed(self, seed: int) -> None:
        self.seeds.append(seed)

    def reset(self) -> tuple[str, dict[str, int]]:
        self.score, self.moves, self.end = 0, 0, ""
        return "West of House\n\n>", {}

    def step(self, line: str) -> tuple[str, int, bool, dict[str, int]]:
        self.moves += 1
        self.score += 5 * (line == "take egg")
        self.end = {"win": "won", "die": "lost"}.get(line, "")
        return f"{line}?\n", 0, False, {}

    def get_score(self) -> int:
        return self.score

    def get_max_score(self) -> int:
        return 350

    def get_moves(self) -> int:
        return self.moves

    def victory(self) -> bool:
        return self.end == "won"

    def game_over(self) -> bool:
        return self.end == "lost"

    def _emulator_halted(self) -> bool:
        return False

    def get_walkthrough(self) -> list[str]:
        return ["take egg", "win", "look"] if self.seeds[-1] == 12 else ["look"]

    def get_valid_actions(self, use_parallel: bool) -> list[str]:
        assert not use_parallel
        return ["take egg", "go north"]

    def close(self) -> None:
        pass


def test_of_a_game_that_it_supports_all_is_told(
    story: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jericho, "FrotzEnv", Known)
    monkeypatch.setattr(jericho_env, "find_spec", lambda module: object())
    env = envs.make(str(Spec("jericho", str(story))))
    observation, info = env.reset(seed=0)
    assert observation == "West of House"
    assert info == {
        "score": 0.0,
        "max_score": 350.0,
        "won": False,
        "lost": False,
        "moves": 0,
        "admissible_commands": ["go north", "take egg"],
        "feedback": "West of House",
    }
    assert env.step("take egg")[1] == 5.0
    assert env.walkthrough() == ["take egg", "win"]
    *_, terminated, _, info = env.step("win")
    assert (terminated, info["won"], info["lost"]) == (True, True, False)
    env.reset(seed=7)
    assert env.walkthrough() is None  # the walkthrough is one of the game's own seed
    *_, terminated, _, info = env.step("die")
    assert (terminated, info["won"], info["lost"]) == (True, False, True)
    assert isinstance(env, JerichoEnv)
    assert env._game.seeds == [12, 8]  # never 0, which is jericho's choice, nor -1, the clock's


def test_valid_actions_need_a_language_model_and_may_be_declined(
    story: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jericho, "FrotzEnv", Known)
    spec = str(Spec("jericho", str(story)))
    monkeypatch.setattr(jericho_env, "find_spec", lambda module: None)
    assert envs.make(spec).reset(seed=0)[1]["admissible_commands"] is None
    monkeypatch.setattr(jericho_env, "find_spec", lambda module: object())
    assert envs.make(f"{spec}?commands=0").reset(seed=0)[1]["admissible_commands"] is None


@pytest.mark.parametrize(
    "line",
    ["save", "SAVE game", "restore", "quit", "q", "look. save", "look then quit", "script", "#random 5",
     "robot, restart", "undo", "get lamp and save", "$verify", "restarting"],
)  # fmt: skip
def test_commands_to_the_program_are_refused(line: str) -> None:
    assert refusal(to_story(line)) is not None


@pytest.mark.parametrize(
    "line", ["look", "take all. go north", "robot, go north", 'say "open sesame"', "rest", "score"]
)
def test_commands_of_the_game_pass_as_they_are(line: str) -> None:
    assert refusal(line) is None
    assert to_story(line) == line


def test_nothing_reaches_the_terminal_of_the_interpreter() -> None:
    assert to_story("\\help \\x \x1b[31m é" + "x" * 500) == ("help x e" + "x" * 500)[:190]


def test_a_path_means_the_same_file_wherever_the_spec_is_read(
    story: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(story.parent)
    env = envs.make(f"jericho/{story.name}")
    assert env.spec == f"jericho/{story}"


def test_what_is_no_story_is_refused_before_the_interpreter_sees_it(
    tmp_path: Path, story: Path
) -> None:
    good = story.read_bytes()
    for name, content, error, told in (
        ("none.z5", None, EnvUnavailable, "there is no story file"),
        ("empty.z5", b"", SpecError, "is no Z-machine story"),
        ("text.z5", b"Once upon a time" * 10, SpecError, "is no Z-machine story"),
        ("six.z6", b"\x06" + good[1:], SpecError, "is no Z-machine story"),
        ("cut.z8", good[:-5_000], SpecError, "is damaged"),
        (
            "changed.z8",
            good[:9_000] + bytes([good[9_000] ^ 1]) + good[9_001:],
            SpecError,
            "is damaged",
        ),
    ):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(error, match=told):
            envs.make(str(Spec("jericho", str(path))))
    with pytest.raises(EnvUnavailable, match="there is no story file"):
        story_file(str(tmp_path))


def test_two_seeds_are_two_games_of_chance_and_one_seed_is_one(story: Path) -> None:
    env = envs.make(str(Spec("jericho", str(story))))
    said: list[Any] = [env.reset(seed=seed)[0] for seed in (1, 1, 0)]
    assert said[0] == said[1]
