"""A dial changes how a thought is thought between two passes, and what it did can be done again."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.lm.dial import Dial
from agent.lm.engine import Engine
from agent.lm.gate import Gate
from agent.lm.types import Burst, Mode, Pass, Request, Slow
from tests.agent.lm.test_burst import burst_engine
from tests.agent.lm.test_gate import until

WINDOW = [3 + (7 * i) % 250 for i in range(12)]
Modes = st.builds(Burst, st.integers(1, 8), st.sampled_from([0.0, 0.5, 1.0]))


@given(first=Modes, asked=st.lists(st.none() | Modes, max_size=12))
def test_what_it_did_is_done_again_from_its_record(first: Burst, asked: list[Burst | None]) -> None:
    dial, modes = Dial(first), list[Mode]()
    for made, mode in enumerate(asked):
        if mode is not None:
            dial.turn(mode)
        modes.append(dial.after(made))
        assert modes[-1] == (mode or (modes[-2] if made else first))
    again = Dial(first, dial.turns)
    assert [again.after(made) for made in range(len(asked))] == modes
    assert again.turns == dial.turns
    assert dial.last == next((mode for mode in reversed(asked) if mode is not None), None)


@pytest.mark.parametrize("first", [Burst(4, 0.0), Slow(), Slow(verified=True)], ids=str)
async def test_a_turn_takes_effect_at_the_next_pass(first: Mode) -> None:
    engine: Engine = burst_engine()
    gate, passes = Gate(), list[Pass]()
    gate.hold()
    dial = Dial(first)
    request = Request("think", first, 20, gate=gate, dial=dial)
    try:
        made = asyncio.ensure_future(engine.generate("one", WINDOW, request, passes.append))
        for count in (1, 2):
            await until(lambda: gate.holding)
            gate.let_one()
            await until(lambda count=count: len(passes) == count)  # type: ignore[misc]
        await until(lambda: gate.holding)
        dial.turn(Burst(3, 0.0))
        gate.let_go()
        done = await made
        sizes = [len(each.token_ids) for each in done.passes]
        if first == Burst(4, 0.0):
            assert sizes[:2] == [4, 4]
        assert set(sizes[2:-1]) == {3}
        assert dial.turns == [(2, Burst(3, 0.0))]
        again = Dial(first, dial.turns)
        request = Request("think", first, 20, dial=again)
        assert (await engine.generate("two", WINDOW, request)).token_ids == done.token_ids
    finally:
        engine.close()
