"""Snapshots of environments in the run directory, so that a resume need not play a long game again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from agent.files import write_atomically

EVERY = 100  # steps; what a resume plays again at most, where the environment offers snapshots


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An environment after a step whose observation has this digest."""

    step: int
    digest: str
    content: bytes


def keep(path: Path, snapshot: Snapshot) -> None:
    """Replace the episode's snapshot by a newer one. Raises StorageFailed."""
    head = json.dumps({"step": snapshot.step, "observation": snapshot.digest})
    write_atomically(path, head.encode() + b"\n" + snapshot.content)


def latest(path: Path) -> Snapshot | None:
    """The snapshot that was kept last, None where there is none that can be read."""
    try:
        head, _, content = path.read_bytes().partition(b"\n")
        told = json.loads(head)
        return Snapshot(int(told["step"]), str(told["observation"]), content)
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it is a short cut and no more: the game can be played again
