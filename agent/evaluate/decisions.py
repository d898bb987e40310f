"""Whether a thought in bursts leads to the command that a slow one leads to.

Each decision starts from a window that a run really had: rebuilt from its trace, at the moment at which
a thought began. From there the model thinks slowly and acts, and thinks in bursts and acts, greedily
both times, with the loop's own requests (agent/turn.py). Decisions between whose thought and action
notes were written are left out: their action began from another window.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent import prompts
from agent.config import RunConfig, differing, load_config, merge, read_toml
from agent.errors import EXIT_INTERRUPTED, EXIT_OK, ConfigError, Interrupted, RunDirectoryError
from agent.interrupts import interruptible
from agent.intervals import wilson
from agent.live import console_for
from agent.lm.types import Generation, LanguageModel, Sampling
from agent.runner import load
from agent.together import together
from agent.trace import windows
from agent.turn import act_request, action_of, think_request, thought_of

_ORDER_SEED = 0
_SAY_EVERY = 100
# Settings of a run that say which games, and where: no part of how it thinks.
_GAMES_OWN = {"env", "seed", "out", "episodes", "jobs"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One way to answer a context."""

    thought: str
    command: str
    thinking: Generation


@dataclass(frozen=True, slots=True)
class Pair:
    """The two answers to one context."""

    slow: Answer
    burst: Answer


def contexts(trace: Path) -> Iterator[list[int]]:
    """The windows (token ids) of a trace at which a thought began that an action followed at once.

    Raises RunDirectoryError for a file that is no trace.
    """
    began: list[int] | None = None
    for event, window in windows(trace):
        if event["e"] != "generate":
            continue
        if event["purpose"] == "think":
            began = window.ids
        elif began is not None:
            if event["purpose"] == "act":
                yield began
            began = None


def sample(found: Sequence[list[int]], count: int) -> list[list[int]]:
    """At most `count` of the contexts, drawn without repetition, the same ones each time."""
    return random.Random(_ORDER_SEED).sample(found, min(count, len(found)))


def runs_below(place: Path) -> list[Path]:
    """The run directories at or below a directory. Raises RunDirectoryError where there are none."""
    runs = sorted(folder.parent for folder in place.rglob("traces") if folder.is_dir())
    if not runs:
        raise RunDirectoryError(f"no traces below {str(place)!r}: give a run directory, or eval's")
    return runs


def config_of(runs: Sequence[Path], given: Mapping[str, Any]) -> RunConfig:
    """The config that the runs were played with, other values on top.

    Raises ConfigError where the runs differ in more than their games, or were held to listed commands.
    """
    first, *others = (read_toml(run / "config.toml") for run in runs)
    for run, other in zip(runs[1:], others, strict=True):
        if differs := differing(first, other, _GAMES_OWN):
            told = ", ".join(f"{key} {a} and {b}" for key, (a, b) in differs.items())
            raise ConfigError(
                f"{runs[0]} and {run} were played with {told}: give the runs of one arm"
            )
    config = load_config(None, **merge(first, dict(given))).filled()
    if config.act.constrain:
        raise ConfigError(f"{runs[0]}: a trace does not tell which commands an action was held to")
    return config


async def answer(
    model: LanguageModel, session: str, config: RunConfig, context: Sequence[int], mode: str
) -> Answer:
    """Think in a mode and act, from a context. Greedy. Raises ModelFailed."""
    vocabulary, greedy = model.vocabulary, Sampling()
    think = config.think.model_copy(update={"mode": mode})
    request = think_request(config.model_copy(update={"think": think}), greedy)
    cue = vocabulary.encode(prompts.THOUGHT_CUE)
    thinking = await model.generate(session, [*context, *cue], request)
    thought = thought_of(vocabulary, thinking.token_ids)
    after = [*context, *(thought.ids if thought.text else ())]
    cue = vocabulary.encode(prompts.ACTION_CUE)
    acting = await model.generate(session, [*after, *cue], act_request(config, greedy, None))
    return Answer(thought.text, action_of(vocabulary, acting.token_ids).text, thinking)


async def pairs(
    model: LanguageModel,
    config: RunConfig,
    found: Sequence[list[int]],
    jobs: int,
    stop: asyncio.Event,
) -> list[Pair]:
    """Both answers to each context, `jobs` contexts at once. Raises Interrupted, ModelFailed."""
    done: list[Pair] = []
    queue = iter(enumerate(found))
    say = console_for(sys.stderr).print

    async def work() -> None:
        for number, context in queue:
            if stop.is_set():
                raise Interrupted(f"stopped after {len(done)} decisions")
            # One session for both: what the context cost is computed once.
            session = f"decision/{number}"
            slow = await answer(model, session, config, context, "slow")
            burst = await answer(model, session, config, context, "burst")
            model.forget(session)
            done.append(Pair(slow, burst))
            if len(done) % _SAY_EVERY == 0:
                same = sum(pair.slow.command == pair.burst.command for pair in done)
                say(f"{len(done)}/{len(found)} decisions, {same} with the same command")

    async with together() as group:
        for _ in range(min(jobs, len(found))):
            group.create_task(work())
    return done


def summary(compared: Sequence[Pair]) -> dict[str, Any]:
    """What the pairs come to: shares with Wilson's 95% interval, and what the bursts were like."""
    same = wilson(sum(p.slow.command == p.burst.command for p in compared), len(compared))
    thoughts = [pair.burst.thinking for pair in compared]
    tokens = sum(len(each.token_ids) for each in thoughts)
    passes = [each for thought in thoughts for each in thought.passes]
    judged = [agreed for pair in compared for agreed in _judged(pair)]
    return {
        "decisions": len(compared),
        "same_command": same.value,
        "same_command_low": same.low,
        "same_command_high": same.high,
        "same_thought": sum(p.slow.thought == p.burst.thought for p in compared) / len(compared),
        "think_tpf": tokens / len(passes) if passes else None,
        "agreement": sum(judged) / len(judged) if judged else None,
    }


def _judged(pair: Pair) -> Iterator[bool]:
    """Whether each token at the positions 2..k of its burst is ordinary decoding's own.

    The last burst of a thought has no pass after it to tell. There the slow thought does, as long as
    both have written the same so far.
    """
    burst, slow = pair.burst.thinking, pair.slow.thinking.token_ids
    at = 0
    for each in burst.passes:
        for place, agreed in enumerate(each.agreed or [None] * len(each.token_ids)):
            if agreed is not None:
                yield agreed
            elif place and at < len(slow) and burst.token_ids[:at] == slow[:at]:
                yield burst.token_ids[at] == slow[at]
            at += 1


def decide(place: Path, count: int, given: Mapping[str, Any], jobs: int) -> int:
    """The whole command: contexts from below `place`, both answers, a sentence and a line of JSON."""
    runs = runs_below(place)
    config = config_of(runs, given)
    found = [
        c for run in runs for trace in sorted(run.glob("traces/*.jsonl")) for c in contexts(trace)
    ]
    if not found:
        raise RunDirectoryError(
            f"no thoughts in the traces below {str(place)!r}: give runs that think"
        )
    chosen = sample(found, count)
    sys.stderr.write(f"{len(chosen)} of {len(found)} decisions of {len(runs)} runs\n")
    model = load(config.model)
    config = config.within(model.burst_limit)
    try:
        compared = asyncio.run(_interruptibly(model, config, chosen, jobs))
    except (Interrupted, KeyboardInterrupt, asyncio.CancelledError):
        return EXIT_INTERRUPTED
    finally:
        model.close()
    told = {"k": config.think.burst.k, "confidence": config.think.confidence, **summary(compared)}
    sys.stdout.write(
        f"{100 * told['same_command']:.1f}% of {told['decisions']} decisions the same command "
        f"(95% interval {100 * told['same_command_low']:.1f}-{100 * told['same_command_high']:.1f}%), "
        f"{100 * told['same_thought']:.1f}% the same thought; k={told['k']}, "
        f"confidence={told['confidence']}, "
        f"TPF {told['think_tpf'] or 0:.2f}\n{json.dumps(told)}\n"
    )
    return EXIT_OK


async def _interruptibly(
    model: LanguageModel, config: RunConfig, chosen: Sequence[list[int]], jobs: int
) -> list[Pair]:
    stop = asyncio.Event()
    with interruptible(stop):
        return await pairs(model, config, chosen, jobs, stop)
