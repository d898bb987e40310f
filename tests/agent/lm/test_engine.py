"""The engine against the slow, obvious way: transformers' generate, and a fresh cache each time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM

from agent.errors import ModelFailed
from agent.lm.engine import Engine
from agent.lm.network import Heads, Part
from agent.lm.types import Choices, Grammar, Pass, Request
from agent.lm.weights import embedded_directory
from tests.agent.lm.tiny import (
    CONFIGS,
    POSITIONS,
    Hooked,
    alone,
    ask,
    make_engine,
    make_network,
    run,
)

HELLO, OTHER, MARKED = [3, 100, 50, 80, 81], [3, 40, 41, 42], [3, 66, 99, 66]
Token = st.integers(3, 258)


@pytest.fixture
def hooked() -> Hooked:
    return Hooked(make_network("llama"))


@pytest.fixture
def engine(hooked: Hooked) -> Iterator[Engine]:
    made = make_engine(hooked)
    yield made
    made.close()


@pytest.fixture(scope="module", params=list(CONFIGS))
def family(request: pytest.FixtureRequest) -> Iterator[Engine]:
    made = make_engine(make_network(request.param))
    made.name = request.param
    yield made
    made.close()


RAW = {name: make_network(name) for name in CONFIGS}  # as transformers has them: nothing packed


def reference(network: Any, window: list[int], max_tokens: int, end_ids: list[int]) -> list[int]:
    ids = torch.tensor([window])
    whole = network.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        do_sample=False,
        max_new_tokens=max_tokens,
        eos_token_id=end_ids,
        pad_token_id=0,
    )
    generated: list[int] = whole[0, len(window) :].tolist()
    return generated


@pytest.mark.parametrize("length", [1, 5, 40])
def test_greedy_slow_mode_is_ordinary_decoding(family: Engine, length: int) -> None:
    window = [3 + (7 * i * i + length) % 250 for i in range(length)]
    ends = sorted(family.vocabulary.end_ids)
    expected = reference(RAW[family.name], window, 40, ends)
    assert len(set(expected)) > 2, "a text of one token would show little"
    got = run(family.generate(f"{length}", window, ask(40)))
    assert list(got.token_ids) == expected


# A history: each entry keeps some of the head and the tail of the last window, and adds to its end.
Move = st.tuples(
    st.integers(1, 12), st.integers(0, 12), st.lists(Token, max_size=8), st.integers(1, 4)
)


@settings(max_examples=15, deadline=None)
@given(moves=st.lists(Move, min_size=1, max_size=5))
def test_a_reused_cache_is_a_fresh_one(
    family: Engine, moves: list[tuple[int, int, list[int], int]]
) -> None:
    """Windows that grow, shrink and are pruned give the tokens, and leave the cache, of a prefill."""
    family.forget("s")
    window = [3, 4, 5]
    for head, tail, more, new in moves:
        window = [*window[:head], *window[len(window) - tail :], *more][-(POSITIONS - 10) :]
        got = run(family.generate("s", window, ask(new))).token_ids
        family.forget("fresh")
        assert got == run(family.generate("fresh", window, ask(new))).token_ids
        reused = family._sessions["s"]
        assert reused.ids == [*window, *got[:-1]]
        with torch.inference_mode():
            prefilled = family._network.slots.take()
            family._network.forward([Part(prefilled, reused.ids)])
        assert prefilled.length == reused.slot.length == len(reused.ids)
        for layer in range(2):
            mine, fresh = (s.read(layer, s.length) for s in (reused.slot, prefilled))
            torch.testing.assert_close(mine, fresh, atol=1e-4, rtol=1e-4)
        family._network.slots.give_back(prefilled)
        window = [*window, *got]


def test_only_what_is_new_is_computed(engine: Engine, hooked: Hooked) -> None:
    first = run(engine.generate("s", HELLO, ask(3)))
    assert [each.prefill for each in first.passes] == [5, 0, 0]
    grown = [*HELLO, *first.token_ids, 7]
    assert run(engine.generate("s", grown, ask(1))).prefill_tokens == 2, "the last one, and 7"
    assert run(engine.generate("s", grown, ask(1))).prefill_tokens == 1, "its logits are needed"
    pruned = [*grown[:2], *grown[4:]]
    assert run(engine.generate("s", pruned, ask(1))).prefill_tokens == len(pruned) - 2
    engine.forget("s")
    assert run(engine.generate("s", pruned, ask(1))).prefill_tokens == len(pruned)
    assert [len(ids) for ids in hooked.passes] == [5, 1, 1, 2, 1, len(pruned) - 2, len(pruned)]


def test_logprobs_are_those_of_ordinary_decoding(engine: Engine, hooked: Hooked) -> None:
    got = run(engine.generate("s", HELLO, ask(6, temperature=0.7, seed=3)))
    ids = torch.tensor([[*HELLO, *got.token_ids]])
    with torch.inference_mode():
        logs = RAW["llama"](input_ids=ids).logits[0].double().log_softmax(-1)
    expected = [float(logs[4 + i, token]) for i, token in enumerate(got.token_ids)]
    actual = [logprob for each in got.passes for logprob in each.logprobs]
    assert actual == pytest.approx(expected, abs=1e-4)


# --- many sessions ---


def test_sessions_do_not_touch_each_other(engine: Engine, hooked: Hooked) -> None:
    asked = [
        (f"s{i}", [3 + i, 90 + i, 50][: 1 + i % 3], ask(4 + 3 * i, temperature=i % 2, seed=9))
        for i in range(6)
    ]

    async def together() -> list[tuple[int, ...]]:
        done = await asyncio.gather(*(engine.generate(*each) for each in asked))
        return [each.token_ids for each in done]

    got = run(together())
    assert got == [alone(make_network("llama"), w, r).token_ids for _, w, r in asked]
    assert hooked.passes.index(asked[5][1]) < 25, "all begin in the first pass"


def test_one_seed_is_one_stream(engine: Engine) -> None:
    def draw(seed: int) -> tuple[int, ...]:
        return run(engine.generate("s", HELLO, ask(12, temperature=1.0, seed=seed))).token_ids

    assert draw(1) == draw(1) != draw(2)


def test_requests_that_share_a_session_still_get_their_own_answers(
    engine: Engine, hooked: Hooked
) -> None:
    async def together() -> list[tuple[int, ...]]:
        windows = (HELLO, OTHER, HELLO[:2])
        done = await asyncio.gather(*(engine.generate("s", w, ask(8)) for w in windows))
        return [each.token_ids for each in done]

    expected = [
        alone(make_network("llama"), w, ask(8)).token_ids for w in (HELLO, OTHER, HELLO[:2])
    ]
    assert run(together()) == expected


def test_a_session_may_be_forgotten_while_it_generates(engine: Engine, hooked: Hooked) -> None:
    hooked.before = lambda ids: engine.forget("s") if len(hooked.passes) == 3 else None
    got = run(engine.generate("s", HELLO, ask(8)))
    assert got.token_ids == alone(make_network("llama"), HELLO, ask(8)).token_ids
    engine.forget("never heard of")


# --- stops ---


def test_what_ends_a_generation(engine: Engine) -> None:
    tokens = run(engine.generate("s", HELLO, ask(12))).token_ids
    texts = [engine.vocabulary.decode([t]) for t in tokens]
    end = next(i for i, t in enumerate(texts) if i > 2 and t.isascii() and t not in texts[:i])

    def stop(request: Request) -> tuple[int, str]:
        got = run(engine.generate("s", HELLO, request))
        assert got.token_ids == tokens[: len(got.token_ids)]
        return len(got.token_ids), got.stop

    assert stop(ask(12)) == (12, "max_tokens")
    assert stop(ask(12, stop_strings=(texts[end],))) == (end + 1, "stop_string")
    assert stop(ask(12, max_passes=2)) == (2, "max_passes")
    engine.vocabulary.end_ids = frozenset({tokens[3]})
    assert stop(ask(12)) == (tokens.index(tokens[3]) + 1, "stop_token")


def test_choices_through_the_engine(engine: Engine) -> None:
    texts = (" take egg", " take eggplant", " go")
    for seed in range(8):
        request = ask(20, 1.0, seed, constraint=Choices(texts), stop_strings=("\n",))
        got = run(engine.generate("s", HELLO, request))
        assert engine.vocabulary.decode(got.token_ids) in texts
        assert got.stop == "stop_token"


def test_a_grammar_through_the_engine(engine: Engine) -> None:
    request = ask(20, constraint=Grammar('start: "go " /[a-z]{2}/'))
    got = run(engine.generate("s", HELLO, request))
    assert len(engine.vocabulary.decode(got.token_ids)) == 5
    assert got.stop in {"constraint", "stop_token"}


# --- failures are one request's own ---


def spoil(marker: int, value: float) -> Callable[[list[int], Heads], None]:
    def after(ids: list[int], heads: Heads) -> None:
        if marker in ids:
            heads.logits.fill_(value)

    return after


def explode(ids: list[int], *_: Any) -> None:
    if 99 in ids:
        raise RuntimeError("out of memory")


FAILURES = [
    (spoil(99, float("nan")), r"320 of the model's logits are NaN or infinite; try --dtype fp32"),
    (spoil(99, float("inf")), r"320 of the model's logits are NaN or infinite; try --dtype fp32"),
    (spoil(99, float("-inf")), r"the model's logits forbid every token; try --dtype fp32"),
    (explode, r"RuntimeError: out of memory"),
]


@pytest.mark.parametrize(("after", "message"), FAILURES)
def test_a_failure_is_one_requests_own(
    engine: Engine, hooked: Hooked, after: Callable[[list[int], Any], None], message: str
) -> None:
    expected = [alone(make_network("llama"), w, ask(10)).token_ids for w in (HELLO, MARKED, OTHER)]
    if after is explode:
        hooked.before = after  # the backbone itself raises
    else:
        hooked.after = after

    async def together() -> list[Any]:
        asked = [engine.generate(str(w), w, ask(10)) for w in (HELLO, MARKED, OTHER)]
        return await asyncio.gather(*asked, return_exceptions=True)

    first, failed, last = run(together())
    assert [first.token_ids, last.token_ids] == [expected[0], expected[2]]
    assert type(failed) is ModelFailed
    assert str(failed) == message
    hooked.after, hooked.before = (lambda ids, heads: None), (lambda ids: None)
    again = run(engine.generate(str(MARKED), MARKED, ask(10)))
    assert again.token_ids == expected[1], "the session starts afresh"


@pytest.mark.parametrize(
    ("window", "request_", "message"),
    [
        ([], ask(1), "the window is empty; a generation needs at least one token"),
        (
            [3] * 150,
            ask(11),
            (
                "150 window tokens and up to 11 new ones exceed the 160 positions of tiny; "
                "make window.budget smaller"
            ),
        ),
        (
            HELLO,
            ask(1, constraint=Choices(())),
            "a constrained generation was asked for with no choices",
        ),
        (
            HELLO,
            ask(3, constraint=Choices((" take egg", " go north"))),
            "none of 2 choices fits into 3 tokens; the shortest needs 9",
        ),
        (HELLO, ask(9, constraint=Grammar("start: nothing")), "llguidance refused the grammar: "),
    ],
)
def test_requests_that_cannot_be_met(
    engine: Engine, window: list[int], request_: Request, message: str
) -> None:
    with pytest.raises(ModelFailed) as failed:
        run(engine.generate("s", window, request_))
    assert str(failed.value).startswith(message)
    assert len(run(engine.generate("s", HELLO, ask(2))).token_ids) == 2


def test_the_last_position_can_be_used(engine: Engine) -> None:
    got = run(engine.generate("s", [3] * 150, ask(10)))
    assert len(got.token_ids) == 10 or got.stop == "stop_token"


# --- cancelling and closing ---


class Gate:
    """Holds the network up inside its nth pass."""

    def __init__(self, hooked: Hooked, nth: int) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        self._hooked, self._nth = hooked, nth
        hooked.before = self._wait

    def _wait(self, ids: list[int]) -> None:
        if len(self._hooked.passes) == self._nth:
            self.reached.set()
            assert self.opened.wait(10)


async def reach(gate: Gate) -> None:
    assert await asyncio.to_thread(gate.reached.wait, 10)


def test_cancelling_takes_effect_at_the_next_pass(engine: Engine, hooked: Hooked) -> None:
    gate = Gate(hooked, 3)

    async def scene() -> tuple[int, ...]:
        task = asyncio.create_task(engine.generate("s", HELLO, ask(50)))
        await reach(gate)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # The same session goes on at once, while the cancelled pass is still running.
        again = asyncio.create_task(engine.generate("s", [*HELLO, 9], ask(4)))
        await asyncio.sleep(0.01)
        gate.opened.set()
        return (await again).token_ids

    assert run(scene()) == alone(make_network("llama"), [*HELLO, 9], ask(4)).token_ids
    assert len(hooked.passes) == 3 + 4, "no pass after the one that ran"


def test_passes_are_told_of_as_they_come(engine: Engine, hooked: Hooked) -> None:
    told: list[Pass] = []
    gate = Gate(hooked, 3)

    async def scene() -> tuple[Pass, ...]:
        task = asyncio.create_task(engine.generate("s", HELLO, ask(5), told.append))
        await reach(gate)
        await asyncio.sleep(0)
        assert len(told) == 2
        gate.opened.set()
        return (await task).passes

    passes = run(scene())
    assert [each.token_ids for each in told] == [each.token_ids for each in passes]


def test_a_loop_that_went_away_leaves_the_engine_working(engine: Engine, hooked: Hooked) -> None:
    """A loop closed without cancelling (a crash in a person's own script) must not kill the thread."""
    gate = Gate(hooked, 2)
    loop = asyncio.new_event_loop()
    task = loop.create_task(engine.generate("s", HELLO, ask(6), lambda each: None))
    loop.run_until_complete(reach(gate))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    gate.opened.set()
    got = run(engine.generate("t", OTHER, ask(3)))
    assert got.token_ids == alone(make_network("llama"), OTHER, ask(3)).token_ids
    assert not task.done()
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # its loop is gone: nothing to await


def test_closing_fails_what_waits(engine: Engine, hooked: Hooked) -> None:
    gate = Gate(hooked, 2)

    async def scene() -> list[Any]:
        active = asyncio.create_task(engine.generate("s", HELLO, ask(50)))
        await reach(gate)
        queued = asyncio.create_task(engine.generate("t", OTHER, ask(50)))
        await asyncio.sleep(0)
        closing = asyncio.create_task(asyncio.to_thread(engine.close))
        await asyncio.sleep(0.01)
        late = asyncio.create_task(engine.generate("u", OTHER, ask(50)))
        await asyncio.sleep(0)
        gate.opened.set()
        await closing
        return list(await asyncio.gather(active, queued, late, return_exceptions=True))

    for outcome in run(scene()):
        assert type(outcome) is ModelFailed
        assert str(outcome) == "the engine was closed"
    assert len(hooked.passes) == 2


def test_a_closed_engine_refuses(engine: Engine) -> None:
    engine.close()
    engine.close()
    engine.forget("s")
    with pytest.raises(ModelFailed, match=r"^the engine was closed$"):
        run(engine.generate("s", HELLO, ask(1)), limit_s=5)


# --- the real model ---


@pytest.mark.model
@pytest.mark.parametrize("prompt", ["You see a brass lamp.", "1, 2, 3,", "Where is the kitchen?"])
def test_the_embedded_model_decodes_as_transformers_does(embedded: Engine, prompt: str) -> None:
    vocabulary = embedded.vocabulary
    turns = vocabulary.turns
    window = [
        *turns.begin,
        *vocabulary.encode("Answer in one line."),
        *turns.system_to_user,
        *vocabulary.encode(prompt),
        *turns.user_to_assistant,
    ]
    torch.set_num_threads(2)
    try:
        raw = AutoModelForCausalLM.from_pretrained(embedded_directory(), dtype=torch.float32)
        expected = reference(raw, window, 32, sorted(vocabulary.end_ids))
        got = run(embedded.generate("s", window, ask(32)), limit_s=60)
    finally:
        torch.set_num_threads(1)
    assert list(got.token_ids) == expected
