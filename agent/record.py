"""What every episode has, whoever plays: an environment, and the places where each step is recorded."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent import snapshots
from agent.blocking import in_thread
from agent.circles import Circles
from agent.errors import Interrupted
from agent.events import Opened, Stepped, Watcher, nobody
from agent.game import Game
from agent.memory_thread import MemoryThread
from agent.tally import Tally
from agent.trace import Trace
from memory import Bank, NewSpan, Scope, StepRecord, storable


@dataclass(slots=True, kw_only=True)
class EpisodeRecord(Game):
    """One episode of a run, and how far it has come."""

    run: str
    uid: str
    memory: MemoryThread
    scope: Scope
    trace: Trace
    snapshot_at: Path
    """Where a snapshot of the environment is kept, if it offers them."""
    watch: Watcher = nobody
    stopping: Callable[[], bool] = lambda: False
    """Whether the run is to stop after the step that is being made."""
    tally: Tally = field(default_factory=Tally)
    changeable_banks: frozenset[Bank] = frozenset()
    """The banks of the scope whose notes the model may change: not those that ask for approval."""
    steps_done: int = 0
    done: bool = False
    """Whether the last step was the episode's last."""
    resumed: bool = False
    """Whether earlier steps were made before the run was resumed."""
    started: float = field(default_factory=time.perf_counter)
    earlier_ms: float = 0.0
    """What the episode took before the run was resumed."""
    circles: Circles = field(default_factory=Circles)
    spans: list[NewSpan] = field(default_factory=list)
    """Spans of the step being made, not yet committed."""

    async def close(self) -> None:
        """Close trace and environment."""
        self.trace.close()
        await super(EpisodeRecord, self).close()  # zero arguments do not find a class with slots

    def recipe(self) -> str:
        """The window's recipe; a player without a window has none."""
        return ""

    def window_tokens(self) -> int:
        """Tokens in the window; 0 without one."""
        return 0

    def span(self, span: NewSpan) -> str:
        """Keep a span for the step's commit; returns its uid."""
        self.spans.append(replace(span, text=storable(span.text)))
        return span.uid(self.uid)

    async def reset(self) -> None:
        """Open the episode in the memory file, and reset the environment to its seed."""
        config = self.config
        await self.memory.call(
            lambda memory: memory.start_episode(
                uid=self.uid,
                run=self.run,
                index=self.index,
                env=config.env,
                seed=self.seed,
                agent=config.agent,
                bank=self.scope.write,
            )
        )
        await self.begin()

    async def commit_reset(self) -> None:
        """Commit step 0."""
        await self._commit(0, None, None, done=False)
        assert self.info is not None
        score, most = self.info["score"], self.info["max_score"]
        self.watch(Opened(self.index, self.seed, self.observation, 0, score, most))

    async def step(self, number: int, action: str) -> bool:
        """Play an action and commit the step. True where the episode is over.

        Raises EnvFailed from the environment, and Interrupted where a stop was asked for.
        """
        played = await self.play(number, action)
        self.done = done = played.done
        await self._commit(number, action, played.reward, done=done, listed=played.listed)
        assert self.info is not None
        self.steps_done = number
        if not done and number % snapshots.EVERY == 0:
            await self._keep_snapshot()
        self.watch(
            Stepped(
                self.index,
                number,
                action,
                self.observation,
                self.info["score"],
                self.window_tokens(),
                done,
            )
        )
        if self.stopping() and not done:
            raise Interrupted(f"stopped by request after step {number} of episode {self.index}")
        return done

    async def _keep_snapshot(self) -> None:
        content = await self.snapshot()
        if content is not None:
            kept = snapshots.Snapshot(self.steps_done, self.digest, content)
            await in_thread(snapshots.keep, self.snapshot_at, kept)

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the episode began, pauses of its run left out."""
        return self.earlier_ms + 1000 * (time.perf_counter() - self.started)

    async def _commit(
        self,
        number: int,
        action: str | None,
        reward: float | None,
        *,
        done: bool,
        listed: bool | None = None,
    ) -> None:
        """The commit point: the trace is on disk before the row that points into it."""
        assert self.info is not None
        digest, score = self.digest, self.info["score"]
        self.circles.see([digest])
        self.span(NewSpan(number, "observation", 0, self.observation))
        offset = self.trace.step(
            n=number,
            action=action,
            observation=digest,
            reward=reward,
            score=score,
            done=done,
            window=self.window_tokens(),
            wall_ms=round(self.elapsed_ms, 1),
            **({} if listed is None else {"listed": listed}),
        )
        record = StepRecord(number, action, digest, reward, score, done, self.recipe(), offset)
        spans = tuple(self.spans)
        await self.memory.call(lambda memory: memory.commit_step(self.uid, record, spans))
        self.spans.clear()
