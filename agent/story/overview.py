"""What a recorded episode was and what it came to, for the top of whatever tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.live import number
from agent.story.parts import Generated
from agent.story.recording import Recording
from agent.tally import Spent, Tally


@dataclass(frozen=True, slots=True)
class Overview:
    """`facts` are pairs of a label and a value, `error` why the episode ended, if by an error."""

    title: str
    error: str | None
    facts: tuple[tuple[str, str], ...]


def overview(recording: Recording, *, counted: bool = True) -> Overview:
    """What an episode was; `counted` reads its trace once for what it came to.

    Raises RunDirectoryError where the trace is damaged.
    """
    run, row = recording.run, recording.row
    steps = max(len(recording.steps) - 1, 0)
    score = recording.steps[-1].score if recording.steps else None
    outcome = f"not finished; {steps} steps so far" if row is None else row.outcome
    facts = [
        ("environment", f"{run.config.env}, seed {recording.seed}"),
        ("played by", str(run.versions.get("model") or run.config.agent)),
        ("outcome", outcome),
        (
            "score",
            number(score) + (f" of {number(row.max_score)}" if row and row.max_score else ""),
        ),
        ("steps", str(steps)),
        *(_counted(recording) if counted else ()),
    ]
    title = f"Episode {recording.index} of {run.path.resolve().name}"
    return Overview(title, row.error if row else None, tuple(facts))


def _counted(recording: Recording) -> list[tuple[str, str]]:
    tally = Tally()
    for each in range(len(recording.steps) + 1):
        for event in recording.events(each):
            tally.count(event)
    costs = _costs(tally, recording.budget) if recording.run.config.agent == "model" else []
    return [*costs, ("took", f"{tally.wall_ms / 1000:.1f} s")]


def _costs(tally: Tally, budget: int) -> list[tuple[str, str]]:
    think, every = tally.spent["think"], list(tally.spent.values())
    passes, tokens = sum(s.passes for s in every), sum(s.tokens for s in every)
    scored, judged = sum(s.scored_passes for s in every), sum(s.burst_positions for s in every)
    return [
        ("forward passes", f"{passes} for {tokens} tokens: {ratio(tokens, passes)} a pass"),
        ("thinking", told(think)),
        ("bits a pass", ratio(sum(s.bits for s in every), scored)),
        ("agreement", ratio(sum(s.agreed for s in every), judged)),
        (
            "notes",
            f"{tally.notes_written} written, {tally.failed_summaries} requests came to nothing",
        ),
        ("prunes", f"{tally.prunes}, of which {tally.evictions} without notes"),
        ("window", f"at most {tally.window_max} of {budget} tokens"),
    ]


def told(spent: Spent | Generated) -> str:
    """Tokens and passes in words."""
    passes = f"{spent.passes} {'pass' if spent.passes == 1 else 'passes'}"
    return f"{spent.tokens} tokens in {passes}, {ratio(spent.tokens, spent.passes)} a pass"


def ratio(part: float, whole: float) -> str:
    """A ratio with two digits; '-' for none."""
    return f"{part / whole:.2f}" if whole else "-"


def stretches(numbers: Sequence[int]) -> str:
    """Numbers in order, neighbours folded: '3-9, 12'."""
    runs: list[list[int]] = []
    for each in numbers:
        if runs and each == runs[-1][1] + 1:
            runs[-1][1] = each
        else:
            runs.append([each, each])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
