from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory import Add, Note, Prune
from tests.memory.world import EPISODE, World, record, span


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed file with the episode of ``World``: copying it is quicker than making it."""
    path = tmp_path_factory.mktemp("template") / "memory.sqlite"
    World.make(path).file.close()
    return path


@pytest.fixture
def world(tmp_path: Path, template: Path) -> Iterator[World]:
    path = tmp_path / "memory.sqlite"
    shutil.copyfile(template, path)
    made = World.make(path)
    yield made
    made.file.close()


@pytest.fixture
def busy(world: World) -> World:
    """A world with a step, its span and two notes."""
    world.file.commit_step(EPISODE, record(0), [span(0)])
    world.summary("first", Add("key", "under the mat"), Add("lamp", "is dark"))
    return world


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test makes a file of its own."""
    return tmp_path / "memory.sqlite"


@pytest.fixture
def door(world: World) -> Note:
    """A note of a summary, with the thought before it, its source, its prune and a recall."""
    world.file.commit_step(EPISODE, record(0), [span(0, text="A door.")])
    raw = (f"{EPISODE}/0/observation/0",)
    done = world.summary(
        "k",
        Add("door", "locked"),
        sources=raw,
        spans=(span(1, "thought", 0, "I need a key"), span(1, "summary", 0, "ADD door: locked")),
        prune=Prune("summarised", raw, 9, 1),
    )
    uid = done.versions[0].note
    world.file.record_recall(episode=EPISODE, step=7, versions=[(uid, 1)])
    return world.file.note(world.scope, uid)
