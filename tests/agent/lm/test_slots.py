"""KV storage against a dictionary of positions."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.lm.slots import Slot, Slots

Action = st.tuples(st.sampled_from(["take", "give back", "write"]), st.integers(0, 5))


@settings(max_examples=60, deadline=None)
@given(actions=st.lists(Action, max_size=30), step=st.integers(1, 200))
def test_a_slot_holds_what_was_written_to_it(actions: list[tuple[str, int]], step: int) -> None:
    """Whatever joins, leaves and grows beside it."""
    slots, number = Slots(), 0.0
    held: list[tuple[Slot, list[float]]] = []
    for what, which in actions:
        if what == "take":
            held.append((slots.take(), []))
        elif held and what == "give back":
            slot, _ = held.pop(which % len(held))
            slots.give_back(slot)
        elif held:
            slot, written = held[which % len(held)]
            new = [number + i for i in range(step)]
            number += step
            positions = torch.arange(slot.length, slot.length + step)
            slots.reserve(slot.length + step)
            each = torch.tensor(new)[:, None, None].expand(step, 2, 3)
            slots.write(0, torch.full((step,), slot.row), positions, each, -each)
            written += new
            slot.length += step
    assert len({slot.row for slot, _ in held}) == len(held)
    for slot, written in held:
        if written:
            keys, values = slot.read(0, slot.length)
            assert keys.shape == (1, 2, slot.length, 3)
            assert keys[0, 0, :, 0].tolist() == written
            assert values[0, 1, :, 2].tolist() == [-x for x in written]


def test_rows_stay_dense_and_are_clean_when_used_again() -> None:
    slots = Slots()
    taken = [slots.take() for _ in range(3)]
    assert [slot.row for slot in taken] == [0, 1, 2]
    nan = torch.full((1, 2, 3), float("nan"))
    slots.write(0, torch.tensor([1]), torch.tensor([7]), nan, nan)
    slots.give_back(taken[1])
    again = slots.take()
    assert again.row == 1
    assert not slots.keys[0][1].isnan().any()
    assert not slots.values[0][1].isnan().any()
