"""A suite that is a table: names, each with its options and what makes its environment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envs.options import Options, canonical_spec, parse_options
from envs.registry import unknown
from envs.spec import Spec

if TYPE_CHECKING:
    from envs.base import TextEnv


@dataclass(frozen=True, slots=True)
class Entry:
    """One environment: a line on what it is, its options, and what makes it.

    `make` is called with the canonical spec and the validated options. It may be the environment's
    class, or a function that imports that first.
    """

    summary: str
    options: type[Options]
    make: "Callable[[str, Any], TextEnv]"


class TableSuite:
    """Keeps the `Suite` protocol for a table of entries."""

    def __init__(
        self, name: str, entries: Mapping[str, Entry], samples: Sequence[str] | None = None
    ) -> None:
        """`samples` are small specs for the checker; without any it takes every name as it is."""
        self._name, self._entries = name, dict(entries)
        self._samples = samples

    def names(self) -> list[tuple[str, str]]:
        """The environments, each with one line on what it is."""
        return [(name, entry.summary) for name, entry in self._entries.items()]

    def samples(self) -> list[str]:
        """Specs that stand for all of them, small enough to be checked often."""
        if self._samples is not None:
            return list(self._samples)
        return [f"{self._name}/{name}" for name in self._entries]

    def make(self, spec: Spec) -> "TextEnv":
        """Make the environment of a spec. Raises `UnknownEnvironment` and `SpecError`."""
        entry = self._entries.get(spec.name)
        whole = f"{spec.suite}/{spec.name}"
        if entry is None:
            raise unknown(whole, [f"{spec.suite}/{name}" for name in self._entries])
        options = parse_options(entry.options, whole, spec.options)
        return entry.make(str(canonical_spec(spec, options)), options)
