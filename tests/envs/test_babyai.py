"""babyai/*: levels in words, the bot as oracle, and where it fails."""

from __future__ import annotations

import gymnasium
import pytest

import envs
from envs.babyai.actions import parse, sensible
from envs.babyai.levels import LEVELS, WITHOUT_ORACLE
from envs.babyai.sight import place, seen, thing
from envs.errors import UnknownEnvironment

minigrid = pytest.importorskip("minigrid")

EMPTY, WALL, UNSEEN = (1, 0, 0), (2, 5, 0), (0, 0, 0)


def view(**cells: tuple[int, int, int]) -> list[list[tuple[int, int, int]]]:
    """Seven by seven empty cells, but for those at 'a<steps ahead>_r<steps to the right>'."""
    image = [[EMPTY] * 7 for _ in range(7)]
    for name, cell in cells.items():
        ahead, right = name[1:].split("_r")
        image[3 + int(right.replace("m", "-"))][6 - int(ahead)] = cell
    return image


def test_the_levels_are_the_librarys_with_their_versions() -> None:
    names = {name for name in gymnasium.registry if name.startswith("BabyAI-")}
    assert names == {f"BabyAI-{level}" for level in LEVELS}
    assert "GoToObjS6-v1" in LEVELS
    assert set(LEVELS) > WITHOUT_ORACLE
    assert list(LEVELS) == sorted(LEVELS)
    with pytest.raises(UnknownEnvironment, match="did you mean 'babyai/GoToObjS6-v1'"):
        envs.make("babyai/GoToObjS6-v0")


@pytest.mark.parametrize(
    ("ahead", "right", "words"),
    [
        (1, 0, "right in front of you"),
        (3, 0, "3 steps ahead"),
        (0, -1, "1 step to the left"),
        (0, 2, "2 steps to the right"),
        (1, -2, "1 step ahead and 2 to the left"),
        (4, 1, "4 steps ahead and 1 to the right"),
    ],
)
def test_places_in_words(ahead: int, right: int, words: str) -> None:
    assert place(ahead, right) == words


def test_what_is_seen_in_words() -> None:
    image = view(
        a2_r0=(4, 2, 2),  # a locked blue door
        a1_rm1=(5, 4, 0),  # a yellow key
        a6_r3=(6, 0, 0),  # a red ball
        a4_r0=WALL,
        a0_rm2=WALL,
        a0_r1=UNSEEN,
    )
    assert seen(image) == (
        "You see a yellow key 1 step ahead and 1 to the left; a locked blue door 2 steps ahead; "
        "a red ball 6 steps ahead and 3 to the right.\n"
        "Walls: 4 steps ahead, 2 steps to the left."
    )
    assert seen(view(a0_r0=(5, 4, 0))) == "You see nothing but the floor."  # what is carried
    assert thing("door", "red", "open") == "an open red door"


@pytest.mark.parametrize(
    ("front", "state", "carrying", "commands"),
    [
        ("", "", False, ["go forward"]),
        ("", "", True, ["drop", "go forward"]),
        ("wall", "", False, []),
        ("key", "", False, ["pick up"]),
        ("key", "", True, []),
        ("box", "", False, ["open", "pick up"]),
        ("door", "open", False, ["close", "go forward"]),
        ("door", "closed", False, ["open"]),
        ("door", "locked", True, ["open"]),
    ],
)
def test_what_makes_sense(front: str, state: str, carrying: bool, commands: list[str]) -> None:
    listed = sensible(front, state=state, carrying=carrying)
    assert sorted(listed) == sorted([*commands, "turn left", "turn right"])
    assert all(parse(command) is not None for command in listed)


def test_actions_as_a_person_says_them() -> None:
    said = {
        "Turn  LEFT.": "left",
        "forward": "forward",
        "pick up the red ball": "pickup",
        "take the key": "pickup",
        "put down": "drop",
        "unlock the door": "toggle",
    }
    assert {action: parse(action) for action in said} == said
    assert parse("dance") is None
    assert parse("open") == parse("close") == "toggle"


@pytest.mark.parametrize("level", ["GoToObjS6-v1", "UnlockPickup-v0", "SynthS5R2-v0", "Open-v0"])
def test_the_bot_solves_it_in_words(level: str) -> None:
    env = envs.make(f"babyai/{level}")
    for seed in (10_000, 10_001, 10_002):
        first, info = env.reset(seed=seed)
        assert first.startswith("Your mission: ")
        commands = env.walkthrough()
        assert commands
        for command in commands:
            # It closes with 'open' now and then: both are the same key.
            assert command in (info["admissible_commands"] or []) or command in ("open", "drop")
            _, reward, terminated, _, info = env.step(command)
        assert (reward, terminated, info["won"], info["score"]) == (1.0, True, True, 1.0)
        assert info["moves"] == len(commands)


@pytest.mark.parametrize("level", sorted(WITHOUT_ORACLE))
def test_where_the_bot_fails_there_is_no_walkthrough(level: str) -> None:
    env = envs.make(f"babyai/{level}")
    found = []
    for seed in range(10_000, 10_008):
        env.reset(seed=seed)
        found.append(env.walkthrough() is not None)
    assert not all(found)
    assert f"babyai/{level}" in [name for name, said in envs.available() if "bot fails" in said]


def test_what_is_said_to_each_action() -> None:
    env = envs.make("babyai/UnlockPickup-v0")
    env.reset(seed=10_000)
    said = [env.step(command)[0].splitlines()[0] for command in env.walkthrough() or []]
    for line in (
        "You turn right.",
        "You go forward.",
        "You pick up a purple key.",
        "You unlock the door and open it.",
        "You put down a purple key.",
    ):
        assert line in said
    assert said[-1].startswith("You pick up a purple box. The mission is fulfilled!")


def test_what_cannot_be_done_is_told_and_what_is_no_command_takes_no_time() -> None:
    env = envs.make("babyai/UnlockPickup-v0")
    env.reset(seed=10_000)
    told = {}
    for action in ("pick up", "drop", "open", "dance"):
        observation, *_, info = env.step(action)
        told[action] = observation.splitlines()[0]
    assert told["pick up"] == "There is nothing to pick up here."
    assert told["drop"] == "You carry nothing."
    assert told["open"] == "There is nothing to open here."
    assert told["dance"].startswith("That is no command. Commands: 'turn left'")
    assert info["moves"] == 3
    while "go forward" in (info["admissible_commands"] or []):
        observation, *_, info = env.step("go forward")
    assert env.step("go forward")[0].startswith("You cannot go on: a wall is in the way.")


def test_a_game_is_cut_off_at_the_levels_own_limit() -> None:
    env = envs.make("babyai/GoToObjS4-v0")
    env.reset(seed=10_000)
    for _ in range(10_000):
        *_, terminated, truncated, info = env.step("turn left")
        if terminated or truncated:
            break
    assert (terminated, truncated, info["won"], info["lost"]) == (False, True, False, False)


def test_nothing_is_printed_while_levels_are_drawn(capfd: pytest.CaptureFixture[str]) -> None:
    env = envs.make("babyai/BossLevel-v0")  # throws several layouts away for nearly every seed
    for seed in range(10_000, 10_006):
        env.reset(seed=seed)
    assert capfd.readouterr() == ("", "")
