"""Spec strings: `suite/name?option=value&option=value`, parsed and written back canonically."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from envs.errors import SpecError

_SUITE = re.compile(r"[a-z][a-z0-9_-]*")
_FORM = "a spec looks like 'suite/name' or 'suite/name?option=value&option=value'"

# What stays readable in a written spec; everything else is percent-encoded.
_SAFE_IN_NAME = "/:@!$'()*+,;=~"
_SAFE_IN_OPTION = "/:@!$'()*+,;~"


@dataclass(frozen=True, eq=True)
class Spec:
    """Which environment is meant, with its options as written (values are checked by the suite).

    `str(spec)` is canonical: options sorted by name, anything that has a meaning in a spec
    percent-encoded, so that `Spec.parse(str(spec)) == spec` for every spec.

    Raises `SpecError` where the suite is not a lower-case word, or a name or an option's name is
    empty.
    """

    suite: str
    name: str
    options: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _SUITE.fullmatch(self.suite):
            raise SpecError(f"bad suite {self.suite!r} in a spec: it is a lower-case word; {_FORM}")
        if not self.name:
            raise SpecError(f"no environment named after '{self.suite}/': {_FORM}")
        if "" in self.options:
            raise SpecError(f"an option of {self.suite}/{self.name} has no name: {_FORM}")
        # A sorted copy: equal specs compare, print and hash equal, and nobody's later edit reaches
        # in.
        object.__setattr__(self, "options", dict(sorted(self.options.items())))

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        base = f"{self.suite}/{_encode(self.name, _SAFE_IN_NAME)}"
        if not self.options:
            return base
        pairs = (
            f"{_encode(key, _SAFE_IN_OPTION)}={_encode(value, _SAFE_IN_OPTION)}"
            for key, value in self.options.items()
        )
        return f"{base}?{'&'.join(pairs)}"

    @classmethod
    def parse(cls, text: str) -> "Spec":
        """Read a spec string.

        Raises `SpecError` on anything that is not of the form `suite/name?option=value&...`, on an
        option given twice, and on a percent escape that is not UTF-8.
        """
        base, _, query = text.strip().partition("?")
        suite, slash, name = base.partition("/")
        if not slash:
            raise SpecError(f"bad environment spec {text!r}: {_FORM}")
        options: dict[str, str] = {}
        for pair in query.split("&") if query else ():
            key, equals, value = pair.partition("=")
            if not equals or not key:
                raise SpecError(f"bad option {pair!r} in the spec {text!r}: write option=value")
            key = _decode(key, text)
            if key in options:
                raise SpecError(f"option {key!r} is given twice in the spec {text!r}: give it once")
            options[key] = _decode(value, text)
        return cls(suite, _decode(name, text), options)


def _encode(part: str, safe: str) -> str:
    try:
        return quote(part, safe=safe)
    except UnicodeEncodeError:
        raise SpecError(f"{part!r} in an environment's spec is not valid Unicode text") from None


def _decode(part: str, whole: str) -> str:
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError:
        raise SpecError(f"bad percent escape in {part!r} of {whole!r}: use UTF-8") from None
