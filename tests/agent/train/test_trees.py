"""Trees of windows: the losses and gradients are those of the windows laid side by side."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agent.train.data import group
from agent.train.policy import PolicyTask, adapt, collate, tree_positions
from agent.train.sequences import TokenSequence, Written
from agent.train.settings import PolicySettings
from agent.train.trees import grow
from tests.agent.lm.tiny import make_network
from tests.agent.train.small import sequence

Ids = st.lists(st.integers(0, 2), min_size=2, max_size=12)


def of(ids: list[int], number: int = 0) -> TokenSequence:
    written = (Written(start=1, stop=len(ids), purpose="think"),)
    return TokenSequence(ids=tuple(ids), written=written, source="made", seed=number)


@given(st.lists(Ids, max_size=12), st.integers(0, 40))
def test_each_sequence_can_be_read_along_its_path_and_sees_itself_alone(
    all_ids: list[list[int]], positions: int
) -> None:
    given_ = [of(ids, number) for number, ids in enumerate(all_ids)]
    trees = grow(given_, positions)
    assert Counter(s.seed for tree in trees for s in tree.members) == Counter(range(len(given_)))
    for tree in trees:
        assert len(tree.ids) <= positions or len(tree.members) == 1
        prefixes = {each.ids[:n] for each in tree.members for n in range(1, len(each.ids) + 1)}
        assert len(tree.ids) == len(prefixes)  # each beginning stands once
        positions_of, seen = tree.positions().tolist(), tree.seen()
        for each, path in zip(tree.members, tree.paths, strict=True):
            assert tuple(tree.ids[at] for at in path) == each.ids
            for depth, at in enumerate(path):
                assert positions_of[at] == depth
                assert seen[at].nonzero()[:, 0].tolist() == list(path[: depth + 1])


def corrections() -> list[TokenSequence]:
    """Windows of two games: each stands twice, and others leave it in the middle."""
    found = []
    for seed in range(2):
        whole = sequence(seed, turns=4)
        found += [whole, whole]
        for n in (1, 2):
            part = whole.written[n]
            other = sequence(seed + 10 * n, turns=1)
            stretch = Written(start=part.start, stop=part.start + 4, purpose=part.purpose)
            ids = (*whole.ids[: part.start], *other.ids[:4])
            found.append(whole.model_copy(update={"ids": ids, "written": (stretch,)}))
    return found


@pytest.mark.parametrize("family", ["llama", "qwen3", "gpt2"])
def test_losses_and_gradients_are_those_of_the_windows_side_by_side(family: str) -> None:
    found = []
    for size in (0, 100, 1000):
        task = PolicyTask(adapt(make_network(family), PolicySettings(rank=4)))
        with torch.no_grad():
            for number, weight in enumerate(task.parameters()):
                weight.copy_(
                    0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(number))
                )
        trees = grow(corrections(), size)
        losses = []
        for members in group(trees, 2000):
            loss, _ = task(collate(members, 0), 0.0)
            loss.backward()
            losses.append(loss.detach())
        gradients = [weight.grad for weight in task.parameters()]
        found.append((len(trees), sum(len(tree.ids) for tree in trees), sum(losses), gradients))
    apart, *together = found
    assert [each[0] for each in found] == [8, together[0][0], 1]
    assert 1 < together[0][0] < 8
    assert together[1][1] < apart[1] / 2
    for each in together:
        torch.testing.assert_close(each[2], apart[2], rtol=1e-5, atol=1e-4)
        for ours, theirs in zip(each[3], apart[3], strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def test_windows_that_share_nothing_need_no_mask() -> None:
    trees = grow([sequence(0), sequence(0)], 0)
    assert [len(tree.members) for tree in trees] == [1, 1]
    assert "seen" not in collate(trees, 0)
    assert "seen" in collate(grow([sequence(0), sequence(1)], 1000), 0)


def test_a_model_with_sliding_windows_grows_no_trees() -> None:
    settings = PolicySettings()
    assert tree_positions(make_network("llama"), settings) == settings.tree_positions > 0
    assert tree_positions(make_network("gemma3"), settings) == 0
