"""A step that a crash cut off is made again; what it had committed before the crash stands.

The same model at the same numbers writes the same again (fp32). Where it does not, what is in the memory
file counts, and what goes on from here follows that.
"""

from __future__ import annotations

from agent.context import Cut
from agent.in_force import in_force
from agent.note_ops import NoteOperation, parse
from agent.state import EpisodeContext


async def committed_summary(
    ctx: EpisodeContext, step: int, ordinal: int
) -> tuple[NoteOperation, ...] | None:
    """The note operations that the step committed before it was cut off; None where it had not yet."""
    spans = await ctx.memory.call(lambda memory: memory.spans(ctx.uid, step=step, kind="summary"))
    # A summary's text is stored in the transaction that writes its notes: with it or not at all.
    texts = [span.text for span in spans if span.ordinal == ordinal and span.text is not None]
    if not texts:
        return None
    return tuple(in_force(parse(texts[0], ctx.changeable), ctx.changeable_titles))


async def evicted(ctx: EpisodeContext, step: int) -> bool:
    """Whether the step's oldest turns were evicted before it was cut off, as its notes had failed.

    A model that was too slow for them then may be in time now; a second prune of the step must not come
    of it.
    """
    return await _gone(ctx, eviction_key(step)) is not None


def eviction_key(step: int) -> str:
    """What the eviction of a step is committed under: it happens once or not at all."""
    return f"{step}/evicted"


async def committed_cut(ctx: EpisodeContext, key: str, planned: Cut) -> Cut:
    """The cut of the prune that was committed under `key`; as `planned` where none was."""
    gone = await _gone(ctx, key)
    if gone is None:
        return planned
    transcript = ctx.window.transcript
    return Cut(
        tuple(segment for segment in transcript if segment.span not in gone),
        tuple(segment for segment in transcript if segment.span in gone),
    )


async def _gone(ctx: EpisodeContext, key: str) -> set[str] | None:
    """The spans of the prune that was committed under `key`; None where none was."""
    records = await ctx.memory.call(lambda memory: memory.prunes(ctx.uid))
    return next((set(record.prune.spans) for record in records if record.key == key), None)
