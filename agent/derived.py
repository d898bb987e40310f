"""An episode's row derived anew: its game played again, its trace held against the memory file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.episode import make_row, outcome_of
from agent.errors import ReplayMismatch
from agent.game import Game
from agent.replay import replay
from agent.results import EpisodeResult
from agent.tally import Tally
from agent.trace import windows
from memory import StepRecord

# What a clock measures, and which pass computed a prefix: no replay gives these again.
UNREPEATABLE: dict[str, Any] = {"uid": True, "wall_s": True}
# Nor does a replay with the model take the time of a generation that a person cancelled.
UNREPEATABLE_BY_MODEL = UNREPEATABLE | {key: {"wall_s"} for key in ("think", "summarise", "act")}


async def derive(
    row: EpisodeResult, steps: Sequence[StepRecord], game: Game, trace: Path
) -> EpisodeResult:
    """The row that the record gives: `steps` as committed, `game` not yet begun.

    Raises ReplayMismatch, RunDirectoryError for a damaged trace, and EnvError.
    """
    committed, budget = len(steps), game.config.window.budget
    if row.error:
        steps = [*steps, *_uncommitted(trace, committed)]
    listed = await replay(game, steps) if steps else {}
    tally = _checked_trace(trace, steps, listed, budget, row.episode)
    return make_row(
        game,
        tally,
        uid=row.uid,
        steps=max(committed - 1, 0),
        # How an error came about is not on record, only that it did.
        outcome="error" if row.error else outcome_of(game.info, terminated=game.terminated),
        error=row.error,
        wall_s=row.wall_s,
    )


def _uncommitted(trace: Path, committed: int) -> list[StepRecord]:
    """The step that an errored episode ended in, where its trace has it and the memory file does not."""
    beyond = [
        StepRecord(
            event["n"],
            event["action"],
            event["observation"],
            event["reward"],
            event["score"],
            event["done"],
            window.recipe(),
            trace_offset=0,
        )
        for event, window in windows(trace)
        if event["e"] == "step" and event["n"] >= committed
    ]
    return beyond if [step.step for step in beyond] == [committed] else []


def _checked_trace(
    trace: Path,
    steps: Sequence[StepRecord],
    listed: Mapping[int, bool | None],
    budget: int,
    episode: int,
) -> Tally:
    """What the trace counts up to.

    Raises ReplayMismatch where it contradicts the memory file, or what the game `listed` when it was
    played again.
    """
    tally, left = Tally(), {step.step: step for step in steps}
    for event, window in windows(trace, budget):
        tally.count(event)
        if event["e"] != "step":
            continue
        step = left.pop(event["n"], None)
        told = (event["action"], event["observation"], event["score"], window.recipe())
        if step is None or told != (
            step.action,
            step.observation_sha256,
            step.score,
            step.window,
        ):
            raise ReplayMismatch(
                f"step {event['n']} of episode {episode} is another in its trace than in the memory "
                "file: one of them was changed"
            )
        if "listed" in event and event["listed"] != listed.get(event["n"]):
            raise ReplayMismatch(
                f"step {event['n']} of episode {episode}: its trace says otherwise than the game "
                "whether its action was listed as possible: one of them was changed"
            )
    if left:
        raise ReplayMismatch(
            f"the trace of episode {episode} lacks step {min(left)}: it was cut short or changed"
        )
    return tally


def compare(
    row: EpisodeResult, derived: EpisodeResult, but: Mapping[str, Any] = UNREPEATABLE
) -> None:
    """Raise ReplayMismatch where a row says otherwise than what was derived, `but` for these keys."""
    then, now = (each.model_dump(exclude=dict(but)) for each in (row, derived))
    for what, recorded in then.items():
        if now[what] != recorded:
            why = f" ({derived.error})" if derived.error and not row.error else ""
            raise ReplayMismatch(
                f"the row of episode {row.episode} says {what} {recorded}, and its record gives "
                f"{now[what]}{why}: results.jsonl or the trace was changed"
            )
