"""What is said while a grid is played."""

from __future__ import annotations

import io
import re

from agent.evaluate.progress import GridProgress
from tests.agent.evaluate.test_figures import game


def test_what_a_game_took_before_it_was_gone_on_with_is_no_pace() -> None:
    said = io.StringIO()
    with GridProgress(11, said) as progress:
        progress.game(game(wall_s=3600.0), now=True)
    left = re.search(r"won 1 of 1; (\d+) s left", said.getvalue())
    assert left, said.getvalue()
    assert int(left[1]) < 60


def test_games_found_on_the_disk_are_counted_and_set_no_pace() -> None:
    said = io.StringIO()
    with GridProgress(3, said) as progress:
        progress.game(game(), now=False)
        progress.game(game("lost"), now=False)
        assert said.getvalue() == ""
        progress.game(game(), now=True)
    first, last = said.getvalue().splitlines()
    assert first == "2 of 3 games were played before"
    assert last.startswith("3/3 burst f 1: won, score 1/2, 5 steps, 3.0 s; won 2 of 3; 0 s left")
