"""Runs that are killed: a world whose moves depend on all that was seen, and children that die in it."""

from __future__ import annotations

import hashlib
import os
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.config import RunConfig
from agent.lm.scripted import Prompt, ScriptedModel
from agent.playing import Run
from agent.runner import resume, run
from agent.trace import read
from memory import MemoryFile, Scope
from tests.agent.world import Corridor, check_invariants, trace_of

BUDGET = 640
STEPS = 12


def wayward(prompt: Prompt) -> str:
    """A script without memory: the same window and stream, the same answer; any other, another one."""
    seen = f"{prompt.purpose}{prompt.seed}{prompt.window}".encode()
    drawn = hashlib.sha256(seen).digest()
    word = drawn.hex()[:6]
    if prompt.purpose == "think":
        return f" I think of {word}.\n"
    if prompt.purpose == "act":
        return " write notes" if drawn[0] < 40 else f" go {word}"
    if drawn[0] < 90:
        return "I would rather not."
    if "1. " in prompt.window and drawn[0] < 150:
        return f"REWRITE 1: it is {word} now\nFIND {word}\nEND"
    return f"ADD {word}: seen {drawn.hex()[6:20]}\nFIND {word}\nEND"


def config(out: Path, **more: Any) -> RunConfig:
    values: dict[str, Any] = {
        "env": "test/corridor",
        "episodes": 8,
        "jobs": 4,
        "seed": 30,
        "out": out,
        "window": {"budget": BUDGET, "observation": 60},
        "think": {"max_tokens": 20},
        "notes": {"max_tokens": 50, "recall_tokens": 90, "find_tokens": 24},
    }
    return RunConfig(**{**values, **more})


def make(_spec: str) -> Corridor:
    return Corridor(length=STEPS)


def begin(out: Path, **more: Any) -> Run:
    return run(config(out, **more), model=ScriptedModel(wayward), make_env=make)


def go_on(out: Path, **more: Any) -> Run:
    return resume(out, model=ScriptedModel(wayward), make_env=make, **more)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def in_child(work: Callable[[], object]) -> int:
    """Do `work` in a child process; its exit status, negative for the signal that ended it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 (a child must not go on as another test session)
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def after(calls: int, verb: Callable[..., Any], *, before: bool = False) -> Callable[..., Any]:
    """`verb`, in the last of so many calls of which the process dies: behind it, or before."""
    left = [calls]

    def dying(*args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if left[0] <= 0 and before:
            die()
        result = verb(*args, **kwargs)
        if left[0] <= 0:
            die()
        return result

    return dying


def record(done: Run) -> dict[int, dict[str, Any]]:
    """All that a run left behind, by episode, without names and clocks."""
    found: dict[int, dict[str, Any]] = {}
    with MemoryFile.open(done.memory, read_only=True) as memory:
        for row in done.rows:
            scope = Scope(memory.bank("episode", row.uid))
            costs = [
                cost.model_dump(exclude={"wall_s"})
                for cost in (row.think, row.act, row.summarise)
                if cost is not None
            ]
            found[row.episode] = {
                "row": row.model_dump(exclude={"uid", "wall_s", "think", "act", "summarise"}),
                "costs": costs,
                "steps": [
                    (s.step, s.action, s.observation_sha256, s.score, s.window)
                    for s in memory.steps(row.uid)
                ],
                "notes": [
                    (v.op, v.title, v.body, v.step)
                    for note in memory.all_notes(scope)
                    for v in memory.versions(scope, note.uid)
                ],
                "spans": sorted((s.step, s.kind, s.ordinal, s.text) for s in memory.spans(row.uid)),
                "prunes": [
                    (p.step, p.prune.kind, len(p.prune.spans), p.prune.tokens_after, len(p.notes))
                    for p in memory.prunes(row.uid)
                ],
                "trace": told(done, row.episode),
            }
    return found


def told(done: Run, index: int) -> list[dict[str, Any]]:
    """A trace without what differs between any two runs: names and clocks."""
    kept = []
    for event in read(trace_of(done, index)):
        for other in ("wall_ms", "uid", "span", "shown"):
            event.pop(other, None)
        kept.append(event)
    return kept


def same(done: Run, whole: dict[int, dict[str, Any]]) -> None:
    """Raise AssertionError unless a run left behind what an undisturbed one did."""
    found = record(done)
    assert sorted(found) == sorted(whole)
    for index, each in whole.items():
        for what, expected in each.items():
            assert found[index][what] == expected, (index, what, found[index][what], expected)
    check_invariants(done, BUDGET)
