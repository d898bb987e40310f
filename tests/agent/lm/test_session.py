"""A session mirrors a window: what is kept, what is computed again."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.lm.network import Network, Part
from agent.lm.session import Session
from tests.agent.lm.tiny import make_network

RAW, NETWORK = make_network("llama"), Network(make_network("llama"))
Ids = st.lists(st.integers(3, 6), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(windows=st.lists(Ids, min_size=1, max_size=4))
def test_following_keeps_the_longest_common_prefix(windows: list[list[int]]) -> None:
    session = Session(NETWORK.slots.take())
    for window in windows:
        before = list(session.ids)
        todo = session.follow(window)
        common = len(window) - len(todo)
        assert session.ids == window[:common] == before[:common]
        assert todo, "the last position's logits are needed"
        assert [*session.ids, *todo] == window
        assert len(todo) == 1 or before[common : common + 1] != window[common : common + 1]
        assert session.slot.length == common
        with torch.inference_mode():
            [heads] = NETWORK.forward([Part(session.slot, todo)])
            session.commit(todo)
            logits = heads.logits[-1]
            expected = RAW(input_ids=torch.tensor([window])).logits[0, -1]
        torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-4)
        assert session.ids == window


def test_cropping_to_nothing_and_to_more_than_there_is() -> None:
    session = Session(NETWORK.slots.take())
    session.crop(3)
    with torch.inference_mode():
        NETWORK.forward([Part(session.slot, [3, 4, 5])])
    session.commit([3, 4, 5])
    session.crop(7)
    assert session.ids == [3, 4, 5]
    session.crop(0)
    assert session.ids == []
    assert session.slot.length == 0
