"""One long episode, watched: what each step took, and what process, trace and memory file came to.

What is seen is written down as it comes, so that an episode of hours may be cut off and go on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from agent.bench.drift import Sample, StepCost
from agent.bench.together import require_sound
from agent.config import RunConfig
from agent.errors import ConfigError
from agent.events import Event, Stepped
from agent.lm.types import LanguageModel
from agent.rundir import RunDirectory
from agent.runner import Run, resume_async, run_async
from agent.trace import read
from memory.bench.growth import committed_bytes

_NO_MATTER = ("out", "jobs")  # settings that change no result


@dataclass(slots=True)
class Endless:
    """What a long episode came to."""

    costs: dict[int, StepCost] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    prunes: int = 0
    score: float | None = None
    steps: int = 0
    wall_s: float = 0.0


async def play(
    model: LanguageModel, config: RunConfig, out: Path, say: Callable[[str], None]
) -> Endless:
    """Play the episode of `config` in `out`, or go on with the one that was begun there.

    Raises ConfigError where that is another one.
    """
    samples = out.with_name(f"{out.name}-samples.jsonl")
    config = config.model_copy(update={"episodes": 1, "jobs": 1, "out": out}).filled()
    config = config.within(model.burst_limit)
    begun = (out / "config.toml").exists()
    if begun:
        _require_the_same(out, config)
    _cut_half_a_line(samples)
    life = 1 + max((each.life for each in _read(samples)), default=-1)
    directory = RunDirectory(out)
    with samples.open("a", encoding="utf-8") as file:

        def watch(event: Event) -> None:
            if not isinstance(event, Stepped):
                return
            say(f"a long episode: step {event.step} of {config.max_steps}")
            taken = Sample(
                event.step,
                life,
                resident_bytes(),
                directory.trace(0).stat().st_size,
                committed_bytes(directory.memory(config)),
            )
            file.write(json.dumps(asdict(taken)) + "\n")
            file.flush()

        done: Run = await (
            resume_async(out, model=model, watch=watch)
            if begun
            else run_async(config, model=model, watch=watch)
        )
    require_sound(done)
    return told(directory.trace(0), samples, done)


def told(trace: Path, samples: Path, done: Run) -> Endless:
    """What the record says of the episode."""
    [row] = done.rows
    found = Endless(samples=_read(samples), score=row.score, steps=row.steps, wall_s=row.wall_s)
    began = {each.life: each.step for each in reversed(found.samples)}
    # The step that a resume begins with holds the time that the resume took.
    resumed = {step for life, step in began.items() if life}
    before_ms, passes = 0.0, 0
    for event in read(trace):
        if event["e"] == "generate":
            passes += len(event["passes"])
        elif event["e"] == "prune":
            found.prunes += event["kind"] != "rebuilt"
        elif event["e"] == "step":
            if event["n"] and event["n"] not in resumed:
                found.costs[event["n"]] = StepCost(event["wall_ms"] - before_ms, passes)
            before_ms, passes = event["wall_ms"], 0
    return found


def resident_bytes() -> int:
    """Bytes of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _read(samples: Path) -> list[Sample]:
    lines = samples.read_text(encoding="utf-8").splitlines()
    return [Sample(**json.loads(line)) for line in lines]


def _cut_half_a_line(samples: Path) -> None:
    """Make the file, or take away what a kill left of its last line."""
    samples.touch()
    content = samples.read_bytes()
    os.truncate(samples, content.rfind(b"\n") + 1)


def _require_the_same(out: Path, config: RunConfig) -> None:
    directory, recorded = RunDirectory.reopen(out)
    directory.close()
    wanted, then = config.model_dump(mode="json"), recorded.model_dump(mode="json")
    other = [key for key in wanted if wanted[key] != then[key] and key not in _NO_MATTER]
    if other:
        raise ConfigError(
            f"{str(out)!r} holds an episode of other settings ({', '.join(other)}): use another --out"
        )
