"""versions.json: what a run is called, was begun by, and ran on."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from pathlib import Path
from typing import Any

from pydantic import BaseModel, StrictStr, ValidationError

from agent.config import describe
from agent.errors import RunDirectoryError
from agent.files import write_atomically
from agent.machine import processor

_LIBRARIES = (
    "steno-agent",
    "torch",
    "transformers",
    "langgraph",
    "sqlite-utils",
    "textworld",
    "llguidance",
    "numpy",
)


class _Versions(BaseModel):
    """What is read again of versions.json; `config_sha256` says which config.toml the run began with."""

    run: StrictStr
    model: StrictStr | None
    fingerprint: StrictStr | None
    numerics: StrictStr | None
    banks_at: StrictStr | None
    policy: StrictStr | None = None
    burst: StrictStr | None = None
    packages: dict[StrictStr, StrictStr] = {}
    resumed: list[dict[str, Any]] = []
    config_sha256: StrictStr | None = None


def write(path: Path, told: dict[str, Any]) -> None:
    """Write the file, whole or not at all. Raises StorageFailed."""
    write_atomically(path, json.dumps(told, indent=1).encode() + b"\n")


def read(path: Path) -> dict[str, Any] | None:
    """What was written there, None where nothing was.

    Raises RunDirectoryError for what no run writes.
    """
    try:
        told: dict[str, Any] = json.loads(path.read_bytes())
        _Versions.model_validate(told)
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise RunDirectoryError(
            f"{str(path)!r} is not what a run writes there ({describe(error)[:200]}); "
            "restore it from a copy"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise RunDirectoryError(f"cannot read {str(path)!r}: {error}") from error
    return told


def here() -> dict[str, Any]:
    """What this process runs on."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return {
        "packages": found,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processor": processor(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
    }
