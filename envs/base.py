"""The contract that every environment keeps: a gymnasium environment that speaks text."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, NoReturn, TypedDict

import gymnasium
import numpy as np

from envs.errors import EnvFailed
from envs.options import Options


class Info(TypedDict):
    """What is known beside the observation, at a reset and after each step.

    None always means that the environment cannot say; it never stands for 0, False or an empty
    list.
    """

    score: float | None
    """Points so far, in the game's own units."""
    max_score: float | None
    """The most points that this game can give."""
    won: bool | None
    lost: bool | None
    moves: int | None
    """Actions that the game counted so far; one that it did not understand may not count."""
    admissible_commands: list[str] | None
    """Every command that makes sense now, sorted; empty once the game has ended."""
    feedback: str
    """The game's answer to the last action, cleaned like the observation."""


@dataclass(frozen=True)
class Description:
    """What the model is told of a family of games; it reveals nothing of the present game."""

    goal: str
    how_to_act: str
    examples: tuple[str, ...] = ()
    """Actions of the kind that it takes, said without looking: what the random player says in games
    that list no admissible commands."""


class AnyText(gymnasium.Space[str]):
    """Every string, of any length and alphabet (gymnasium's own `Text` wants both bounded)."""

    def __init__(self, seed: int | np.random.Generator | None = None) -> None:
        super().__init__(shape=(), dtype=None, seed=seed)

    def contains(self, x: Any) -> bool:
        """Whether `x` is a string."""
        return isinstance(x, str)

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """A short string of lower-case words: noise, but a parser can be fed with it."""
        lengths = self.np_random.integers(1, 8, size=self.np_random.integers(1, 4))
        letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
        return " ".join("".join(self.np_random.choice(letters, size=n)) for n in lengths)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AnyText)

    def __repr__(self) -> str:
        return "AnyText()"


class TextEnv(gymnasium.Env[str, str]):
    """A text game: `reset(seed=n)`, then `step(action)` until it says terminated or truncated.

    An implementation keeps these promises, which the tests hold every environment to:

    - The same spec and seed give the same game and, for the same actions, the same observations,
      scores and admissible commands, in any process.
    - Observations are plain text: no ANSI escapes and no control characters except newlines.
    - Any string is an action that gets an answer: empty, long, or full of control characters.
    - The reward of a step is the change of the score, and 0 where there is no score.
    - A step before a reset, after the end or after `close()` raises `EnvFailed`.
    """

    # gymnasium's own `spec` belongs to its registry, which Steno does not use; here it is the spec
    # string.
    spec: str  # type: ignore[assignment]
    options: Options | None = None
    """The options of its spec, validated, for those who want to know what may be asked of it."""
    score_never_falls: bool = False
    """A claim about every game of this environment, which the checker holds it to."""
    blocks: bool = False
    """Whether a step takes so long that others should not have to wait for it.

    Where several episodes are played at once, such environments run in worker processes
    (envs/workers.py); quick ones in pure Python are better off beside the caller.
    """
    observation_space: gymnasium.Space[str] = AnyText()
    action_space: gymnasium.Space[str] = AnyText()

    @abstractmethod
    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, Info]:
        """Start the game of `seed`: its first observation, with the objective where it is told.

        `seed=None` starts the present game again, or that of seed 0 where there was none. Raises
        `SpecError` for a seed that is not allowed and `EnvUnavailable` where the game cannot be
        had.
        """

    @abstractmethod
    def step(  # type: ignore[override]
        self, action: str
    ) -> tuple[str, float, bool, bool, Info]:
        """Play one action: observation, reward (change of the score), terminated, truncated, info.

        Raises `EnvFailed` where no game is running.
        """

    @abstractmethod
    def describe(self) -> Description:
        """What to tell a player about this family of games; known before the first reset."""

    def walkthrough(self) -> list[str] | None:
        """Commands that win the present game from its start, or None where none are known to.

        For oracle players only: the agent never sees it. Raises `EnvFailed` before the first reset.
        """
        return None

    def snapshot(self) -> bytes | None:
        """The present game in bytes that any process can restore, or None where it has no such form.

        It saves a resumed run from playing a long game again.
        """
        return None

    def restore(self, snapshot: bytes) -> tuple[str, Info]:
        """Go on from a snapshot of this spec's game: the observation and the info of its last step.

        Raises `EnvFailed` where snapshots are not offered, or these bytes are none.
        """
        raise EnvFailed(f"{self.spec} has no snapshots: play it again from its seed")

    def close(self) -> None:
        """End the game and let go of what it holds. A second close does nothing."""

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise EnvFailed(
            f"{self.spec} cannot be pickled or copied, as it holds a running game: "
            "send its spec string and make it anew with envs.make(spec)"
        )
