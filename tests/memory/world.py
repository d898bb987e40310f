"""A small world for the tests of the memory file: an open file with one episode in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from memory import (
    Add,
    Bank,
    MemoryFile,
    NewSpan,
    Note,
    NoteChange,
    Prune,
    Scope,
    StepRecord,
    SummaryCommit,
)

EPISODE = "run-a/0"
SHA = "0" * 64


def record(step: int = 0, **changes: object) -> StepRecord:
    values: dict[str, object] = {
        "step": step,
        "action": "look" if step else None,
        "observation_sha256": SHA,
        "reward": 0.0,
        "score": None,
        "done": False,
        "window": "[]",
        "trace_offset": 10 * step,
    }
    return StepRecord(**{**values, **changes})  # type: ignore[arg-type]


def span(step: int = 0, kind: str = "observation", ordinal: int = 0, text: str = "room") -> NewSpan:
    return NewSpan(step, kind, ordinal, text)


def note(uid: str, **changes: object) -> Note:
    values: dict[str, object] = {
        "uid": uid,
        "bank": Bank(1, "episode", "e"),
        "title": "t",
        "body": "b",
        "state": "live",
        "version": 1,
        "tokens": None,
        "pinned": False,
        "created": "2026-01-01",
        "updated": "2026-01-01",
    }
    return Note(**{**values, **changes})  # type: ignore[arg-type]


@dataclass
class World:
    file: MemoryFile
    path: Path
    bank: Bank

    @classmethod
    def make(cls, path: Path, *, busy_timeout_s: float = 10.0) -> World:
        file = MemoryFile.open(path, busy_timeout_s=busy_timeout_s)
        world = cls(file, path, file.bank("episode", EPISODE))
        world.start()
        return world

    @property
    def scope(self) -> Scope:
        return Scope(self.bank)

    def start(self, uid: str = EPISODE, bank: Bank | None = None, seed: int = 7) -> None:
        self.file.start_episode(
            uid=uid,
            run="run-a",
            index=0,
            env="textworld/simple",
            seed=seed,
            agent="model",
            bank=bank or self.bank,
        )

    def summary(
        self,
        key: str,
        *changes: NoteChange,
        scope: Scope | None = None,
        episode: str = EPISODE,
        spans: tuple[NewSpan, ...] = (),
        sources: tuple[str, ...] = (),
        prune: Prune | None = None,
    ) -> SummaryCommit:
        return self.file.commit_summary(
            scope or self.scope,
            episode=episode,
            step=1,
            key=key,
            changes=changes,
            sources=sources,
            spans=spans,
            prune=prune,
            reason="test",
        )

    def add(self, key: str, title: str, body: str, scope: Scope | None = None) -> Note:
        version = self.summary(key, Add(title, body), scope=scope).versions[0]
        return self.file.note(scope or self.scope, version.note)

    def dump(self) -> list[str]:
        return dump(self.path)


def dump(path: Path) -> list[str]:
    """Every row of every table, as SQL text."""
    with closing(sqlite3.connect(path)) as conn:
        return list(conn.iterdump())
