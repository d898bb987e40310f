"""`steno bench env`: how many steps a second an environment makes, with nobody thinking."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import envs
from agent.players import RandomPlayer
from envs.base import TextEnv

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Played:
    """A game and the actions that were played in it."""

    seed: int
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Timed:
    """Steps a second by the clock on the wall, and by processor time: as if nobody else used it."""

    rate: float
    cpu_rate: float
    score: float | None
    """Points a hundred steps; None where there is no score."""


def measure(spec: str, seed: int, steps: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Steps a second of games from `seed` on: random play, and the walkthrough where there is one.

    What is to be played is found out first; then the same actions are timed, in the best of several
    rounds: resets and the choice of an action do not count. Raises what the environment raises.
    """
    with closing(envs.make(spec)) as env:
        found: dict[str, Any] = {"env": env.spec, "seed": seed, "steps": steps}
        for name, games in (
            ("random", at_random(env, seed, steps)),
            ("walkthrough", by_walkthrough(env, seed, steps)),
        ):
            timed = replayed(env, games) if games else None
            found[f"{name}_steps_per_s"] = timed and round(timed.rate)
            found[f"{name}_steps_per_cpu_s"] = timed and round(timed.cpu_rate)
            found[f"{name}_score_per_100"] = timed and timed.score
            if timed:
                told = f"{timed.rate:,.0f} steps a second ({timed.cpu_rate:,.0f} of processor time)"
                if timed.score is not None:
                    told += f", {timed.score:.2f} points a hundred steps"
                say(f"{name}: {told}")
    return found


def at_random(env: TextEnv, seed: int, steps: int) -> list[Played]:
    """`steps` steps of the random player, in as many games as that takes."""
    games: list[Played] = []
    left = steps
    while left > 0:
        number = seed + len(games)
        _, info = env.reset(seed=number)
        player = RandomPlayer(0, len(games), env.describe().examples)
        actions: list[str] = []
        while len(actions) < left:
            actions.append(player.choose(len(actions) + 1, info))
            _, _, terminated, truncated, info = env.step(actions[-1])
            if terminated or truncated:
                break
        games.append(Played(number, tuple(actions)))
        left -= len(actions)
    return games


def by_walkthrough(env: TextEnv, seed: int, steps: int) -> list[Played]:
    """At most `steps` steps of walkthroughs; none where the environment has none."""
    games: list[Played] = []
    left = steps
    while left > 0:
        number = seed + len(games)
        env.reset(seed=number)
        commands = env.walkthrough()
        if not commands:
            return games
        games.append(Played(number, tuple(commands[:left])))
        left -= len(games[-1].actions)
    return games


def replayed(env: TextEnv, games: Sequence[Played]) -> Timed:
    """The best of several rounds of the same games."""
    wall_s = cpu_s = float("inf")
    for _ in range(ROUNDS):
        round_s = round_cpu_s = 0.0
        scores: list[float | None] = []
        for game in games:
            _, info = env.reset(seed=game.seed)
            started, cpu_started = time.perf_counter(), time.process_time()
            for action in game.actions:
                info = env.step(action)[4]
            round_s += time.perf_counter() - started
            round_cpu_s += time.process_time() - cpu_started
            scores.append(info["score"])
        wall_s, cpu_s = min(wall_s, round_s), min(cpu_s, round_cpu_s)
    steps = sum(len(game.actions) for game in games)
    known = [score for score in scores if score is not None]
    score = round(100 * sum(known) / steps, 2) if len(known) == len(games) else None
    return Timed(steps / wall_s, steps / cpu_s, score)
