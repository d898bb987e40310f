"""What `python -m tui.bench` measures with: a terminal of its own, and figures of the delays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.bench import Terminal, figures


def test_a_key_is_waited_for_until_it_is_painted(tmp_path: Path) -> None:
    terminal = Terminal(["sh", "-c", "stty size; read key; echo pain ted"], tmp_path)
    try:
        terminal.until(b"40 120", 30)
        with pytest.raises(TimeoutError, match="'pain ted' was not painted within 0.2 s"):
            terminal.until(b"pain ted", 0.2)
        terminal.type("i\r")
        terminal.until(b"pain ted", 30)
        with pytest.raises(SystemExit, match="ended before"):
            terminal.until(b"more", 30)
    finally:
        terminal.end()


def test_steps_are_waited_for(tmp_path: Path) -> None:
    terminal = Terminal(
        ["sh", "-c", "for n in 1 2 3; do echo step $n score; done; sleep 60"], tmp_path
    )
    try:
        terminal.until_step(0, 30)
        terminal.until_step(3, 30)
        with pytest.raises(TimeoutError, match="step 4 was not painted"):
            terminal.until_step(4, 0.2)
    finally:
        terminal.end()


def test_figures_tell_the_usual_and_the_slow() -> None:
    told = figures([10.0] * 19 + [500.0])
    assert (told["keys"], told["median_ms"], told["most_ms"]) == (20, 10.0, 500.0)
    assert 10.0 < told["p95_ms"] < 500.0
