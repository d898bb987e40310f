"""The command of a step: the model's, approved or not, or a person's own."""

from __future__ import annotations

from agent import prompts
from agent.lm.vocabulary import clip
from agent.obeying import hint
from agent.state import EpisodeContext
from agent.steering import Refused, Replaced
from agent.turn import Written, act_request, action_of

MOST_REFUSED = 8
"""Refused commands that are kept in mind; a person who refuses more plays better themselves."""


async def choose(ctx: EpisodeContext, step: int, ordinal: int) -> Written:
    """Ask whoever is to act until there is a command. `ordinal` names the sampling stream."""
    obeying = ctx.obeying(
        step, "summarise"
    )  # while somebody is waited for, nothing enters the window
    refused: list[str] = []
    while True:
        given = await ctx.steering.action(step, obeying)
        if given is not None:
            ctx.trace.person(step, "give", text=given)
            return typed(ctx, given)
        proposed = await _by_model(ctx, step, ordinal, refused)
        verdict = await ctx.steering.verdict(step, proposed.text, obeying)
        if isinstance(verdict, Replaced):
            ctx.trace.person(step, "replace", text=verdict.text, proposed=proposed.text)
            return typed(ctx, verdict.text)
        if not isinstance(verdict, Refused):
            return proposed
        ctx.trace.person(step, "refuse", why=verdict.why, proposed=proposed.text)
        refused = [*refused, proposed.text][-MOST_REFUSED:]
        ordinal += 2  # another stream; 0 and 1 are those before and after notes that were asked for
        hint(ctx, step, "act", prompts.refused(proposed.text, verdict.why), told=False)


def typed(ctx: EpisodeContext, text: str) -> Written:
    """A person's command as it enters the window: none of it sampled, clipped like the model's."""
    vocabulary = ctx.model.vocabulary
    action = " ".join(text.split())
    said = clip(vocabulary, vocabulary.encode(f" {action}"), ctx.config.act.max_tokens)
    ids = [*vocabulary.encode(prompts.ACTION_CUE), *said, *vocabulary.turns.assistant_end]
    return Written(action, ids, (0, 0))


async def _by_model(ctx: EpisodeContext, step: int, ordinal: int, refused: list[str]) -> Written:
    config, vocabulary = ctx.config, ctx.model.vocabulary
    commands = ctx.info["admissible_commands"] if config.act.constrain and ctx.info else None
    if commands:
        commands = [each for each in commands if each not in refused] or commands
    request = act_request(config, ctx.sampling(step, "act", ordinal), commands)
    generation = await ctx.generate(step, request, vocabulary.encode(prompts.ACTION_CUE))
    return action_of(vocabulary, generation.token_ids)
