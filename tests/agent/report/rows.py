"""Results rows of any shape, for tests of what they come to."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from agent.report.episode import Episode
from agent.results import Cost, EpisodeResult

UNBUILT = "GameNotBuildable: this game does not build, try another seed"
_small = st.integers(0, 30)


@st.composite
def costs(draw: st.DrawFn) -> Cost:
    lengths = draw(st.dictionaries(st.integers(1, 8), st.integers(1, 9), max_size=4))
    passes = sum(lengths.values())
    positions = draw(_small)
    return Cost(
        generations=draw(_small),
        passes=passes,
        tokens=sum(length * count for length, count in lengths.items()),
        prefill_tokens=draw(st.integers(0, 10**6)),
        bits=draw(st.integers(0, 400)) / 8,
        scored_passes=draw(st.integers(0, passes)),
        burst_positions=positions,
        agreed=draw(st.integers(0, positions)),
        lengths=lengths,
        wall_s=draw(_small) / 4,
    )


@st.composite
def results_rows(draw: st.DrawFn) -> EpisodeResult:
    outcome = draw(st.sampled_from(["won", "lost", "ended", "truncated", "error"]))
    error = None
    if outcome == "error":
        error = draw(st.sampled_from(["EnvFailed: it fell in", UNBUILT]))
    steps = 0 if error == UNBUILT else draw(_small)
    most = draw(st.sampled_from([None, 0.0, 1.0, 8.0]))
    score = draw(st.none() | st.integers(-2, 8).map(float))
    if most is not None:
        score = draw(st.integers(0, 8)) * most / 8
    by_model = draw(st.booleans()) and error != UNBUILT
    values: dict[str, Any] = {
        "episode": draw(_small),
        "uid": "run/0",
        "env": "test/x",
        "seed": draw(st.integers(0, 6)),
        "agent": "model" if by_model else "random",
        "outcome": outcome,
        "error": error,
        "score": score,
        "max_score": most,
        "steps": steps,
        "listed": draw(st.none() | st.integers(0, steps)) if steps else None,
        "think": draw(costs()) if by_model else None,
        "summarise": draw(costs()) if by_model else None,
        "act": draw(costs()) if by_model else None,
        "notes_written": draw(_small),
        "summaries": draw(_small),
        "failed_summaries": draw(_small),
        "prunes": draw(_small),
        "evictions": draw(_small),
        "window_max": draw(_small) if by_model else None,
        "wall_s": draw(_small) / 4,
    }
    return EpisodeResult.model_validate(values)


@st.composite
def episodes(draw: st.DrawFn, arm: str) -> Episode:
    row = draw(results_rows())
    return Episode(
        arm=arm,
        family=draw(st.sampled_from(["near", "far"])),
        spec=draw(st.sampled_from(["test/x?n=1", "test/x?n=2"])),
        seed=row.seed,
        row=row,
    )
