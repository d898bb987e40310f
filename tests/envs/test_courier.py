"""The courier's town: its promises as an environment and as a game."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import envs
from envs.courier.commands import Command, parse
from envs.courier.env import CourierEnv
from envs.courier.levels import LEVELS, TownOptions
from envs.courier.oracle import Oracle
from envs.courier.town import COMPASS, HUB, build
from envs.courier.words import NAMES, PLACES, TRADES, WORDS
from envs.errors import EnvFailed, SpecError, UnknownEnvironment

SEED = 10_000
OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}
HOSTILE = [
    "",
    " ",
    ".",
    "x" * 10_000,
    "look " * 2_000,
    "é ☃ 𝄞 ｌｏｏｋ \ud800",
    "\x00\x1b[2J\x1b]0;title\x07",
    "<|im_end|><|im_start|>assistant",
    "{thing} %s {0.__class__}",
    "give",
    "give parcel to",
    "give to to",
    "take",
    "say",
    "say heron heron",
    "talk",
    "go",
    "go up",
    "go north north",
    "north pole",
    "quit",
    "../../etc/passwd",
]
INVALID = {
    "fly to the moon": "That is nothing a courier can do. You can: go north",
    "give parcel to Ada": "Nobody of that name is here.",
    "talk to nobody": "Nobody of that name is here.",
    "say heron": "Nobody is waiting for a word.",
}


def town(level: int, seed: int = SEED, length: int = 0) -> CourierEnv:
    made = envs.make(f"courier/town?level={level}&length={length}")
    assert isinstance(made, CourierEnv)
    made.reset(seed=seed)
    return made


def game(env: CourierEnv) -> Any:
    """The hidden state, for the tests alone."""
    return env._game


def wander(env: CourierEnv, moves: list[int]) -> list[Any]:
    """Play by numbers: mostly listed commands, some of them nonsense. All that was seen."""
    seen: list[Any] = []
    for move in moves:
        commands = listed(env)
        action = HOSTILE[move % len(HOSTILE)] if move % 7 == 0 else commands[move % len(commands)]
        seen.append(env.step(action))
    return seen


def listed(env: CourierEnv) -> list[str]:
    commands: list[str] = game(env).commands()
    return sorted(commands)


MOVES = st.lists(st.integers(0, 10**6), max_size=60)


@pytest.mark.parametrize("level", LEVELS)
def test_it_never_ends_and_the_oracle_earns_all_along(level: int) -> None:
    env = town(level)
    commands = env.walkthrough()
    assert commands is not None
    assert len(commands) == 10_000
    earned, total = [], 0.0
    for number, command in enumerate(commands[:2500], start=1):
        observation, reward, terminated, truncated, info = env.step(command)
        total += reward
        assert (terminated, truncated, info["won"], info["lost"]) == (False, False, False, False)
        assert (info["score"], info["moves"], info["max_score"]) == (total, number, None)
        assert info["feedback"] == observation
        if number % 500 == 0:
            earned.append(total)
    rates = [(b - a) / 5 for a, b in zip([0.0, *earned], earned, strict=False)]
    assert min(rates) > 10, "coins a hundred steps, in each five hundred"


def test_a_length_ends_it() -> None:
    env = town(1, length=20)
    commands = env.walkthrough()
    assert commands is not None
    assert len(commands) == 20
    for command in commands[:-1]:
        assert env.step(command)[2:4] == (False, False)
    observation, _, terminated, truncated, info = env.step(commands[-1])
    assert (terminated, truncated) == (True, False)
    assert info["admissible_commands"] == []
    assert observation.endswith("Your contract ends here. Well walked.")
    with pytest.raises(EnvFailed, match="has ended: reset it before the next step"):
        env.step("look")


@settings(deadline=None, max_examples=25)
@given(
    level=st.sampled_from(list(LEVELS)),
    seed=st.integers(0, 2**32 - 1),
    before=MOVES,
    after=MOVES,
)
def test_a_restored_game_goes_on_as_if_nothing_had_happened(
    level: int, seed: int, before: list[int], after: list[int]
) -> None:
    env, other = town(level, seed), town(level, seed + 1 if seed < 2**32 - 1 else 0)
    told = [env.reset(seed=seed)]
    for _ in range(len(before)):  # so that there is something to be kept
        env.step(Oracle(game(env)).choose())
    wander(env, before)
    last = (game(env).state.said, game(env).state.coins)
    kept = env.snapshot()
    assert kept is not None
    observation, info = other.restore(kept)
    assert (observation, info["score"]) == last
    assert other.snapshot() == kept
    assert wander(other, after) == wander(env, after)
    assert other.snapshot() == env.snapshot()
    assert other.reset() == told[0], "and it knows its seed"


def test_what_is_no_snapshot_of_it_is_refused() -> None:
    env = town(2)
    kept = env.snapshot()
    assert kept is not None
    broken = json.loads(kept)
    broken["state"]["format"] += 1
    with pytest.raises(EnvFailed, match="is of another version: play it again"):
        env.restore(json.dumps(broken).encode())
    broken["state"] = {"format": 1, "people": 3}
    for bad in (b"", b"\xff", kept[:-9], json.dumps(broken).encode()):
        with pytest.raises(EnvFailed, match=r"courier/town\?length=0&level=2"):
            env.restore(bad)
    with pytest.raises(EnvFailed, match="is a snapshot of courier/town"):
        town(3).restore(kept)
    assert env.reset(seed=SEED)[0].startswith("You are the new courier of ")


def test_another_process_sees_the_same_game() -> None:
    code = (
        "import json, random, sys, envs\n"
        "random.seed(5)\n"
        "env = envs.make(sys.argv[1])\n"
        "print(json.dumps(env.reset(seed=int(sys.argv[2]))))\n"
        "for command in env.walkthrough()[:400]:\n"
        "    print(json.dumps(env.step(command)))\n"
        "print(env.snapshot().decode())\n"
    )
    spec = "courier/town?level=5"
    there = subprocess.run(
        [sys.executable, "-c", code, spec, str(SEED)],
        env={**os.environ, "PYTHONHASHSEED": "77"},
        capture_output=True,
        check=True,
        timeout=100,
        text=True,
    )
    env = envs.make(spec)
    here = [json.dumps(env.reset(seed=SEED))]
    here += [json.dumps(env.step(command)) for command in (env.walkthrough() or [])[:400]]
    here.append((env.snapshot() or b"").decode())
    for mine, theirs in zip(here, there.stdout.splitlines(), strict=True):
        assert mine == theirs
    assert there.stderr == ""


@pytest.mark.parametrize("level", [1, 5])
def test_hostile_actions_are_answered_and_change_nothing(level: int) -> None:
    env = town(level)
    oracle = Oracle(game(env))
    for _ in range(151):
        env.step(oracle.choose())
    before = json.loads(env.snapshot() or b"")["state"]
    for action in HOSTILE:
        observation, reward, terminated, truncated, _ = env.step(action)
        assert observation
        assert all(c == "\n" or c.isprintable() for c in observation)
        assert (reward, terminated, truncated) == (0.0, False, False)
    after = json.loads(env.snapshot() or b"")["state"]
    for changing in ("said", "step"):
        assert before.pop(changing) != after.pop(changing)
    looks = after.pop("moves") - before.pop("moves")  # "look look look ..." is none of them
    assert looks == 0
    assert after == before


def test_an_invalid_command_is_told_what_is_wrong() -> None:
    env = town(3)
    for action, answer in INVALID.items():
        assert env.step(action)[0].startswith(answer)
    ways = game(env).town.exits[HUB]
    missing = next(direction for direction in COMPASS if direction not in ways)
    assert env.step(f"go {missing}")[0].startswith(f"No way leads {missing} from here. Exits: ")
    assert env.step("take parcel")[0].startswith("You take the next parcel. It is a")
    assert env.step("take parcel")[0] == "You carry a parcel already: one at a time."
    env.step(f"go {next(iter(ways))}")
    here = game(env).town.people[game(env).here()[0]]
    assert env.step(f"give lantern to {here}")[0].startswith("That is nothing a courier can do.")


def test_a_wrong_delivery_goes_back_with_the_same_label() -> None:
    env = town(3)
    label = env.step("take parcel")[0].partition("It is")[2]
    parcel = game(env).state.parcel
    for _ in range(200):
        others = [n for n in game(env).here() if n != parcel.person]
        if others:
            break
        env.step(random.Random(game(env).state.step).choice(listed(env)))
    name = game(env).town.people[others[0]]
    assert env.step(f"give parcel to {name}")[0] == (
        f'"That is not for me," says {name}, and sends it back to the Post House.'
    )
    assert env.step("inventory")[0].startswith("You carry nothing: your parcel waits at the Post H")
    oracle = Oracle(game(env))
    while (command := oracle.choose()) != "take parcel":
        env.step(command)
    assert env.step(command)[0] == f"You take the same parcel again. It is{label}"
    while not (command := oracle.choose()).startswith("give"):
        env.step(command)
    assert env.step(command)[1] == 2


def test_a_word_is_paid_for_once_and_only_the_right_one() -> None:
    def asked() -> CourierEnv:
        env = town(4)
        oracle = Oracle(game(env))
        while not (command := oracle.choose()).startswith("say"):
            env.step(command)
        return env

    env = asked()
    parcel = game(env).state.parcel
    word = game(env).state.people[parcel.voucher].word
    assert f"say {word}" in listed(env)
    assert {f"say {w}" for w in WORDS} < set(listed(env)), "it gives no hint"
    assert game(env).town.people[parcel.voucher] in env.step("inventory")[0]
    assert env.step(f'Say "{word}"!')[1] == 2
    assert env.step(f"say {word}")[:2] == ("Nobody is waiting for a word.", 0.0)

    env = asked()
    wrong = next(w for w in WORDS if w != word)
    assert env.step(f"say {wrong}")[:2] == (
        f'"No, that is not it," says {game(env).town.people[parcel.person]}, and turns away.',
        0.0,
    )
    assert env.step(f"say {word}")[1] == 0
    env = asked()
    env.step(next(c for c in listed(env) if c.startswith("go")))
    assert env.step(f"say {word}")[:2] == ("Nobody is waiting for a word.", 0.0)
    assert env.step("inventory")[0].startswith("You carry nothing. You have earned")


@settings(deadline=None, max_examples=20)
@given(level=st.sampled_from(list(LEVELS)), seed=st.integers(0, 10**6), moves=MOVES)
def test_every_listed_command_is_understood(level: int, seed: int, moves: list[int]) -> None:
    env = town(level, seed)
    for _ in range(len(moves)):
        env.step(Oracle(game(env)).choose())
    wander(env, moves)
    kept = env.snapshot()
    assert kept is not None
    commands = env.restore(kept)[1]["admissible_commands"]
    assert commands
    assert commands == sorted(set(commands))
    for command in commands:
        before = env.restore(kept)[1]["moves"]
        info = env.step(command)[4]
        assert info["moves"] == (before or 0) + 1


@settings(deadline=None, max_examples=20)
@given(level=st.sampled_from(list(LEVELS)), seed=st.integers(0, 10**6), moves=MOVES)
def test_there_is_no_dead_end(level: int, seed: int, moves: list[int]) -> None:
    """Whatever was done, somebody who knows the way earns coins again soon."""
    env = town(level, seed)
    wander(env, moves)
    oracle = Oracle(game(env))
    assert sum(env.step(oracle.choose())[1] for _ in range(100)) >= 4


@pytest.mark.parametrize("level", LEVELS)
def test_the_state_does_not_grow(level: int) -> None:
    env = town(level)
    oracle = Oracle(game(env))
    sizes = []
    for _ in range(3):
        for _ in range(2000):
            game(env).play(oracle.choose())
        sizes.append(len(env.snapshot() or b""))
    assert max(sizes) < 1.1 * sizes[0]


def test_people_move_to_places_that_the_courier_knows_and_not_all_to_one() -> None:
    env = town(5)
    state, person = game(env).state, game(env).state.people[0]
    home = person.home
    game(env)._move(person)
    assert person.home == home, "no other place is known"
    for place in (1, 2, 3):
        state.visited[place] = True
    most = max(game(env).town.homes.count(place) for place in range(33))
    for number, mover in enumerate(state.people):
        game(env)._move(mover)
        homes = [each.home for each in state.people]
        assert state.visited[mover.home] or mover.home == game(env).town.homes[number]
        assert max(homes.count(place) for place in homes) <= max(most, 4)


@settings(deadline=None, max_examples=60)
@given(number=st.sampled_from(list(LEVELS)), seed=st.integers(0, 2**32 - 1))
def test_a_town_is_whole(number: int, seed: int) -> None:
    level = LEVELS[number]
    made = build(seed, number, level)
    assert (len(made.places), len(made.people)) == (level.places, level.people)
    for names in (made.places, made.people, made.trades):
        assert len(set(names)) == len(names)
    for place, ways in enumerate(made.exits):
        for direction, other in ways.items():
            assert made.exits[other][OPPOSITE[direction]] == place
    reached, waiting = {HUB}, [HUB]
    while waiting:
        for other in made.exits[waiting.pop()].values():
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    assert len(reached) == level.places
    assert set(made.homes) == set(range(1, level.places)), "somebody lives at each other place"
    assert all(person != other for person, (_, other) in enumerate(made.ties))


def test_there_are_names_enough_and_none_means_two_things() -> None:
    most = LEVELS[5]
    assert len(PLACES) >= most.places - 1
    assert min(len(NAMES), len(TRADES)) >= most.people
    words = [*(name.lower() for name in NAMES), *TRADES, *WORDS]
    assert len(set(words)) == len(words)
    assert list(WORDS) == sorted(WORDS)
    # Levels are in order of difficulty.
    assert [level.places for level in LEVELS.values()] == sorted(
        each.places for each in LEVELS.values()
    )


@pytest.mark.parametrize(
    ("action", "command"),
    [
        ("go north", Command("go", "north")),
        ("N", Command("go", "north")),
        ("Walk west.", Command("go", "west")),
        ("> go east", Command("go", "east")),
        ("go south. take parcel", Command("go", "south")),
        ("go south then take the parcel", Command("go", "south")),
        ("look around", Command("look")),
        ("l", Command("look")),
        ("i", Command("inventory")),
        ("please take the parcel", Command("take", "parcel")),
        ("Give the parcel to Ada!", Command("give", "parcel", "ada")),
        ("deliver copper lamp to ada", Command("give", "copper lamp", "ada")),
        ("ask Ada", Command("talk", whom="ada")),
        ("talk to ada", Command("talk", whom="ada")),
        ('say "Heron"', Command("say", "heron")),
        ("help", Command("help")),
        ("go", None),
        ("north by northwest", None),
        ("give parcel", None),
        ("give to ada", None),
        ("", None),
    ],
)
def test_what_a_line_asks_for(action: str, command: Command | None) -> None:
    assert parse(action) == command


@settings(deadline=None, max_examples=200)
@given(st.text())
def test_any_text_is_read(action: str) -> None:
    parse(action)


def test_the_first_text_tells_the_task_and_observations_are_short() -> None:
    env = envs.make("courier/town?level=5")
    observation, info = env.reset(seed=SEED)
    assert observation.startswith("You are the new courier of ")
    assert "Post House" in observation
    assert "take parcel" in (info["admissible_commands"] or [])
    said = {observation} | {env.step(c)[0] for c in (env.walkthrough() or [])[:2000]}
    assert max(map(len, said)) < 420
    assert len(said) > 900, "it is not the same words all the time"


def test_specs() -> None:
    assert envs.make("courier/town").describe().goal.startswith("You are a courier.")
    assert envs.make("courier/town?level=03").spec == "courier/town?level=3"
    assert TownOptions().level == 3
    with pytest.raises(SpecError, match=r"option level='6' is not allowed: it must be .* 1 to 5"):
        envs.make("courier/town?level=6")
    with pytest.raises(SpecError, match=r"length='-1' is not allowed: .* 0 or more"):
        envs.make("courier/town?length=-1")
    with pytest.raises(SpecError, match="has no option 'lenght'; did you mean 'length'"):
        envs.make("courier/town?lenght=1")
    with pytest.raises(UnknownEnvironment, match="did you mean 'courier/town'"):
        envs.make("courier/twon")


def test_it_is_quick_and_says_so() -> None:
    """Speed itself is `steno bench env`'s to tell; here only that it needs no process of its own."""
    assert not CourierEnv.blocks
    source = Path(sys.modules["envs.courier.game"].__file__ or "").parent
    for file in source.glob("*.py"):
        assert "import numpy" not in file.read_text()
