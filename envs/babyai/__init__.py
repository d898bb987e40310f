"""BabyAI: minigrid's levels for following instructions, as text."""

from typing import TYPE_CHECKING

from envs import extras
from envs.babyai.levels import LEVELS, WITHOUT_ORACLE
from envs.options import Options, canonical_spec, parse_options
from envs.registry import unknown
from envs.spec import Spec

if TYPE_CHECKING:
    from envs.base import TextEnv


class NoOptions(Options):
    """A level's name says all there is to say."""


class BabyAISuite:
    """The suite `babyai`: one environment a level."""

    def names(self) -> list[tuple[str, str]]:
        """The levels."""
        without = "; its bot fails here, so there may be no walkthrough"
        return [
            (level, "a mission in a grid of rooms" + (without if level in WITHOUT_ORACLE else ""))
            for level in LEVELS
        ]

    def samples(self) -> list[str]:
        """A few levels: walking, doors and keys, several instructions, and one without an oracle."""
        levels = ("GoToObjS6-v1", "UnlockPickup-v0", "GoToSeqS5R2-v0", "PutNextS5N2Carrying-v0")
        return [f"babyai/{level}" for level in levels]

    def missing(self) -> str | None:
        """How to install minigrid where it is not."""
        return extras.missing("minigrid", "babyai")

    def make(self, spec: Spec) -> "TextEnv":
        """Make a level. Raises `UnknownEnvironment`, `SpecError` and `EnvUnavailable`."""
        whole = f"{spec.suite}/{spec.name}"
        if spec.name not in LEVELS:
            raise unknown(whole, [f"{spec.suite}/{level}" for level in LEVELS])
        options = parse_options(NoOptions, whole, spec.options)
        from envs.babyai.env import BabyAIEnv  # brings gymnasium

        return BabyAIEnv(str(canonical_spec(spec, options)), options, spec.name)


suite = BabyAISuite()
