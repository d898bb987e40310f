"""The machine's processor by its own name."""

from __future__ import annotations

import platform
from pathlib import Path


def processor() -> str:
    """What the processor calls itself, as 'AMD EPYC 9B14'; where the system does not say, its kind."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []  # not Linux: the short name does
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()
