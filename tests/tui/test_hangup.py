"""A terminal that goes away is told from a file that is closed."""

from __future__ import annotations

import os
import select

import pytest

from tui import hangup


class Poll:
    """What a poll comes to."""

    def __init__(self, told: int) -> None:
        self._told = told

    def register(self, _file: int, _mask: int) -> None:
        """Nothing is waited for."""

    def poll(self) -> list[tuple[int, int]]:
        return [(0, self._told)]


@pytest.mark.parametrize(
    ("told", "gone"), [(select.POLLHUP, 1), (select.POLLERR, 1), (select.POLLNVAL, 0)]
)
def test_only_a_terminal_that_hung_up_ends_the_session(
    monkeypatch: pytest.MonkeyPatch, told: int, gone: int
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(select, "poll", lambda: Poll(told))
    hangup._wait(0, lambda: calls.append(1))
    assert len(calls) == gone


def test_a_terminal_that_goes_away_is_noticed() -> None:
    ours, theirs = os.openpty()
    calls: list[int] = []
    os.close(ours)
    hangup._wait(theirs, lambda: calls.append(1))
    os.close(theirs)
    assert calls == [1]
