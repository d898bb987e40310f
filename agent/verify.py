"""`steno verify`: is what a run's results say what its record gives, played again?

Every episode's environment is played again from its seed and the committed actions; each observation,
reward and score is compared, the trace is held against the memory file, and the row is derived anew.
With the model, each generation is computed again too (agent/recorded.py).
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import envs
from agent.config import RunConfig
from agent.derived import UNREPEATABLE_BY_MODEL, compare, derive
from agent.environments import Environments, MakeEnv
from agent.errors import EXPECTED, ReplayMismatch, RunDirectoryError
from agent.events import nobody
from agent.game import Game
from agent.lm.types import LanguageModel
from agent.playing import Playing, Run
from agent.recorded import RecordedModel
from agent.resteering import RecordedSteering
from agent.results import EpisodeResult
from agent.rundir import RunDirectory
from agent.runner import as_precise, is_exact, model_of, require_the_same
from memory import MemoryFile, StepRecord

# A generation that was made in time may take its time now, beside others or on another machine.
_PATIENCE_S = 1e9
OnEpisode = Callable[["Verified"], None]


@dataclass(frozen=True, slots=True)
class Verified:
    """One episode that was played again. `problem` is empty where all was as recorded."""

    episode: int
    steps: int
    problem: str = ""


@dataclass(slots=True)
class Verification:
    """What a verification found."""

    episodes: list[Verified] = field(default_factory=list)
    unfinished: int = 0
    model: RecordedModel | None = None
    exact: bool = True
    """Whether the model is to give the same tokens again: at fp32 it is."""

    @property
    def problems(self) -> list[Verified]:
        """The episodes of which something is not as recorded."""
        return [each for each in self.episodes if each.problem]

    @property
    def sound(self) -> bool:
        """Whether all is as recorded; in bf16 tokens may differ."""
        differs = self.model is not None and self.exact and bool(self.model.differences)
        return not self.problems and not differs

    def as_json(self) -> str:
        """The figures as a line of JSON."""
        told: dict[str, Any] = {
            "sound": self.sound,
            "episodes": len(self.episodes),
            "unfinished": self.unfinished,
            "steps": sum(each.steps for each in self.episodes),
            "problems": len(self.problems),
        }
        if self.model is not None:
            compared, differing = self.model.compared, len(self.model.differences)
            told |= {
                "generations": compared,
                "tokens": self.model.tokens,
                "differing_generations": differing,
                "differing_share": differing / compared if compared else None,
                "differing_episodes": len({each.episode for each in self.model.differences}),
                "exact": self.exact,
            }
        return json.dumps(told)


def verify(
    path: Path,
    *,
    with_model: bool = False,
    jobs: int = 1,
    model: LanguageModel | None = None,
    make_env: MakeEnv = envs.make,
    on_episode: OnEpisode = lambda _each: None,
) -> Verification:
    """Play the finished episodes of a run again, `jobs` at once. Nothing of the run is changed.

    `model` saves loading the recorded one. Raises RunDirectoryError where `path` holds no run that was
    begun, AdapterMismatch where the model is another by now, and what loading the model or the
    environment raises.
    """
    return asyncio.run(
        verify_async(
            path,
            with_model=with_model,
            jobs=jobs,
            model=model,
            make_env=make_env,
            on_episode=on_episode,
        )
    )


async def verify_async(
    path: Path,
    *,
    with_model: bool = False,
    jobs: int = 1,
    model: LanguageModel | None = None,
    make_env: MakeEnv = envs.make,
    on_episode: OnEpisode = lambda _each: None,
) -> Verification:
    """The same as `verify` for callers that have a loop of their own."""
    directory, config = RunDirectory.open(path)
    with closing(directory):
        told = directory.recorded_versions()
        every = directory.rows()
        if told is None or not every:
            raise RunDirectoryError(f"the run {str(path)!r} has no finished episode to verify")
        config = config.model_copy(update={"jobs": jobs})
        judged = list(zip(every, directory.contradicted(config, every), strict=True))
        rows = [row for row, why in judged if not why]
        ended = {row.episode for row in every} & set(range(config.episodes))
        found = Verification(unfinished=config.episodes - len(ended))

        def tell(checked: Verified) -> None:
            found.episodes.append(checked)
            on_episode(checked)

        for row, why in judged:
            if why:
                tell(Verified(row.episode, 0, f"{directory.results}: {why}"))
        environments = Environments(config, make_env)
        try:
            with MemoryFile.open(directory.memory(config), read_only=True) as memory:
                steps = {row.episode: _steps(memory, row) for row in rows}
            gate = asyncio.Semaphore(jobs)

            async def one(row: EpisodeResult) -> None:
                async with gate:
                    tell(await _verified(row, steps[row.episode], config, directory, environments))

            await asyncio.gather(*map(one, rows))
            if with_model and config.agent == "model":
                wrong = {each.episode for each in found.problems}
                whole = [row for row in rows if row.error is None and row.episode not in wrong]
                await _ask_again(found, config, directory, told, whole, model, environments)
        finally:
            environments.close()
        return found


async def _verified(
    row: EpisodeResult,
    steps: Sequence[StepRecord],
    config: RunConfig,
    directory: RunDirectory,
    environments: Environments,
) -> Verified:
    game = Game(config=config, index=row.episode, seed=row.seed, env=environments.make())
    try:
        compare(row, await derive(row, steps, game, directory.trace(row.episode)))
    except EXPECTED as error:
        return Verified(row.episode, len(steps), f"{type(error).__name__}: {error}")
    finally:
        await game.close()
    return Verified(row.episode, len(steps))


def _steps(memory: MemoryFile, row: EpisodeResult) -> list[StepRecord]:
    known = {episode.uid for episode in memory.episodes()}
    return memory.steps(row.uid) if row.uid in known else []


async def _ask_again(
    found: Verification,
    config: RunConfig,
    directory: RunDirectory,
    told: dict[str, Any],
    rows: Sequence[EpisodeResult],
    lent: LanguageModel | None,
    environments: Environments,
) -> None:
    """Play episodes again on the rails of their record, and have the model compute each generation.

    Errored ones are not asked for: what failed then need not fail now.
    """
    found.exact = is_exact(told)
    model = await model_of(as_precise(config, told), lent, nobody)
    assert model is not None
    try:
        require_the_same(model, told, directory.path)
        traces = {row.episode: directory.trace(row.episode) for row in rows}
        found.model = RecordedModel(model, traces)
        with tempfile.TemporaryDirectory(prefix="steno-verify-") as folder:
            patient = config.deadlines.model_copy(update={"generate_s": _PATIENCE_S})
            scratch = config.model_copy(
                update={"out": Path(folder) / "run", "memory": None, "deadlines": patient}
            )
            again = RunDirectory.create(scratch)
            with closing(again):
                done = Run(again.path, again.memory(scratch))
                if (
                    config.banks
                ):  # as they were: a copy, in which they stand still at the same moment
                    with MemoryFile.open(directory.memory(config), read_only=True) as memory:
                        memory.backup(done.memory)
                playing = Playing(
                    config=scratch,
                    run="verify",
                    banks_at=told["banks_at"] or "",
                    directory=again,
                    model=found.model,
                    environments=environments,
                    watch=nobody,
                    on_row=lambda _row: None,
                    stop=asyncio.Event(),
                    steering=lambda index: RecordedSteering(traces[index]),
                )
                await playing.all([row.episode for row in rows], done)
                if done.failure is not None:
                    raise done.failure
        recorded = {row.episode: row for row in rows}
        for row in done.rows:
            try:
                compare(recorded[row.episode], row, UNREPEATABLE_BY_MODEL)
            except ReplayMismatch as error:
                problem = f"played again with the model: {error}"
                found.episodes.append(Verified(row.episode, row.steps, problem))
    finally:
        if lent is None:
            model.close()
