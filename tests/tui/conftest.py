"""No run outlives the test that began it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.background import BackgroundRun
from tests.tui.world import PATIENCE_S


@pytest.fixture(autouse=True)
def runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A run goes on when its screen is gone, and would move the random numbers of later tests."""
    begun: list[BackgroundRun] = []
    start = BackgroundRun.start

    def started(run: BackgroundRun) -> None:
        begun.append(run)
        start(run)

    monkeypatch.setattr(BackgroundRun, "start", started)
    yield
    for run in begun:
        run.abort()
    for run in begun:
        assert run.wait(PATIENCE_S), "a run did not end when it was told to"
