"""A person's orders, carried out in an episode: in its window, its memory file and its trace."""

from __future__ import annotations

import secrets
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from agent import prompts
from agent.errors import AdapterMismatch
from agent.events import BurstSet, Edited, Hinted
from agent.lm.types import Burst, Purpose
from agent.steering import EditNote, Hint, Order, SetBurst
from agent.window_text import user_turn
from memory import (
    Add,
    Approve,
    Delete,
    Edit,
    MemoryFile,
    NewSpan,
    Pin,
    Restore,
    Rewrite,
    Scope,
    SummaryCommit,
)

if TYPE_CHECKING:
    from agent.state import EpisodeContext

HINT_TOKENS = 64
"""The most of a person's words that enter the window at a time; more is clipped."""
EDITS: dict[str, type[Edit]] = {
    "add": Add,
    "rewrite": Rewrite,
    "delete": Delete,
    "restore": Restore,
    "approve": Approve,
    "pin": Pin,
}


async def obey(ctx: EpisodeContext, step: int, purpose: Purpose, order: Order) -> bool:
    """Carry an order out before a generation for `purpose`, or say that it has to wait.

    Raises the MemoryFileErrors of an edit that is refused, and AdapterMismatch for too large a burst;
    nothing has changed then.
    """
    if isinstance(order, Hint):
        return hint(ctx, step, purpose, order.text)
    if isinstance(order, SetBurst):
        set_burst(ctx, step, Burst(order.k, order.confidence))
        return True
    await _edit(ctx, step, order)
    return True


def set_burst(ctx: EpisodeContext, step: int, mode: Burst) -> None:
    """Have this and later thoughts go on so. Raises AdapterMismatch: a generation would fail of it."""
    most = ctx.model.burst_limit
    if mode.k > most > 1:
        raise AdapterMismatch(
            f"a burst of {mode.k}: the adapter was trained for {most}; use k up to {most}"
        )
    ctx.burst = mode
    if ctx.dial is not None:
        ctx.dial.turn(mode)  # it goes on record behind the thought that it changes
    else:
        ctx.trace.person(step, "burst", **asdict(mode))
    ctx.watch(BurstSet(ctx.index, step, mode))


def hint(ctx: EpisodeContext, step: int, purpose: Purpose, text: str, *, told: bool = True) -> bool:
    """Put a person's words at the window's end; False where there is no room for them yet.

    Those that are `told` are an order of their own; others follow from one that is on record.
    """
    ids = user_turn(ctx.model.vocabulary, prompts.hint(text), HINT_TOKENS)
    if len(ids) > room_for_hint(ctx, purpose):
        return False
    if told:
        ctx.trace.person(step, "hint", text=text)
    _append(ctx, step, ids, text)
    return True


def tell_of_edits(ctx: EpisodeContext, step: int, purpose: Purpose) -> None:
    """Tell the model of notes in its window that a person changed, as far as there is room by now."""
    while ctx.to_tell:
        ids = user_turn(ctx.model.vocabulary, ctx.to_tell[0], HINT_TOKENS)
        if len(ids) > room_for_hint(ctx, purpose):
            return
        _append(ctx, step, ids, ctx.to_tell.pop(0))


def _append(ctx: EpisodeContext, step: int, ids: list[int], text: str) -> None:
    ordinal = sum(span.kind == "hint" for span in ctx.spans)
    span = ctx.span(NewSpan(step, "hint", ordinal, text))
    ctx.append(ctx.make_segment("hint", step, ids, span=span))
    ctx.watch(Hinted(ctx.index, step, text))


def room_for_hint(ctx: EpisodeContext, purpose: Purpose) -> int:
    """Tokens of a hint that fit before a generation, whatever the step still needs (invariant 5).

    Before a thought the window may go past its high-water mark, since it is looked at right after;
    before an action it may not.
    """
    if purpose == "think":
        caps = ctx.caps
        needed = caps.thought + caps.summary_prompt + caps.summary
        return ctx.window.budget - needed - len(ctx.window)
    return ctx.marks.high - len(ctx.window) if purpose == "act" else 0


def make_room(ctx: EpisodeContext, step: int) -> None:
    """Drop this step's hints where a prune, which keeps the step whole, could not keep them too.

    The thought that follows a hint has been thought, and its text is committed with the step.
    """
    here = [segment for segment in ctx.window.transcript if segment.turn == step]
    hints = [segment for segment in here if segment.kind == "hint"]
    if hints and ctx.caps.head + sum(len(each.ids) for each in here) > ctx.marks.high:
        ctx.drop("hint", step)


async def _edit(ctx: EpisodeContext, step: int, order: EditNote) -> None:
    """Commit a person's edit, and tell the model of it where the note is in its window."""
    own = ctx.scope.write
    kind, name = order.bank or (own.kind, own.name)

    def commit(memory: MemoryFile) -> tuple[int | None, str, SummaryCommit]:
        scope = Scope(memory.bank(kind, name))
        edit, uid, place = order.edit, order.note, order.place
        if not isinstance(edit, Add):
            # A uid follows from the run's name: played again under another, a note keeps its place.
            uids = [note.uid for note in memory.all_notes(scope)]
            if place is not None:
                uid = uids[place]
                edit = replace(edit, uid=uid)
            place = uids.index(uid) if uid in uids else None
        key = secrets.token_hex(8)
        return place, uid, memory.edit(scope, key=key, edits=[edit], reason=order.reason)

    place, uid, done = await ctx.memory.call(commit)
    told = {key: value for key, value in asdict(order.edit).items() if key != "uid"}
    ctx.trace.person(
        step,
        "edit",
        bank=None if (kind, name) == (own.kind, own.name) else [kind, name],
        place=place,
        op=next(name for name, each in EDITS.items() if isinstance(order.edit, each)),
        edit=told,
        reason=order.reason,
        versions=[[version.note, version.version] for version in done.versions],
        # The model is told before its next generation: not before the one that is being made.
        **({"during": True} if ctx.generating else {}),
    )
    ctx.watch(Edited(ctx.index, step, done.versions))
    shown = [note.uid for note in ctx.notes_shown]
    if uid in shown and isinstance(order.edit, Rewrite | Delete):
        body = order.edit.body if isinstance(order.edit, Rewrite) else None
        ctx.to_tell.append(prompts.note_changed(shown.index(uid) + 1, body))
