"""One game played by a language model in the runtime itself, and what it leaves to learn from."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

import envs
from agent.config import RunConfig, game_by_game, load_config
from agent.environments import MakeEnv
from agent.errors import TrainingFailed
from agent.lm.types import LanguageModel
from agent.trace import windows
from agent.train.player.mix import Game
from agent.train.sequences import TokenSequence
from agent.train.traces import sequences


class Played(BaseModel):
    """How one game went."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: str
    spec: str
    seed: int
    outcome: str
    error: str | None
    steps: int
    passes: int
    prunes: int
    tokens: dict[str, int]
    """Tokens written, by purpose."""
    replaced: int
    """Tokens of transcript that prunes cut, once notes covered them."""


def demonstration_config(
    spec: str, seed: int, settings: Mapping[str, Any] | None = None
) -> RunConfig:
    """The config of one demonstrated game: that of any run, so that a policy learns what it will see.

    `settings` are those of a run, by section, and override the defaults. The command says which model
    plays. Raises ConfigError.
    """
    return load_config(env=spec, seed=seed, **game_by_game(settings or {}, "model"))


def play(
    game: Game,
    model: LanguageModel,
    settings: Mapping[str, Any] | None = None,
    make_env: MakeEnv = envs.make,
    scratch: Path | None = None,
) -> tuple[Played, list[TokenSequence]]:
    """Play one game in the runtime; its sequences if it was won. The run's files are not kept."""
    config = demonstration_config(game.spec, game.seed, settings)
    played, lived = asyncio.run(play_async(game, model, config, make_env, scratch))
    return played, lived if played.outcome == "won" else []


async def play_async(
    game: Game,
    model: LanguageModel,
    config: RunConfig,
    make_env: MakeEnv = envs.make,
    scratch: Path | None = None,
) -> tuple[Played, list[TokenSequence]]:
    """Play one game with `config` in a loop where others may be played; its sequences, won or not.

    Raises what ends a whole run, and TrainingFailed where it was interrupted.
    """
    from agent.runner import run_async

    with tempfile.TemporaryDirectory(prefix="steno-demo-", dir=scratch or _fast_folder()) as folder:
        out = Path(folder) / "run"
        done = await run_async(
            config.model_copy(update={"out": out}), model=model, make_env=make_env
        )
        if done.failure is not None:
            raise done.failure
        if not done.rows:
            raise TrainingFailed(f"the game of {game.spec} with seed {game.seed} was interrupted")
        row, trace = done.rows[0], out / "traces" / "000000.jsonl"
        costs = {"think": row.think, "act": row.act, "summarise": row.summarise}
        played = Played(
            family=game.family,
            spec=game.spec,
            seed=game.seed,
            outcome=row.outcome,
            error=row.error,
            steps=row.steps,
            passes=sum(cost.passes for cost in costs.values() if cost),
            prunes=row.prunes,
            tokens={name: cost.tokens for name, cost in costs.items() if cost},
            replaced=_replaced(trace),
        )
        return played, list(sequences(trace))


def _replaced(trace: Path) -> int:
    before, replaced = 0, 0
    for event, window in windows(trace):
        transcript = sum(len(segment.ids) for segment in window.transcript)
        if event["e"] == "prune" and event["kind"] == "summarised":
            replaced += max(before - transcript, 0)
        before = transcript
    return replaced


def _fast_folder() -> Path | None:
    """Where files that nobody keeps are written fastest: memory, where the system offers it."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and os.access(memory, os.W_OK) else None
