"""What a burst adapter is worth on held-out text, in the runtime's own terms."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from agent.lm.burst import Burst, confidence_cut
from agent.train.data import Batch
from agent.train.losses import moved
from agent.train.regions import Layout
from agent.train.student import Student
from agent.train.task import Sums, add, means, pair

CONFIDENCES = (0.99, 0.95, 0.9, 0.8, 0.7, 0.5)


@torch.no_grad()
def measure(student: Student, batches: Iterable[tuple[Batch, Layout]]) -> dict[str, float]:
    """By the place of a token in its burst (2..k), and for whole bursts.

    mask_i         at-mask accuracy: the mask's likeliest token is the ordinary model's, real ids before
    sampler_i      the same after the sampler head, which is given the real id before
    agreement_i    the student's own i-th token is what ordinary decoding gives after its own first ones
    tpf_c          tokens that a pass keeps at confidence c, as agent/lm/burst.py cuts: at random places,
                   where decoding begins its bursts at those where the last one was cut, and keeps fewer
    kept_c         agreement of the tokens 2..k that it keeps
    agreement      agreement without a cut; tpf is then the most that fits
    """
    sums: Sums = {}
    for batch, layout in batches:
        rows, columns = layout.real
        place = layout.place[rows, columns]  # (N,)
        positions = layout.position[rows, columns]
        starts = place == 1
        wanted_rows = torch.cat([rows[starts], rows])
        wanted = torch.cat([layout.anchor[rows, columns][starts], positions])
        ordinary = student.ordinary(batch["ids"], wanted_rows, wanted)
        regions = int(starts.sum())
        first = ordinary.logits[:regions].softmax(-1).max(-1)
        truth = ordinary.logits[regions:].argmax(-1)  # (N,): after the real id in the mask's place

        guessed = student.guess(ordinary, layout)
        change = student.change(batch["ids"][rows, positions], guessed.hidden)
        best = moved(guessed.found, change)[0].argmax(-1)
        sampled = guessed.found.ids.gather(1, best[:, None])[:, 0]
        which = starts.cumsum(0) - 1  # (N,): each mask's region
        written = student.write(guessed, layout, first.indices[which])
        verdict, _ = student.teach(ordinary, layout, written.previous)
        agreed = written.chosen == verdict

        by_place = {
            "mask": guessed.found.ids[:, 0] == truth,
            "sampler": sampled == truth,
            "agreement": agreed,
        }
        for name, values in by_place.items():
            add(sums, {name: pair(values)})
            for number in place.unique().tolist():
                add(sums, {f"{name}_{number + 1}": pair(values[place == number])})
        _cuts(sums, which.tolist(), first.values.tolist(), written.sure.tolist(), agreed.tolist())
    return means(sums)


def _cuts(
    sums: Sums, which: list[int], first: list[float], sure: list[float], agreed: list[bool]
) -> None:
    """Add what each confidence keeps of each region's burst. `which`: the region of each mask."""
    bursts = [Burst([0], [p]) for p in first]
    verdicts: list[list[bool]] = [[] for _ in first]
    for region, p, right in zip(which, sure, agreed, strict=True):
        bursts[region].ids.append(0)
        bursts[region].sure.append(p)
        verdicts[region].append(right)
    for confidence in (*CONFIDENCES, 0.0):
        kept = [confidence_cut(burst, confidence) for burst in bursts]
        later = [
            right for count, row in zip(kept, verdicts, strict=True) for right in row[: count - 1]
        ]
        suffix = f"_{confidence:g}" if confidence else ""
        add(sums, {f"tpf{suffix}": pair(torch.tensor(kept))})
        if confidence:
            add(sums, {f"kept{suffix}": pair(torch.tensor(later, dtype=torch.float32))})
