"""Arms, families and grid files: what a name means, and what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import tomli_w
import typer

import envs
from agent.config import OF_ONE_GAME, load_config
from agent.errors import ConfigError
from agent.evaluate.arms import ARMS, DEFAULT_ARMS, check_arms, parse_arm
from agent.evaluate.commands import app
from agent.evaluate.families import DEFAULT_FAMILIES, FAMILIES, check_seeds, games
from agent.evaluate.grid import read_grid
from agent.evaluate.settings import base_settings, config_of
from agent.report.arms import SHORT


@pytest.mark.parametrize("name", ARMS)
def test_every_arm_changes_what_it_says(name: str, tmp_path: Path) -> None:
    arm, [game] = parse_arm(name), games("cooking", 1, 10_000)
    config, plain = config_of({}, arm, game, tmp_path), load_config(None, env=game.spec)
    said = {
        "burst": config.think.mode == "burst",
        "slow": config.think.mode == "slow",
        "verified": config.think.mode == "verified",
        "none": config.think.mode == "off",
        "no-notes": not config.notes.enabled,
        "swapped-notes": arm.notes_from == "burst",
        "constrained": config.act.constrain,
        "random": config.agent == "random",
        "walkthrough": config.agent == "walkthrough",
    }
    assert said[name]
    assert config.window == plain.window, "the same window, whatever else differs"
    assert (config.env, config.seed, config.episodes) == (game.spec, 10_000, 1)
    assert config.out == tmp_path / name / "cooking" / "10000"


def test_variants() -> None:
    assert parse_arm("burst:k=4,confidence=0").settings == {
        "think": {"mode": "burst", "k": "4", "confidence": "0"}
    }
    assert parse_arm("slow:act.constrain=true").settings == {
        "think": {"mode": "slow"},
        "act": {"constrain": "true"},
    }
    assert parse_arm("swapped-notes:notes_from=slow").notes_from == "slow"
    assert parse_arm("burst:k=4,confidence=0").folder == "burst_k=4_confidence=0"
    assert ARMS["burst"] == {"think": {"mode": "burst"}}, "a variant leaves the arm as it was"


@pytest.mark.parametrize(("short", "key"), SHORT.items())
def test_the_short_names_that_reports_write_are_read(short: str, key: str) -> None:
    assert parse_arm(f"burst:{short}=1") == replace(
        parse_arm(f"burst:{key}=1"), name=f"burst:{short}=1"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("brust", r"no arm 'brust'; did you mean 'burst'\? There are: burst, slow, verified, "),
        ("xyzzy", r"no arm 'xyzzy'\. There are: burst, slow, verified, "),
        ("burst:k", "arm 'burst:k': 'k' is no setting"),
        ("burst:depth=3", "'depth=3' is no setting; write k/confidence"),
        ("burst:", "'' is no setting"),
        ("burst:k=4,k=5", "arm 'burst:k=4,k=5' sets think.k twice"),
        ("burst:k=4,confidence=0,think.k=4", "sets think.k twice: give it one value"),
    ],
)
def test_a_wrong_arm(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_arm(name)


def test_a_wrong_value_names_its_arm(tmp_path: Path) -> None:
    [game] = games("cooking", 1, 10_000)
    with pytest.raises(
        ConfigError, match=r"arm 'burst:k=0': think.k '0': .* greater than or equal"
    ):
        config_of({}, parse_arm("burst:k=0"), game, tmp_path)


def test_what_is_played_where_nothing_is_named_is_told() -> None:
    command = typer.main.get_command(app)
    told = {str(each.name): str(getattr(each, "help", "")) for each in command.params}
    document = (Path(__file__).parents[3] / "docs" / "evaluation.md").read_text()
    for option, known, default in (
        ("arm", ARMS, DEFAULT_ARMS),
        ("family", FAMILIES, DEFAULT_FAMILIES),
    ):
        assert told[option].startswith(f"{', '.join(known)}, ")
        assert f"default: those of --grid, else {', '.join(default)}." in told[option]
        assert ", ".join(f"`{name}`" for name in default) in " ".join(document.split())
    [each] = [int(str(option.default)) for option in command.params if option.name == "count"]
    in_all = len(DEFAULT_ARMS) * len(DEFAULT_FAMILIES) * each
    assert f"{each} games each: {in_all:,} games" in document


def test_arms_that_cannot_stand_together() -> None:
    with pytest.raises(ConfigError, match="are one"):
        check_arms((parse_arm("burst"), parse_arm("burst")))
    with pytest.raises(ConfigError, match="shown the notes of 'burst'"):
        check_arms((parse_arm("slow"), parse_arm("swapped-notes")))
    check_arms((parse_arm("burst"), parse_arm("swapped-notes")))


def test_weights_do_not_matter_to_a_player_without_any(tmp_path: Path) -> None:
    [game] = games("cooking", 1, 10_000)
    base = base_settings(None, {"model": {"policy": "somewhere"}})
    assert config_of(base, parse_arm("random"), game, tmp_path).model.policy != "somewhere"
    assert config_of(base, parse_arm("slow"), game, tmp_path).model.policy == "somewhere"


def test_what_the_grid_sets_is_not_set_by_others() -> None:
    with pytest.raises(ConfigError, match="out, seed: the command sets this itself"):
        base_settings(None, {"seed": 3, "out": "x"})


def test_game_i_has_the_ith_spec_and_seed() -> None:
    cycle = FAMILIES["coin-collector"]
    assert sorted(int(spec.rpartition("=")[2]) for spec in cycle) == list(range(110, 151, 5))
    many = games("coin-collector", 20, 10_000)
    assert [(g.index, g.seed, g.spec) for g in many] == [
        (i, 10_000 + i, cycle[i % 9]) for i in range(20)
    ]
    assert many[:5] == games("coin-collector", 5, 10_000), "more games change no earlier one"


@pytest.mark.parametrize(
    ("name", "hint"),
    [("treasure-huntr", "; did you mean 'treasure-hunter'?"), ("chess", ".")],
)
def test_a_wrong_family(name: str, hint: str) -> None:
    with pytest.raises(ConfigError) as told:
        games(name, 1, 10_000)
    there = ", ".join(FAMILIES)
    assert str(told.value) == f"no family {name!r}{hint} There are: {there}"


def test_the_families_are_those_that_are_promised() -> None:
    options = {
        family: [envs.Spec.parse(spec).options for spec in specs]
        for family, specs in FAMILIES.items()
    }
    assert sorted(int(o["level"]) for o in options["treasure-hunter"]) == list(range(1, 21))
    for family, rooms in (("cooking", {"1", "6", "9"}), ("cooking-long", {"6", "9", "12"})):
        pairs = {(o["recipe"], o["go"]) for o in options[family]}
        assert pairs == {(recipe, go) for recipe in "123" for go in rooms}
    assert str(envs.Spec.parse(FAMILIES["cooking-hardest"][0])) == str(
        envs.Spec.parse(
            "textworld/cooking?recipe=3&take=2&go=12&open=1&cook=1&cut=1&drop=1&split=valid"
        )
    )
    for family in ("cooking", "cooking-long", "cooking-hardest"):
        assert {o["split"] for o in options[family]} == {"valid"}
    for specs in FAMILIES.values():
        for spec in specs:
            envs.make(spec).close()


def test_seeds() -> None:
    assert list(check_seeds(10_000, 10_000, training=False, test=False)) == []
    with pytest.raises(
        ConfigError, match="seeds 9999 to 10000: those under 10000 are for training"
    ):
        list(check_seeds(9_999, 2, training=False, test=True))
    assert list(check_seeds(0, 5, training=True, test=False)) == []
    with pytest.raises(
        ConfigError,
        match="seeds 19999 to 20000: those from 20000 on are for scores .* or --test-seeds",
    ):
        list(check_seeds(19_999, 2, training=True, test=False))
    [warning] = check_seeds(19_999, 2, training=False, test=True)
    assert warning.startswith("warning: seeds from 20000 on are for scores that are quoted")


def test_a_grid_file(tmp_path: Path) -> None:
    file = tmp_path / "grid.toml"
    file.write_text(
        '[arms.short]\nthink = { mode = "burst", max_tokens = 16 }\n'
        '[arms.misled]\nnotes_from = "short"\n'
        '[families]\nsmall = ["textworld/treasure-hunter?level=1"]\n'
    )
    read = read_grid(file)
    assert read.families == {"small": ("textworld/treasure-hunter?level=1",)}
    short = parse_arm("short:k=2", read.arms)
    assert short.settings == {"think": {"mode": "burst", "max_tokens": 16, "k": "2"}}
    assert parse_arm("misled", read.arms).notes_from == "short"


def test_an_arm_of_a_grid_file_says_who_plays_and_no_more_of_what_the_grid_sets(
    tmp_path: Path,
) -> None:
    file = tmp_path / "grid.toml"
    file.write_text('[arms.a]\nagent = "random"')
    assert read_grid(file).arms == {"a": {"agent": "random"}}
    for key, value in {"env": "a/b", "seed": 3, "out": "here", **OF_ONE_GAME}.items():
        if key != "agent":
            file.write_text(tomli_w.dumps({"arms": {"a": {key: value or ""}}}))
            with pytest.raises(ConfigError, match=f"'a' sets {key}, which the grid itself sets"):
                read_grid(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[arms.a]\nthink = { speed = 3 }", "arm 'a': think.speed: no such setting"),
        ("[arms.a]\nthink = { k = 0 }", "arm 'a': think.k 0: .*greater than or equal to 1"),
        ("[arms.a]\nseed = 3", "arm 'a' sets seed, which the grid itself sets"),
        ("[arms.burst]\n", "the arm 'burst' is built in"),
        ('[arms."a/b"]\n', "the arm 'a/b' gives its name to a directory"),
        ("[families]\ncooking = ['x/y']", "the family 'cooking' is built in"),
        ("[families]\nmine = []", "families.mine"),
        ("[families]\nmine = 3", "families.mine 3"),
        ("[games]\n", "games: no such setting"),
        ("[", "is not TOML"),
    ],
)
def test_a_wrong_grid_file(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "grid.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message) as told:
        read_grid(file)
    assert "grid.toml" in str(told.value)
