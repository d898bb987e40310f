"""How a run goes: episodes ended and won, tokens a pass and a second, the time that is left."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta

from agent.events import Event, Opened, Passed, Stepped
from agent.results import EpisodeResult

RECENT_S = 60.0  # tokens a second are those of the last minute


class Pace:
    """Counts what a watcher is told. `clock` gives seconds."""

    def __init__(self, episodes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.episodes = episodes
        self.ended = self.won = 0
        self.playing: dict[int, int] = {}
        """Steps made so far by each episode that is being played."""
        self._clock = clock
        self._started: float | None = None
        self._counted = 0  # episodes that ended under this clock, and the steps that they took
        self._steps = 0
        self._tokens = self._passes = 0
        self._recent: deque[tuple[float, int]] = deque()

    def watch(self, event: Event) -> None:
        """Count an event."""
        if isinstance(event, Opened):
            self._begin()
            self.playing[event.episode] = event.step
        elif isinstance(event, Stepped):
            self.playing[event.episode] = event.step
        elif isinstance(event, Passed):
            now = self._begin()
            kept = len(event.each.token_ids)
            self._tokens += kept
            self._passes += 1
            self._recent.append((now, kept))
            self._forget_before(now - RECENT_S)

    def row(self, row: EpisodeResult, *, earlier: bool = False) -> None:
        """Count an episode that has ended, `earlier` than this clock if it was resumed."""
        self.playing.pop(row.episode, None)
        self.ended += 1
        self.won += row.outcome == "won"
        if not earlier:
            self._counted += 1
            self._steps += row.steps

    @property
    def tpf(self) -> float | None:
        """Tokens kept a pass so far."""
        return self._tokens / self._passes if self._passes else None

    @property
    def tokens_per_second(self) -> float | None:
        """Of all episodes together, in the last minute."""
        if self._started is None or not self._passes:
            return None
        now = self._clock()
        self._forget_before(now - RECENT_S)
        span_s = min(now - self._started, RECENT_S)
        return sum(kept for _, kept in self._recent) / span_s if span_s > 0 else None

    @property
    def left_s(self) -> float | None:
        """Seconds to the last episode's end, if the others take as long as those that ended.

        An episode that is being played counts for the share of its steps that it has made, of as many
        as an episode has taken so far on average. None before the first has ended.
        """
        if self._started is None or not self._counted:
            return None
        usual = max(self._steps / self._counted, 1.0)
        begun = sum(min(steps / usual, 0.95) for steps in self.playing.values())
        made = self._counted + begun
        left = max(self.episodes - self.ended - begun, 0.0)
        return (self._clock() - self._started) / made * left

    def line(self) -> str:
        """The figures in a line."""
        told = [f"{self.won} won"]
        if self.tpf is not None:
            told.append(f"TPF {self.tpf:.2f}")
        if self.tokens_per_second is not None:
            told.append(f"{self.tokens_per_second:.0f} tokens/s")
        if self.left_s is not None:
            told.append(f"{timedelta(seconds=round(self.left_s))} left")
        return ", ".join(told)

    def _forget_before(self, moment_s: float) -> None:
        while self._recent and self._recent[0][0] < moment_s:
            self._recent.popleft()

    def _begin(self) -> float:
        now = self._clock()
        if self._started is None:
            self._started = now
        return now
