"""TextWorld: text games that are made from a seed, built on demand and kept in a cache."""

from typing import TYPE_CHECKING

from envs.options import canonical_spec, parse_options
from envs.registry import unknown
from envs.spec import Spec
from envs.textworld.families import FAMILIES

if TYPE_CHECKING:
    from envs.base import TextEnv


class TextWorldSuite:
    """The suite `textworld`: one environment a family of games."""

    def names(self) -> list[tuple[str, str]]:
        """The families, each with one line on what it is."""
        return [(family.name, family.summary) for family in FAMILIES.values()]

    def make(self, spec: Spec) -> "TextEnv":
        """Make an environment; its games are built when they are reset to.

        Raises `UnknownEnvironment` and `SpecError`.
        """
        family = FAMILIES.get(spec.name)
        if family is None:
            raise unknown(f"{spec.suite}/{spec.name}", [f"textworld/{name}" for name in FAMILIES])
        options = parse_options(family.options, f"{spec.suite}/{spec.name}", spec.options)
        from envs.textworld.env import TextWorldEnv  # brings gymnasium

        return TextWorldEnv(str(canonical_spec(spec, options)), family, options)


suite = TextWorldSuite()
