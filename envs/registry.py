"""Names to environments: the built-in suites, and those that other packages bring.

A package adds a suite by an entry point of the group `steno.envs`, whose name is the suite's and
whose value is an object (or a class without arguments) that keeps the `Suite` protocol:

    [project.entry-points."steno.envs"]
    mygames = "mypackage.games:suite"
"""

import difflib
import importlib
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from envs.errors import EnvUnavailable, UnknownEnvironment
from envs.spec import Spec

if TYPE_CHECKING:  # base imports gymnasium, which parsing a spec must not cost
    from envs.base import TextEnv

GROUP = "steno.envs"

# Known without any installed metadata, so that a plain checkout works; loaded when first used.
_BUILT_IN = {"textworld": "envs.textworld:suite"}


@runtime_checkable
class Suite(Protocol):
    """Environments under one name. Importing one must stay cheap: load libraries in `make`."""

    def names(self) -> list[tuple[str, str]]:
        """The suite's environments: (name without the suite, one line on what it is)."""
        ...

    def make(self, spec: Spec) -> "TextEnv":
        """Make the environment of a spec.

        Raises `UnknownEnvironment` for a name, `SpecError` for an option and `EnvUnavailable` where
        something that it needs is missing.
        """
        ...


def make(spec: str | Spec) -> "TextEnv":
    """Make an environment from its spec, such as `textworld/cooking?recipe=2&go=6`.

    Raises `SpecError` (bad spec, option or value), `UnknownEnvironment` (with the nearest names) or
    `EnvUnavailable` (a missing extra, a broken plugin).
    """
    parsed = spec if isinstance(spec, Spec) else Spec.parse(spec)
    loaders = _loaders()
    if parsed.suite not in loaders:
        raise unknown(f"{parsed.suite}/{parsed.name}", [name for name, _ in available()])
    return _load(parsed.suite, loaders[parsed.suite]).make(parsed)


def available() -> list[tuple[str, str]]:
    """Every environment that can be named: (`suite/name`, one line on what it is), sorted.

    A suite that does not load is left out; `broken()` says why.
    """
    return _survey()[0]


def broken() -> list[tuple[str, str]]:
    """The suites that are registered and do not load: (suite, reason), sorted."""
    return _survey()[1]


def unknown(name: str, known: list[str]) -> UnknownEnvironment:
    """The error for a name that nobody has, with the nearest ones; suites use it, too."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(repr(n) for n in near)}?" if near else "no name is near it."
    return UnknownEnvironment(
        f"unknown environment {name!r}: {hint} There are: {', '.join(known) or 'none'}"
    )


def _survey() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    found: list[tuple[str, str]] = []
    failed: list[tuple[str, str]] = []
    for suite, loader in _loaders().items():
        try:
            names = _load(suite, loader).names()
            found += [(f"{suite}/{name}", summary) for name, summary in names]
        except EnvUnavailable as error:
            failed.append((suite, str(error)))
        except Exception as error:  # noqa: BLE001 (a plugin's own code again)
            failed.append((suite, f"its names() raised {type(error).__name__}: {error}"))
    return sorted(found), sorted(failed)


def _loaders() -> dict[str, Callable[[], object]]:
    loaders: dict[str, Callable[[], object]] = {
        point.name: point.load for point in entry_points(group=GROUP)
    }
    # After the plugins: no installed package can take the name of a built-in suite.
    for name, target in _BUILT_IN.items():
        loaders[name] = _lazy(target)
    return loaders


def _lazy(target: str) -> Callable[[], object]:
    module, _, attribute = target.partition(":")
    return lambda: getattr(importlib.import_module(module), attribute)


def _load(name: str, loader: Callable[[], object]) -> Suite:
    try:
        suite = loader()
        if isinstance(suite, type):
            suite = suite()
    except Exception as error:  # a plugin may raise anything at import; the others must still work
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise EnvUnavailable(
            f"the environment suite {name!r} does not load ({reason}): "
            "repair or uninstall its package"
        ) from error
    if not isinstance(suite, Suite):
        raise EnvUnavailable(
            f"the environment suite {name!r} is a {type(suite).__name__} without names() and "
            f"make(): its entry point in {GROUP!r} must give a suite object"
        )
    return suite
