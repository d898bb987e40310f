from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.memory.world import World


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
