"""Steno: an agent runtime whose model thinks in bursts, writes slowly, and keeps its notes in SQLite.

The public names below are loaded when they are first used, so that importing `agent` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.config import RunConfig, load_config
    from agent.lm import load_model
    from agent.results import EpisodeResult, Summary, read_results
    from agent.runner import Run, open_memory, resume, resume_async, run, run_async
    from agent.verify import verify, verify_async

__all__ = [
    "EpisodeResult",
    "Run",
    "RunConfig",
    "Summary",
    "load_config",
    "load_model",
    "open_memory",
    "read_results",
    "resume",
    "resume_async",
    "run",
    "run_async",
    "verify",
    "verify_async",
]

_HOMES = {
    "EpisodeResult": "agent.results",
    "Run": "agent.runner",
    "RunConfig": "agent.config",
    "Summary": "agent.results",
    "load_config": "agent.config",
    "load_model": "agent.lm",
    "open_memory": "agent.runner",
    "read_results": "agent.results",
    "resume": "agent.runner",
    "resume_async": "agent.runner",
    "run": "agent.runner",
    "run_async": "agent.runner",
    "verify": "agent.verify",
    "verify_async": "agent.verify",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'agent' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
