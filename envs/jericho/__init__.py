"""Jericho: any Z-machine story file, from Infocom's to those that TextWorld compiles."""

from typing import TYPE_CHECKING

from pydantic import Field

from envs import extras
from envs.options import Options, canonical_spec, parse_options
from envs.spec import Spec

if TYPE_CHECKING:
    from envs.base import TextEnv


class StoryOptions(Options):
    """How a story is played."""

    commands: bool = Field(
        True,
        description="whether valid actions are worked out, where jericho can: tenths of a second",
    )


class JerichoSuite:
    """The suite `jericho`: the name of an environment is the path of a story file."""

    def names(self) -> list[tuple[str, str]]:
        """One name, which stands for all paths."""
        return [("PATH", "any Z-machine story file, such as jericho/stories/game.z5")]

    def samples(self) -> list[str]:
        """A small story that TextWorld compiles. Raises `EnvUnavailable` where it cannot."""
        from envs.jericho.story import sample

        return [str(Spec("jericho", str(sample())))]

    def missing(self) -> str | None:
        """How to install jericho where it is not."""
        return extras.missing("jericho", "jericho")

    def make(self, spec: Spec) -> "TextEnv":
        """Make the environment of a story. Raises `SpecError` and `EnvUnavailable`."""
        options = parse_options(StoryOptions, f"{spec.suite}/{spec.name}", spec.options)
        from envs.jericho.env import JerichoEnv  # brings gymnasium
        from envs.jericho.story import story_file

        story = story_file(spec.name)
        # By its whole path, so that the spec means the same file wherever it is read again.
        whole = canonical_spec(Spec(spec.suite, str(story), spec.options), options)
        return JerichoEnv(str(whole), options, story, commands=options.commands)


suite = JerichoSuite()
