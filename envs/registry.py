"""Names to environments: the built-in suites, and those that other packages bring.

A package adds a suite by an entry point of the group `steno.envs`, whose name is the suite's and
whose value is an object (or a class without arguments) that keeps the `Suite` protocol:

    [project.entry-points."steno.envs"]
    mygames = "mypackage.games:suite"
"""

import importlib
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from envs.errors import EnvError, EnvUnavailable, UnknownEnvironment
from envs.nearest import did_you_mean
from envs.spec import Spec

if TYPE_CHECKING:  # base imports gymnasium, which parsing a spec must not cost
    from envs.base import TextEnv

T = TypeVar("T")

GROUP = "steno.envs"

# Known without any installed metadata, so that a plain checkout works; loaded when first used.
_BUILT_IN = {
    "babyai": "envs.babyai:suite",
    "courier": "envs.courier:suite",
    "jericho": "envs.jericho:suite",
    "nethack": "envs.nethack:suite",
    "reasoning": "envs.reasoning:suite",
    "textworld": "envs.textworld:suite",
    "tools": "envs.tools:suite",
}
# How many names an error may hold; where there are more, it tells how to list them.
_TOLD = 12


@runtime_checkable
class Suite(Protocol):
    """Environments under one name. Importing one must stay cheap: load libraries in `make`.

    Two more methods are used where a suite has them: `samples() -> list[str]`, specs that stand for
    all of its environments and are small enough to be checked often (without it every name is taken
    as it is), and `missing() -> str | None`, what to install before any of them can be played.
    """

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
    suite = _suite(parsed.suite, f"{parsed.suite}/{parsed.name}")
    return _ask(parsed.suite, lambda: suite.make(parsed))


def available() -> list[tuple[str, str]]:
    """Every environment that can be named: (`suite/name`, one line on what it is), sorted.

    A suite that does not load is left out; `broken()` says why.
    """
    return _survey()[0]


def broken() -> list[tuple[str, str]]:
    """The suites that are registered and cannot be used: (suite, reason), sorted."""
    return sorted(_survey()[1] + _hidden())


def suites() -> list[str]:
    """The suites that load, sorted."""
    return sorted({name.partition("/")[0] for name, _ in available()})


def samples(suite: str) -> list[str]:
    """Specs to check a suite by: those that it offers, else its names.

    Raises `UnknownEnvironment`, and `EnvUnavailable` where it does not load or cannot make them.
    """
    found = _suite(suite, suite)
    offered: Callable[[], list[str]] | None = getattr(found, "samples", None)
    if offered is None:
        return [f"{suite}/{name}" for name, _ in found.names()]
    return [str(spec) for spec in _ask(suite, offered)]


def missing(suite: str) -> str | None:
    """What to install before the environments of a suite can be played; None where nothing is.

    Raises `UnknownEnvironment` or `EnvUnavailable`.
    """
    ask: Callable[[], str | None] | None = getattr(_suite(suite, suite), "missing", None)
    return None if ask is None else _ask(suite, ask)


def unknown(name: str, known: list[str]) -> UnknownEnvironment:
    """The error for a name that nobody has, with the nearest ones; suites use it, too."""
    if len(known) > _TOLD:
        there = f"`steno envs list` names all {len(known)}"
    else:
        there = f"There are: {', '.join(known) or 'none'}"
    return UnknownEnvironment(f"unknown environment {name!r}{did_you_mean(name, known)} {there}")


def _suite(name: str, wanted: str) -> Suite:
    """A suite by its name; `wanted` is what an error calls the environment that was asked for."""
    loaders = _loaders()
    if name not in loaders:
        raise unknown(wanted, [known for known, _ in available()])
    return _load(name, loaders[name])


def _ask(suite: str, question: Callable[[], T]) -> T:
    """What a suite answers; whatever a stranger's code raises is an EnvUnavailable."""
    try:
        return question()
    except EnvError:
        raise
    except (Exception, SystemExit) as error:
        raise EnvUnavailable(
            f"the environment suite {suite!r} raised {type(error).__name__}: {error}"
        ) from error


def _survey() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    found: list[tuple[str, str]] = []
    failed: list[tuple[str, str]] = []
    for suite, loader in _loaders().items():
        try:
            names = _load(suite, loader).names()
            found += [(f"{suite}/{name}", str(summary)) for name, summary in names]
        except EnvUnavailable as error:
            failed.append((suite, str(error)))
        except (Exception, SystemExit) as error:  # noqa: BLE001 (a plugin's own code again)
            failed.append((suite, f"its names() raised {type(error).__name__}: {error}"))
    return sorted(found), failed


def _hidden() -> list[tuple[str, str]]:
    """Suites of other packages that cannot be reached, since their name is somebody else's."""
    taken = dict(_BUILT_IN)
    hidden = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        holder = taken.setdefault(point.name, point.value)
        if holder != point.value:
            told = (
                f"{point.value} brings a suite of this name, too, and is not used: {holder} has it; "
                "uninstall one of the two"
            )
            hidden.append((point.name, told))
    return hidden


def _loaders() -> dict[str, Callable[[], object]]:
    loaders: dict[str, Callable[[], object]] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        loaders.setdefault(point.name, point.load)
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
    except (Exception, SystemExit) as error:
        # A plugin may raise anything at import, or even exit; the others must still work.
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
