"""Compiled layers compute what plain ones do, in every pass of a training: losses and gradients."""

from __future__ import annotations

import torch

from agent.train.burst import BurstTask, collate
from agent.train.compiled import compile_layers
from agent.train.settings import BurstSettings
from tests.agent.train.small import sequence
from tests.agent.train.test_burst_training import make_student

SETTINGS = BurstSettings(k=8, masks=40)


def steps(task: BurstTask) -> list[torch.Tensor]:
    """Losses and gradients of a batch that learns from the text, and of a larger one that does not."""
    found = []
    for number, progress in enumerate((0.0, 1.0)):
        members = [sequence(10 * number + n, turns=2 + number) for n in range(2 + number)]
        loss, _ = task(collate(members, number, settings=SETTINGS), progress)
        task.zero_grad()
        loss.backward()
        found += [loss.detach(), *(p.grad for p in task.trained.values() if p.grad is not None)]
    return found


def test_bursts_learn_the_same_with_compiled_layers() -> None:
    """Captured by torch and run as they are: no code is generated, which would take minutes."""
    plain = steps(BurstTask(make_student(), SETTINGS))
    student = make_student()
    assert compile_layers(student.network, backend="eager") == 2
    torch._dynamo.utils.counters.clear()
    compiled = steps(BurstTask(student, SETTINGS))
    # Before and after attention, for real ids and masks, with gradients and without: not for each layer.
    assert 0 < torch._dynamo.utils.counters["stats"]["unique_graphs"] <= 10
    assert len(compiled) == len(plain) > 10
    for one, other in zip(plain, compiled, strict=True):
        torch.testing.assert_close(other, one, rtol=1e-4, atol=1e-4)


def test_a_network_that_names_no_layers_stays_as_it_is() -> None:
    assert compile_layers(torch.nn.Linear(2, 2)) == 0
