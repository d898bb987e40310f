"""Libraries that only some environments need: what to install where one is missing."""

import importlib
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from envs.errors import EnvUnavailable


def missing(library: str, extra: str) -> str | None:
    """How to install a library that is not there; None where it is. It is not imported."""
    if find_spec(library) is not None:
        return None
    return f"{library} is not installed: pip install 'steno-agent[{extra}]'"


def quiet(module: ModuleType) -> None:
    """Let a module's calls of `print` say nothing, whatever else prints meanwhile."""
    module.print = _nothing  # type: ignore[attr-defined]


def load(module: str, extra: str) -> ModuleType | Any:
    """Import a module of a library that an extra brings.

    Raises `EnvUnavailable` where it is not installed, with the command that installs it, and where
    it does not import.
    """
    told = missing(module.partition(".")[0], extra)
    if told is not None:
        raise EnvUnavailable(told)
    try:
        return importlib.import_module(module)
    except Exception as error:  # whatever a library raises at import
        raise EnvUnavailable(
            f"{module} is installed and does not import ({type(error).__name__}: {error}): "
            f"install it again with pip install --force-reinstall 'steno-agent[{extra}]'"
        ) from error


def _nothing(*_: object, **__: object) -> None:
    pass
