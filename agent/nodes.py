"""One function a node of the loop: it works on the episode's context and returns a state update.

A step that a crash interrupted is made again from its first node, so each random stream is named by
(episode, step, purpose) and each write to the memory file carries a key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langgraph.runtime import Runtime

from agent import prompts, redo
from agent.choosing import choose
from agent.config import SUMMARY_PROMPT_TOKENS
from agent.context import Window, plan_cut, room_for_recalled
from agent.errors import ModelFailed, NoteSyntaxError
from agent.events import NotesWritten, Phase, Pruned, SummaryFailed, Thought
from agent.in_force import in_force
from agent.lm.stops import trim
from agent.lm.types import Request, Slow
from agent.note_ops import CLOSING, AddNote, DeleteNote, FindNotes, RewriteNote, constraint, parse
from agent.obeying import make_room
from agent.state import Draft, EpisodeContext, State
from agent.turn import think_request, thought_of
from agent.window_text import head_ids, note_cost, observation_ids, user_turn
from memory import (
    Add,
    Conflict,
    Delete,
    NewSpan,
    Note,
    NoteChange,
    NoteVersion,
    OutOfScope,
    Prune,
    Rewrite,
)

Update = dict[str, Any]
MOST_FAILURES = 2
_ORDINAL = {"high_water": 0, "asked": 1, "end": 2}


async def observe(state: State, runtime: Runtime[EpisodeContext]) -> Update:
    """The environment's text enters the window as data, clipped to its own budget."""
    ctx = runtime.context
    listed = ctx.info["admissible_commands"] if ctx.info else None
    ids, clipped = observation_ids(
        ctx.model.vocabulary,
        ctx.observation,
        listed if listed and ctx.config.act.show_admissible else [],
        ctx.config.window.observation,
    )
    span = NewSpan(state["step"] - 1, "observation", 0, ctx.observation)
    ctx.append(
        ctx.make_segment("observation", state["step"], ids, span=span.uid(ctx.uid), clipped=clipped)
    )
    return {"reason": "end" if state["done"] else None, "failures": 0, "asked": False}


async def think(state: State, runtime: Runtime[EpisodeContext]) -> Update:
    """Burst mode, until the end of the thought or its budget."""
    ctx, config = runtime.context, runtime.context.config
    if config.think.mode != "off":
        ctx.watch(Phase(ctx.index, "THINKING"))
        vocabulary = ctx.model.vocabulary
        cue = vocabulary.encode(prompts.THOUGHT_CUE)
        request = think_request(config, ctx.sampling(state["step"], "think", 0))
        generation = await ctx.generate(state["step"], request, cue)
        text, ids, sampled = thought_of(vocabulary, generation.token_ids)
        # An empty thought stays out of the window: a model that sees one soon thinks nothing else.
        if text:
            span = ctx.span(NewSpan(state["step"], "thought", 0, text))
            ctx.append(ctx.make_segment("thought", state["step"], ids, span=span, sampled=sampled))
        ctx.watch(Thought(ctx.index, state["step"], text))
    full = len(ctx.window) > ctx.marks.high
    return {"reason": "high_water" if full else None, "asked": full}


async def summarise(state: State, runtime: Runtime[EpisodeContext]) -> Update:
    """Slow mode writes note operations. Output that cannot be used changes nothing."""
    ctx, config = runtime.context, runtime.context.config
    ctx.watch(Phase(ctx.index, "WRITING NOTES"))
    vocabulary, reason = ctx.model.vocabulary, state["reason"]
    assert reason is not None
    shown = ctx.changeable
    told = (
        prompts.summarise_again(ctx.refused)
        if state["failures"]
        else prompts.summarise(reason, notes_shown=shown)
    )
    asked = user_turn(vocabulary, told, SUMMARY_PROMPT_TOKENS)
    ctx.append(ctx.make_segment("summary_prompt", state["step"], asked))
    ordinal = 2 * _ORDINAL[reason] + state["failures"]
    request = Request(
        "summarise",
        Slow(verified=config.notes.verified),
        config.notes.max_tokens,
        ctx.sampling(state["step"], "summarise", ordinal),
        stop_strings=(CLOSING,),
        constraint=constraint(shown, finds=config.notes.find_tokens > 0)
        if config.notes.constrain
        else None,
    )
    try:
        generation = await ctx.generate(state["step"], request)
        text = trim(vocabulary, generation.token_ids, ()).text
        operations = in_force(parse(text, shown), ctx.changeable_titles)
    except (NoteSyntaxError, ModelFailed) as error:
        return _summary_failed(ctx, state, str(error))
    finally:
        # Useful or not, the exchange leaves the window: what it wrote comes back as notes.
        ctx.drop("summary_prompt")
    ctx.draft = Draft(tuple(operations), text)
    return {"failures": 0}


async def commit(state: State, runtime: Runtime[EpisodeContext]) -> Update:
    """Note versions, their sources and the prune record go to the memory file in one transaction."""
    ctx, step, reason, draft = (
        runtime.context,
        state["step"],
        state["reason"],
        runtime.context.draft,
    )
    assert draft is not None
    assert reason is not None
    ctx.draft = None
    uncommitted = {span.uid(ctx.uid) for span in ctx.spans}
    if reason != "end":
        make_room(ctx, step)
    cut = plan_cut(ctx.window.transcript, ctx.transcript_allowance)
    if reason == "end":
        cut = plan_cut(ctx.window.transcript, len(ctx.window))  # nothing needs room any more
    sources = [s.span for s in ctx.window.transcript if s.span and s.span not in uncommitted]
    # What is noted while playing is this game's; what is noted at its end is for the next one.
    shared = next(iter(ctx.scope.shared), None)
    scope = ctx.scope.adding_to(shared) if shared is not None and reason == "end" else ctx.scope
    key, ordinal = f"{step}/{reason}", _ORDINAL[reason]
    written: tuple[NoteVersion, ...] = ()
    earlier = None
    if step == ctx.redone:
        earlier = await redo.committed_summary(ctx, step, ordinal)
        if earlier is None and await redo.evicted(ctx, step):
            failed = _summary_failed(ctx, state, "notes failed before a crash: the eviction stands")
            return {**failed, "failures": MOST_FAILURES}
    operations = draft.operations if earlier is None else earlier
    changes = [change for each in operations if (change := _change(ctx, each)) is not None]
    if earlier is not None:
        cut = await redo.committed_cut(ctx, key, cut)
    else:
        try:
            done = await ctx.memory.call(
                lambda memory: memory.commit_summary(
                    scope,
                    episode=ctx.uid,
                    step=step,
                    key=key,
                    changes=changes,
                    sources=sources,
                    spans=[NewSpan(step, "summary", ordinal, draft.text)],
                    prune=Prune("summarised", cut.spans, cut.tokens_before, cut.tokens_after)
                    if cut.spans
                    else None,
                    reason=reason,
                    tokens=lambda body: len(ctx.model.vocabulary.encode(body)),
                )
            )
            written = done.versions
        except (Conflict, OutOfScope) as error:
            # Somebody changed a note meanwhile, or a bank asks for approval since: nothing was
            # written, and the next try sees the notes as they are.
            ctx.notes_shown = tuple(await _reread(ctx))
            return _summary_failed(ctx, state, str(error))
    ctx.cut, ctx.prune_kind = cut, "summarised"
    ctx.finds = tuple(op.query for op in operations if isinstance(op, FindNotes))
    # `changes` are what the model wrote, echoes too: what becomes of those is up to what others wrote.
    ctx.trace.summary(step, reason, list(map(str, operations)), len(changes), None)
    ctx.watch(NotesWritten(ctx.index, step, tuple(map(str, operations)), written))
    return {}


async def evict(state: State, runtime: Runtime[EpisodeContext]) -> Update:
    """No usable notes: the oldest spans, which are stored already, leave the window unsummarised."""
    ctx, step = runtime.context, state["step"]
    key = redo.eviction_key(step)
    make_room(ctx, step)
    ctx.cut, ctx.prune_kind = plan_cut(ctx.window.transcript, ctx.transcript_allowance), "evicted"
    if step == ctx.redone:
        ctx.cut = await redo.committed_cut(ctx, key, ctx.cut)
    prune = Prune("evicted", ctx.cut.spans, ctx.cut.tokens_before, ctx.cut.tokens_after)
    await ctx.memory.call(
        lambda memory: memory.commit_eviction(episode=ctx.uid, step=step, key=key, prune=prune)
    )
    return {}


async def prune(state: State, runtime: Runtime[EpisodeContext]) -> Update:
    """After the commit the window is rebuilt: system, recalled notes, the turns that stay."""
    ctx, step = runtime.context, state["step"]
    ctx.watch(Phase(ctx.index, "PRUNING"))
    before = len(ctx.window)
    await rebuild(ctx, step)
    ctx.trace.prune(step, ctx.prune_kind if ctx.cut.cut else "rebuilt", ctx.window, before)
    if ctx.cut.cut:
        ctx.watch(Pruned(ctx.index, step, ctx.prune_kind, before, len(ctx.window)))
    for query in ctx.finds:
        await _append_found(ctx, step, query)
    ctx.finds = ()
    return {}


async def act(state: State, runtime: Runtime[EpisodeContext]) -> Update:
    """Slow mode writes one command, unless a person gives one or another."""
    ctx, step = runtime.context, state["step"]
    ctx.watch(Phase(ctx.index, "ACTING"))
    written = await choose(ctx, step, int(state["asked"]))
    action = written.text
    if action == prompts.WRITE_NOTES and ctx.config.notes.enabled and not state["asked"]:
        return {"reason": "asked", "failures": 0, "asked": True}
    span = ctx.span(NewSpan(step, "action", 0, action))
    ctx.append(ctx.make_segment("action", step, written.ids, span=span, sampled=written.sampled))
    return {"reason": None, "action": action}


async def step(state: State, runtime: Runtime[EpisodeContext]) -> Update:
    """The environment answers, and the step is committed: the one point that a resume starts from."""
    done = await runtime.context.step(state["step"], state["action"])
    return {"step": state["step"] + 1, "done": done}


# --- what several nodes share, or what runs before the first of them ---


async def rebuild(ctx: EpisodeContext, step: int) -> None:
    """A window of the system prompt, recalled notes and the turns of ctx.cut that stay."""
    scope, query, vocabulary = ctx.scope, ctx.observation, ctx.model.vocabulary
    chosen: list[Note] = []
    if ctx.config.notes.enabled:
        room, cost = ctx.config.notes.recall_tokens, note_cost(vocabulary)
        chosen = await ctx.memory.call(lambda memory: memory.recall(scope, query, room, cost))
        # Those that may be changed come first: their numbers are those that an operation may name.
        chosen.sort(key=lambda note: note.bank not in ctx.changeable_banks)
    ctx.notes_shown = tuple(chosen)
    await _record_recall(ctx, step, chosen)
    ctx.trace.notes(step, [(note.uid, note.version) for note in chosen])
    head = ctx.make_segment("head", step, head_ids(vocabulary, ctx.system, chosen))
    ctx.window = Window(ctx.window.budget, (head, *ctx.cut.kept))
    ctx.window.require(0)
    ctx.tell_window(step)


async def _append_found(ctx: EpisodeContext, step: int, query: str) -> None:
    """What FIND brought enters at the window's tail, marked as looked up, as far as there is room."""
    vocabulary, scope = ctx.model.vocabulary, ctx.scope
    ordinal = sum(span.kind == "recalled" for span in ctx.spans)
    hits = await ctx.memory.call(lambda memory: memory.search(scope, query, 3))
    text = prompts.recalled(query, hits)
    room = room_for_recalled(ctx.window, step, ctx.caps, ctx.marks)
    cap = min(ctx.config.notes.find_tokens, room - len(user_turn(vocabulary, "", 0)))
    if cap <= 0:
        return
    ids = user_turn(vocabulary, text, cap)
    await _record_recall(ctx, step, hits)
    span = ctx.span(NewSpan(step, "recalled", ordinal, text))
    ctx.append(ctx.make_segment("recalled", step, ids, span=span))


async def _record_recall(ctx: EpisodeContext, step: int, shown: Sequence[Note]) -> None:
    versions = [(note.uid, note.version) for note in shown]
    await ctx.memory.call(
        lambda memory: memory.record_recall(episode=ctx.uid, step=step, versions=versions)
    )


async def _reread(ctx: EpisodeContext) -> list[Note]:
    scope = ctx.scope.as_it_is()
    return [
        await ctx.memory.call(lambda memory, uid=note.uid: memory.note(scope, uid))  # type: ignore[misc]
        for note in ctx.notes_shown
    ]


def _summary_failed(ctx: EpisodeContext, state: State, reason: str) -> Update:
    ctx.refused = reason
    ctx.trace.summary(state["step"], state["reason"], [], 0, reason)
    ctx.watch(SummaryFailed(ctx.index, state["step"], reason))
    return {"failures": state["failures"] + 1}


def _change(ctx: EpisodeContext, operation: object) -> NoteChange | None:
    """A note operation in the memory file's words: numbers become uids with the version seen."""
    if isinstance(operation, AddNote):
        return Add(operation.title, operation.body)
    if isinstance(operation, RewriteNote):
        note = ctx.notes_shown[operation.n - 1]
        return Rewrite(note.uid, note.version, operation.body)
    if isinstance(operation, DeleteNote):
        note = ctx.notes_shown[operation.n - 1]
        return Delete(note.uid, note.version)
    return None
