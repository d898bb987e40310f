"""Reasoning: the procedural tasks of reasoning-gym, as episodes of one answer or a few."""

from typing import TYPE_CHECKING

from envs import extras
from envs.options import canonical_spec, parse_options
from envs.reasoning.tasks import KINDS
from envs.registry import unknown
from envs.spec import Spec

if TYPE_CHECKING:
    from envs.base import TextEnv


class ReasoningSuite:
    """The suite `reasoning`: one environment a task."""

    def names(self) -> list[tuple[str, str]]:
        """The tasks, each with its kind."""
        return [
            (name, f"{name.replace('_', ' ')} ({kind}): a question a seed")
            for name, kind in KINDS.items()
        ]

    def samples(self) -> list[str]:
        """A few tasks of several kinds, quick ones."""
        tasks = (
            "chain_sum",
            "countdown",
            "knights_knaves?attempts=3",
            "mini_sudoku",
            "pool_matrix",
        )
        return [f"reasoning/{task}" for task in tasks]

    def missing(self) -> str | None:
        """How to install reasoning-gym where it is not."""
        return extras.missing("reasoning_gym", "reasoning")

    def make(self, spec: Spec) -> "TextEnv":
        """Make a task, importing the library, which takes seconds the first time.

        Raises `UnknownEnvironment`, `SpecError` and `EnvUnavailable`.
        """
        whole = f"{spec.suite}/{spec.name}"
        if spec.name not in KINDS:
            raise unknown(whole, [f"{spec.suite}/{name}" for name in KINDS])
        from envs.reasoning.env import ReasoningEnv  # brings gymnasium
        from envs.reasoning.library import config_of
        from envs.reasoning.options import options_of

        options = parse_options(options_of(config_of(spec.name)), whole, spec.options)
        return ReasoningEnv(str(canonical_spec(spec, options)), spec.name, options)


suite = ReasoningSuite()
