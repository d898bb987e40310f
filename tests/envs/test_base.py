import copy
import pickle

import gymnasium
import pytest

from envs.base import AnyText, Description, Info, TextEnv
from envs.errors import EnvFailed


class Echo(TextEnv):
    """The smallest environment."""

    spec = "test/echo"

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, object] | None = None
    ) -> tuple[str, Info]:
        return "say something", self.info("say something")

    def step(  # type: ignore[override]
        self, action: str
    ) -> tuple[str, float, bool, bool, Info]:
        return action, 0.0, False, False, self.info(action)

    def describe(self) -> Description:
        return Description("Talk.", "Say anything.")

    def info(self, feedback: str) -> Info:
        return Info(
            score=None,
            max_score=None,
            won=None,
            lost=None,
            moves=None,
            admissible_commands=None,
            feedback=feedback,
        )


def test_an_environment_is_a_gymnasium_one() -> None:
    env = Echo()
    limited: gymnasium.Env[str, str] = gymnasium.wrappers.TimeLimit(env, max_episode_steps=2)
    assert limited.reset(seed=1)[0] == "say something"
    assert limited.step("a")[3] is False
    assert limited.step("b")[3] is True
    assert env.action_space.contains("")
    env.close()


def test_no_walkthrough_is_none() -> None:
    assert Echo().walkthrough() is None


@pytest.mark.parametrize("act", [pickle.dumps, copy.copy, copy.deepcopy])
def test_pickling_is_refused_with_what_to_do_instead(act: object) -> None:
    assert callable(act)
    with pytest.raises(EnvFailed) as error:
        act(Echo())
    assert str(error.value) == (
        "test/echo cannot be pickled or copied, as it holds a running game: "
        "send its spec string and make it anew with envs.make(spec)"
    )


def test_any_text_holds_strings_only_and_samples_by_its_seed() -> None:
    space = AnyText(seed=3)
    words = [space.sample() for _ in range(5)]
    assert all(space.contains(word) and word for word in words)
    assert not space.contains(b"bytes")
    assert words == [(again := AnyText(seed=3)).sample()] + [again.sample() for _ in range(4)]
    assert AnyText() == AnyText()
