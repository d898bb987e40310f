"""What decides in the courier's town is memory: players that read the text alone show it."""

from __future__ import annotations

import statistics

import pytest

import envs
from agent.players import RandomPlayer
from envs.base import TextEnv
from envs.courier.levels import LEVELS
from tests.envs.courier_player import HUB, Mind, score

SEED = 10_000


def by_oracle(env: TextEnv, steps: int) -> float:
    env.reset(seed=SEED)
    for command in (env.walkthrough() or [])[:steps]:
        *_, info = env.step(command)
    return 100 * (info["score"] or 0) / steps


def at_random(env: TextEnv, steps: int) -> float:
    _, info = env.reset(seed=SEED)
    player = RandomPlayer(0, 0)
    for step in range(1, steps + 1):
        *_, info = env.step(player.choose(step, info))
    return 100 * (info["score"] or 0) / steps


@pytest.mark.parametrize(("level", "least_gain"), [(2, 2), (3, 5), (5, 3)])
def test_who_remembers_all_does_far_better_than_who_remembers_twenty_observations(
    level: int, least_gain: float
) -> None:
    """Coins a hundred steps, over 800 steps: oracle and perfect memory, then far below the rest."""
    env, steps = envs.make(f"courier/town?level={level}"), 800
    oracle, everything = by_oracle(env, steps), score(env, SEED, steps)
    twenty, chance = score(env, SEED, steps, remembered=20), at_random(env, steps)
    assert everything > 0.9 * oracle
    assert everything > least_gain * twenty
    assert twenty > chance, "a forgetful player is slow, not lost"


def test_the_smallest_town_asks_for_no_more_than_its_rules() -> None:
    env = envs.make("courier/town?level=1")
    assert score(env, SEED, 300, remembered=20) > 0.9 * by_oracle(env, 300)


@pytest.mark.parametrize("level", LEVELS)
def test_whoever_paid_attention_knows_whom_each_label_means(level: int) -> None:
    """Honesty: of every parcel the person, their home, the way there and the word were all told."""
    env = envs.make(f"courier/town?level={level}")
    said, _ = env.reset(seed=SEED)
    mind, ages = Mind(), []
    mind.hear("", said)
    for _ in range(2500):
        action = mind.choose()
        said, reward, *_ = env.step(action)
        before = dict(mind.learned)
        mind.hear(action, said)
        if action.startswith(("give", "say")):
            assert reward == 2, "who reads well never errs"
        if not said.startswith("You take the next parcel."):
            continue
        assert mind.parcel is not None
        name = mind.meant(mind.parcel)
        assert name in mind.homes
        known = {HUB} | {place for ways in mind.exits.values() for place in ways.values()}
        assert set(mind.homes.values()) <= known
        assert mind.parcel.voucher is None or mind.parcel.voucher in mind.words
        fact = mind.fact(mind.parcel)
        if fact is not None:
            ages.append(mind.step - before[fact])
    later = ages[len(ages) // 3 :]
    # Once there is something so old, labels go by nothing younger than the level says.
    assert statistics.median(later) >= LEVELS[level].age
    assert len(ages) > 100
    if level >= 3:
        assert statistics.median(later) > 200, "hundreds of steps"
