"""`steno bench envs`: what the worst and the best player get, and what Steno's text costs in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import envs
from agent.bench.environment import Played, at_random
from agent.bench.raw import BARE, Bare
from agent.players import Player, RandomPlayer, WalkthroughPlayer
from envs import registry
from envs.base import Info, TextEnv
from envs.errors import EnvUnavailable
from envs.spec import Spec

ROUNDS = 5
# Where games take long to start, fewer rounds than that are timed.
TIMING_S = 10.0

HEAD = """\
| environment | random: points, won | walkthrough: points, won | steps/s | library's | ratio |
|---|---|---|---|---|---|"""


@dataclass(frozen=True, slots=True)
class Scores:
    """What a player got in some games. Means of points; None where the games tell none."""

    games: int
    won: int | None
    points: float | None
    share: float | None
    """Points over the most points."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Steps a second, resets included, by processor time: the best of several rounds each."""

    steps_per_s: float
    bare_steps_per_s: float | None
    """The library's own, in the same games; None where there is none."""

    @property
    def ratio(self) -> float | None:
        """Steno's speed over the library's."""
        return None if self.bare_steps_per_s is None else self.steps_per_s / self.bare_steps_per_s


@dataclass(frozen=True, slots=True)
class Measured:
    """One environment: the random player's scores, the walkthrough's (None: none is known), speed."""

    spec: str
    floor: Scores
    ceiling: Scores | None
    speed: Speed
    took_s: float
    """All of it, by the clock on the wall."""


def samples(say: Callable[[str], None]) -> list[str]:
    """Specs that stand for every suite that is installed; of each other one it is said why not."""
    found: list[str] = []
    for suite, reason in registry.broken():
        say(f"{suite}/*: not measured: {reason}")
    for suite in registry.suites():
        try:
            lacking = registry.missing(suite)
            found += registry.samples(suite) if lacking is None else []
        except EnvUnavailable as error:
            lacking = str(error)
        if lacking is not None:
            say(f"{suite}/*: not measured: {lacking}")
    return found


def measure(spec: str, *, seed: int, games: int, max_steps: int, steps: int) -> Measured:
    """Play `games` games from `seed` on with both players, then time `steps` random steps.

    The games are those that `steno run --agent random` and `--agent walkthrough` play with the same
    seed, number and step limit. Raises what the environment raises.
    """
    begun = time.perf_counter()
    with closing(envs.make(spec)) as env:
        floor = played(env, seed, games, max_steps, solved=False)
        assert floor is not None
        ceiling = played(env, seed, games, max_steps, solved=True)
        speed = timed(env, at_random(env, seed, steps))
        return Measured(env.spec, floor, ceiling, speed, time.perf_counter() - begun)


def played(env: TextEnv, seed: int, games: int, max_steps: int, *, solved: bool) -> Scores | None:
    """The scores of the random player, or of the walkthrough; None where no game has one."""
    ends: list[Info] = []
    for index in range(games):
        _, info = env.reset(seed=seed + index)
        player: Player
        if solved:
            commands = env.walkthrough()
            if commands is None:
                continue  # some games of an environment may have none
            env.reset(seed=seed + index)
            player = WalkthroughPlayer(env.spec, commands)
        else:
            player = RandomPlayer(seed, index, env.describe().examples)
        for number in range(1, max_steps + 1):
            *_, terminated, truncated, info = env.step(player.choose(number, info))
            if terminated or truncated:
                break
        ends.append(info)
    return _scores(ends) if ends else None


def timed(env: TextEnv, games: Sequence[Played]) -> Speed:
    """The same games by Steno and by the bare library, turn by turn."""
    parsed = Spec.parse(env.spec)
    make = BARE.get(parsed.suite)
    bare = make(parsed) if make else None
    own: list[float] = []
    other: list[float] = []
    begun = time.perf_counter()
    while not own or (len(own) < ROUNDS and time.perf_counter() - begun < TIMING_S):
        own.append(_seconds(lambda seed: env.reset(seed=seed), env.step, games))
        if bare is not None:
            other.append(_seconds(bare.reset, bare.step, _translated(bare, games)))
    steps = sum(len(game.actions) for game in games)
    return Speed(steps / min(own), steps / min(other) if other else None)


def row(found: Measured) -> str:
    """A row of the table that `HEAD` begins, as docs/benchmarks.md has it."""
    speed = found.speed
    cells = (
        _named(found.spec),
        _told(found.floor),
        "none known" if found.ceiling is None else _told(found.ceiling),
        f"{speed.steps_per_s:,.0f}",
        "" if speed.bare_steps_per_s is None else f"{speed.bare_steps_per_s:,.0f}",
        "" if speed.ratio is None else f"{speed.ratio:.2f}",
    )
    return f"| {' | '.join(cells)} |"


def figures(found: Sequence[Measured]) -> list[dict[str, Any]]:
    """The same as plain values."""
    return [{**asdict(each), "ratio": each.speed.ratio} for each in found]


def _seconds(
    reset: Callable[[int], object], step: Callable[[Any], object], games: Sequence[Played]
) -> float:
    begun = time.process_time()
    for game in games:
        reset(game.seed)
        for action in game.actions:
            step(action)
    return time.process_time() - begun


def _translated(bare: Bare, games: Sequence[Played]) -> list[Played]:
    """The games in the library's own actions."""
    return [Played(g.seed, tuple(bare.translate(action) for action in g.actions)) for g in games]


def _scores(ends: Sequence[Info]) -> Scores:
    won = [info["won"] for info in ends]
    points = [info["score"] for info in ends if info["score"] is not None]
    shares = [
        info["score"] / info["max_score"]
        for info in ends
        if info["score"] is not None and info["max_score"]
    ]
    return Scores(
        len(ends),
        None if None in won else sum(map(bool, won)),
        round(sum(points) / len(points), 3) if points else None,
        round(sum(shares) / len(shares), 3) if shares else None,
    )


def _named(spec: str) -> str:
    """A spec as a table names it: of a story file only its name, as paths are a machine's own."""
    parsed = Spec.parse(spec)
    if not parsed.name.startswith("/"):
        return f"`{spec}`"
    return f"`{Spec(parsed.suite, Path(parsed.name).name, parsed.options)}`"


def _told(scores: Scores) -> str:
    if scores.points is None:
        return "no score"
    share = "" if scores.share is None else f" ({scores.share:.0%})"
    won = "" if scores.won is None else f", {scores.won} of {scores.games}"
    return f"{scores.points:g}{share}{won}"
