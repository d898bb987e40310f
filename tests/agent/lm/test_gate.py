"""A gate holds the engine's passes back one session at a time, and keeps the text what it was."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from agent.lm.engine import Engine
from agent.lm.gate import Gate
from agent.lm.types import Pass, Request, Slow
from tests.agent.lm.tiny import CONFIGS, make_engine, make_network

WINDOW = [3 + (7 * i) % 250 for i in range(12)]
PATIENCE_S = 60.0


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = make_engine(make_network(next(iter(CONFIGS))))
    yield made
    made.close()


def request(gate: Gate | None = None) -> Request:
    return Request("think", Slow(), 6, gate=gate)


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not met():  # noqa: ASYNC110 -- what is waited for happens on the engine's thread
            await asyncio.sleep(0.01)


def _at_rest(gate: Gate, passes: list[Pass], count: int) -> bool:
    return len(passes) == count and gate.holding


async def test_passes_go_one_by_one_and_the_text_stays_the_same(engine: Engine) -> None:
    plain = await engine.generate("plain", WINDOW, request())
    gate, passes = Gate(), list[Pass]()
    gate.hold()
    held = asyncio.ensure_future(engine.generate("held", WINDOW, request(gate), passes.append))
    await until(lambda: gate.holding)
    assert passes == []
    for count in range(1, 4):
        gate.let_one()
        await until(partial(_at_rest, gate, passes, count))
    gate.let_go()
    assert (await held).token_ids == plain.token_ids
    assert gate.held_s > 0


async def test_a_held_session_holds_up_nobody_else(engine: Engine) -> None:
    gate = Gate()
    gate.hold()
    held = asyncio.ensure_future(engine.generate("held", WINDOW, request(gate)))
    await until(lambda: gate.holding)
    async with asyncio.timeout(PATIENCE_S):
        await engine.generate("other", WINDOW, request())
    assert not held.done()
    gate.let_go()
    await held


async def test_a_generation_cancelled_while_held_leaves_its_session_usable(engine: Engine) -> None:
    gate = Gate()
    gate.hold()
    held = asyncio.ensure_future(engine.generate("s", WINDOW, request(gate)))
    await until(lambda: gate.holding)
    held.cancel()
    with pytest.raises(asyncio.CancelledError):
        await held
    async with asyncio.timeout(PATIENCE_S):
        again = await engine.generate("s", WINDOW, request())
    assert again.token_ids == (await engine.generate("plain", WINDOW, request())).token_ids


def test_a_hold_is_told_when_it_takes_effect_and_when_it_ends() -> None:
    told: list[bool] = []
    gate = Gate(told.append)
    assert gate.may_pass()
    gate.hold()
    assert told == []  # nobody waits yet
    assert not gate.may_pass()
    assert not gate.may_pass()
    gate.let_one(frozenset(("think",)))
    gate.passed("act")
    assert gate.may_pass()
    gate.passed("think")
    assert not gate.may_pass()
    assert told == [True, False, True]


def test_what_is_told_last_is_so_however_soon_it_is_let_go() -> None:
    told: list[bool] = []

    def on_held(held: bool) -> None:
        if held:  # somebody lets it go before the hold has been told
            other = threading.Thread(target=gate.let_go)
            other.start()
            other.join(0.2)
            others.append(other)
        told.append(held)

    others: list[threading.Thread] = []
    gate = Gate(on_held)
    gate.hold()
    gate.may_pass()
    others[0].join(PATIENCE_S)
    assert told == [True, False]


async def test_a_waiter_is_woken_from_another_thread() -> None:
    gate = Gate()
    gate.hold()
    threading.Timer(0.05, gate.let_go).start()
    async with asyncio.timeout(PATIENCE_S):
        await gate.wait()
