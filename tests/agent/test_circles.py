"""An episode that goes in circles has its thoughts drawn, no other; a resume knows of the circle."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.bench.asked import Listening
from agent.circles import SPAN, TIMES, Circles
from agent.config import RunConfig
from agent.events import Event, Stepped
from agent.lm.scripted import ScriptedModel
from agent.runner import resume, run_async
from tests.agent.world import Corridor, asked_for, play, room

STEPS = 30
CIRCLES = {"circling": 0.7}


@given(st.lists(st.sampled_from("abc"), max_size=40), st.integers(0, 40))
def test_it_closes_where_the_newest_came_often_of_late(seen: list[str], cut: int) -> None:
    circles = Circles()
    circles.see(seen[:cut])
    circles.see(seen[cut:])
    assert circles.closed == (seen != [] and seen[-SPAN:].count(seen[-1]) >= TIMES)


def listening() -> Listening:
    return Listening(ScriptedModel())


def temperatures(model: Listening, *purposes: str) -> list[float]:
    """At which it was asked for these, in order."""
    return [each.sampling.temperature for each in asked_for(model, *purposes)]


def walls(step: int, action: str) -> str:
    """From the tenth step on there are but two answers, in turns, and from the twentieth new rooms."""
    if 10 <= step < 20:
        return "You can't go that way." if step % 2 else "You are where you were."
    return room(step, action)


BETWEEN_WALLS = partial(Corridor, length=STEPS, speak=walls)
EXPECTED = [0.7 if 14 <= step < 20 else 0.0 for step in range(STEPS)]
"""The third of an answer is at step 14."""


def test_only_thoughts_in_circles_are_drawn(tmp_path: Path) -> None:
    model = listening()
    play(tmp_path / "run", env=BETWEEN_WALLS, model=model, sampling=CIRCLES)
    assert temperatures(model, "think") == EXPECTED
    assert set(temperatures(model, "act", "summarise")) == {0.0}


def test_a_higher_temperature_stays_as_it_is(tmp_path: Path) -> None:
    model = listening()
    play(tmp_path / "run", env=BETWEEN_WALLS, model=model, sampling={**CIRCLES, "temperature": 0.9})
    assert set(temperatures(model, "think")) == {0.9}


def test_a_resume_knows_of_the_circle(tmp_path: Path) -> None:
    before, after, stop = listening(), listening(), asyncio.Event()

    def watch(event: Event) -> None:
        if isinstance(event, Stepped) and event.step == 15:
            stop.set()

    def make(_spec: str) -> Any:
        return BETWEEN_WALLS()

    config = RunConfig(env="test/corridor", out=tmp_path / "run", sampling=CIRCLES)
    asyncio.run(run_async(config, model=before, make_env=make, watch=watch, stop=stop))
    resume(tmp_path / "run", model=after, make_env=make)
    assert temperatures(before, "think") + temperatures(after, "think") == EXPECTED
    assert len(temperatures(before, "think")) == 15
