"""Corrections: a policy plays training games, and the player says what it would have written instead.

A policy that learnt from the player's games alone has never seen the windows that its own mistakes lead
to. Here it plays, and each window in which its words differ from the player's becomes a sequence that
ends in the player's words (dataset aggregation, Ross et al., arXiv 1011.0686). The player needs no more
than the window, so it can answer any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import envs
from agent.config import RunConfig
from agent.lm.types import LanguageModel
from agent.pool import Pool
from agent.together import together
from agent.train.bar import counted
from agent.train.demonstrations import shared_out
from agent.train.new_file import require_new
from agent.train.player.demonstrator import Demonstrator
from agent.train.player.mix import CYCLES, Game
from agent.train.player.playing import Played, demonstration_config, play_async
from agent.train.player.renaming import maker
from agent.train.relabel import corrected
from agent.train.sequences import TokenSequence


@dataclass(slots=True)
class Corrected:
    """How one game of the policy went, and how often the player would have written something else."""

    played: Played
    decisions: int
    sequences: list[TokenSequence]


Tell = Callable[[Corrected], None]


def corrections(
    out: Path,
    model: LanguageModel,
    *,
    families: Sequence[str] = tuple(CYCLES),
    total: int = 200,
    first_seed: int = 0,
    max_steps: int = 80,
    jobs: int = 16,
    settings: dict[str, Any] | None = None,
    renamed: float = 0.0,
    tell: Tell = lambda _game: None,
) -> None:
    """Let `model` play `total` training games, `jobs` at once, and write the corrections to `out`.

    Each game's are written as it ends, so that what is there when the command is stopped is of use. A
    game ends after `max_steps` steps; `settings` overrides the rest of the run's config; `renamed` is
    the share of kitchens whose foods have other names (agent/train/player/renaming.py). Raises
    TrainingFailed for seeds that are not for training and for a file that is there already, and what
    ends a run.
    """
    plan = shared_out(families, total, first_seed)
    require_new(out)
    won = decisions = changed = 0
    with counted("playing", len(plan)) as count:

        def told(game: Corrected) -> None:
            nonlocal won, decisions, changed
            won += game.played.outcome == "won"
            decisions += game.decisions
            changed += len(game.sequences)
            share = 100 * changed / max(decisions, 1)
            count(1, f"{won} won, {changed} of {decisions} decisions changed ({share:.1f}%)")
            tell(game)

        asyncio.run(_play_all(plan, model, out, max_steps, jobs, settings or {}, renamed, told))


async def _play_all(
    plan: Sequence[Game],
    model: LanguageModel,
    out: Path,
    max_steps: int,
    jobs: int,
    settings: dict[str, Any],
    renamed: float,
    tell: Tell,
) -> None:
    player = Demonstrator(model.vocabulary)
    waiting = iter(plan)
    any_config = _config(plan[0], max_steps, settings)
    with closing(Pool(envs.make, jobs, any_config.deadlines)) as pool, out.open("w") as file:

        async def one_after_the_other() -> None:
            for game in waiting:
                config = _config(game, max_steps, settings)
                make_env = maker(game, renamed, pool.make)
                played, lived = await play_async(game, model, config, make_env)
                decisions = sum(len(each.written) for each in lived)
                done = Corrected(played, decisions, list(corrected(lived, player, config)))
                file.writelines(each.model_dump_json() + "\n" for each in done.sequences)
                file.flush()
                tell(done)

        async with together() as group:
            for _ in range(min(jobs, len(plan))):
                group.create_task(one_after_the_other())


def _config(game: Game, max_steps: int, settings: dict[str, Any]) -> RunConfig:
    given = {"max_steps": max_steps, **settings}
    return demonstration_config(game.spec, game.seed, given)
