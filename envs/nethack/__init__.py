"""NetHack: the tasks of the NetHack Learning Environment, as text."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from envs import extras
from envs.nethack.tasks import TASKS
from envs.options import Options, canonical_spec, parse_options
from envs.registry import unknown
from envs.spec import Spec

if TYPE_CHECKING:
    from envs.base import TextEnv


class NetHackOptions(Options):
    """Who plays, for how long, and how much of the screen is seen."""

    role: Literal[
        "arc",
        "bar",
        "cav",
        "hea",
        "kni",
        "mon",
        "pri",
        "ran",
        "rog",
        "sam",
        "tou",
        "val",
        "wiz",
        "any",
    ] = Field("mon", description="role of the hero; mon is NLE's human monk, any is drawn")
    steps: int = Field(5000, ge=1, le=1_000_000, description="keys before the game is cut off")
    view: Literal["screen", "near"] = Field(
        "screen", description="the whole map, or 9 rows of 21 columns around the hero"
    )

    @property
    def character(self) -> str:
        """The role as NLE writes it."""
        return {"mon": "mon-hum-neu-mal", "any": "@"}.get(self.role, self.role)


class NetHackSuite:
    """The suite `nethack`: one environment a task.

    NLE's `challenge` is not among them: it does not let its games be seeded.
    """

    def names(self) -> list[tuple[str, str]]:
        """The tasks, each with what is scored."""
        return [(task.name, f"NetHack: {task.summary}") for task in TASKS.values()]

    def samples(self) -> list[str]:
        """Points with any hero, a goal seen from near, and a game so short that its end is seen."""
        return ["nethack/score?role=any", "nethack/staircase?view=near", "nethack/scout?steps=15"]

    def missing(self) -> str | None:
        """How to install the library where it is not."""
        return extras.missing("nle", "nethack")

    def make(self, spec: Spec) -> "TextEnv":
        """Make a task. Raises `UnknownEnvironment`, `SpecError` and `EnvUnavailable`."""
        whole = f"{spec.suite}/{spec.name}"
        task = TASKS.get(spec.name)
        if task is None:
            raise unknown(whole, [f"{spec.suite}/{name}" for name in TASKS])
        options = parse_options(NetHackOptions, whole, spec.options)
        from envs.nethack.env import NetHackEnv  # brings gymnasium

        return NetHackEnv(
            str(canonical_spec(spec, options)),
            options,
            task,
            character=options.character,
            steps=options.steps,
            near=options.view == "near",
        )


suite = NetHackSuite()
