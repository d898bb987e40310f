"""Every verb that writes, as the tests of atomicity and of refusals call it."""

from __future__ import annotations

from collections.abc import Callable

from memory import Add, Delete, Edit, Pin, Prune, Rewrite
from tests.memory.world import EPISODE, World, record, span

Verb = Callable[[World], object]


def commit_step(world: World) -> None:
    world.file.commit_step(EPISODE, record(1), [span(1), span(1, "thought"), span(1, "action")])


def commit_summary(world: World) -> None:
    old, older = world.file.live_notes(world.scope)
    cut = (f"{EPISODE}/0/observation/0", f"{EPISODE}/1/summary/0")
    world.summary(
        "second",
        Add("door", "locked"),
        Rewrite(old.uid, old.version, "new body", "new title"),
        Delete(older.uid, older.version),
        spans=(span(1, "summary", 0, "ADD door: locked"),),
        sources=cut,
        prune=Prune("summarised", cut, 700, 300),
    )


def commit_eviction(world: World) -> None:
    prune = Prune("evicted", (f"{EPISODE}/0/observation/0",), 700, 300)
    world.file.commit_eviction(episode=EPISODE, step=1, key="evict", prune=prune)


def record_recall(world: World) -> None:
    found = world.file.live_notes(world.scope)
    world.file.record_recall(episode=EPISODE, step=0, versions=[(n.uid, 1) for n in found])


def edit(world: World) -> None:
    old, older, *_ = world.file.live_notes(world.scope)
    edits: list[Edit] = [Add("door", "locked"), Rewrite(old.uid, 1, "new"), Pin(older.uid, 1)]
    world.file.edit(world.scope, key="edit", edits=edits, reason="r")


def edit_bank(world: World) -> None:
    edits = [Add("oven", "is hot"), Add("pan", "is big")]
    world.file.edit_bank("job", "cook", key="edit bank", edits=edits, reason="r")


VERBS: dict[str, Verb] = {
    "bank": lambda world: world.file.bank("person", "ada"),
    "start_episode": lambda world: world.start("run-a/1"),
    "finish_episode": lambda world: world.file.finish_episode(
        EPISODE, outcome="won", score=1.0, error=None
    ),
    "commit_step": commit_step,
    "commit_summary": commit_summary,
    "commit_eviction": commit_eviction,
    "record_recall": record_recall,
    "edit": edit,
    "edit_bank": edit_bank,
    "set_approval": lambda world: world.file.set_approval(world.bank, True),
}
