"""What is done apart comes back, whatever it is, and leaves no thread behind."""

from __future__ import annotations

import threading

import pytest

from agent.lm.weights import apart


def test_what_is_done_apart_comes_back() -> None:
    def work() -> threading.Thread:
        return threading.current_thread()

    thread = apart(work)
    assert thread is not threading.current_thread()
    assert thread.daemon  # a process that ends does not wait for it
    assert not thread.is_alive()


def test_what_it_raises_is_raised() -> None:
    def work() -> None:
        raise LookupError("not there")

    with pytest.raises(LookupError, match="not there"):
        apart(work)
