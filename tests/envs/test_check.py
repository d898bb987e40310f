"""The checker: a sound game passes, and each flaw breaks the rule that is about it."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from envs.check import RULES, Checker, assert_sound
from envs.check.report import Report
from envs.errors import UnknownEnvironment
from tests.envs import flawed


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(make=flawed.make, seed=7)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # one of the flaws is to leave files


def broken(report: Report) -> dict[str, str]:
    return {finding.rule: finding.seen for finding in report.broken}


@pytest.mark.parametrize("name", ["sound", "picklable"])
def test_a_sound_game_keeps_every_rule(name: str, checker: Checker) -> None:
    report = checker.check(f"flawed/{name}")
    assert report.sound, str(report)
    assert [finding.rule for finding in report.findings] == list(RULES)
    assert {finding.verdict for finding in report.findings} == {"kept"}


FLAWS = {
    "nameless": ("spec is canonical, unknown options are refused", "set it to str(canonical_spec"),
    "mute": ("describes itself", "its how_to_act is ' '"),
    "early": ("nothing works before a reset, bad seeds are refused", "before the first reset was"),
    "anyseed": ("nothing works before a reset, bad seeds are refused", "the seed -1 was answered"),
    "colourful": (
        "answers have the contract's types",
        "the observation of step 0 is no plain text",
    ),
    "unsorted": ("answers have the contract's types", "are not sorted and without doubles"),
    "incomplete": ("answers have the contract's types", "the info of step 0 has ['score']"),
    "unsure": ("answers have the contract's types", "truncated of step 1 is None"),
    "unplain": ("answers have the contract's types", "give plain Python values"),
    "unpayable": ("answers have the contract's types", "no NaN"),
    "immeasurable": ("answers have the contract's types", "no NaN"),
    "truthy": ("answers have the contract's types", "score of step 0 is True: it must be float"),
    "fickle": ("the same seed is the same game", "made anew, it answered otherwise at the reset"),
    "local": ("also in another process", "in another process, it answered otherwise at the reset"),
    "hashing": (
        "also in another process",
        "in another process, it answered otherwise at the reset",
    ),
    "lingering": ("can be reset at any moment", "after a reset at action"),
    "restless": ("can be reset at any moment", "must start the present game again"),
    "mixing": ("two games do not mix", "beside another game, it answered otherwise after action"),
    "noisy": ("leaves its surroundings alone", "it printed 'somebody acts"),
    "drawing": ("leaves its surroundings alone", "it changed Python's random numbers"),
    "littering": ("leaves its surroundings alone", "it changed the working directory"),
    "generous": ("rewards add up to the score", "they must agree"),
    "over": ("rewards add up to the score", "the score at step 4 is 4.0, over max_score 3.0"),
    "falling": ("the score never falls", "the score fell from"),
    "astray": ("the walkthrough wins all points", "its 3 commands do not end the game"),
    "short": ("the walkthrough wins all points", "it ends with 4.0 of 5.0 points"),
    "lost": ("the walkthrough wins all points", "the game is not won"),
    "endless": ("no step after the end", "a step after the end was answered"),
    "forgetful": ("snapshots go on as the game does", "restore() must give the observation"),
    "credulous": ("snapshots go on as the game does", "bytes that are no snapshot were restored"),
    "fragile": ("hostile actions are answered", "the action 'é"),
    "silent": ("hostile actions are answered", "got no answer"),
    "unpicklable": ("pickling works or is refused", "pickling it raised TypeError"),
    "undead": ("closes", "a step after close() was answered"),
}


@pytest.mark.parametrize("name", FLAWS)
def test_each_flaw_breaks_its_rule(name: str, checker: Checker) -> None:
    rule, told = FLAWS[name]
    found = broken(checker.check(f"flawed/{name}"))
    assert rule in found, found
    assert told in found[rule]


def test_every_flaw_and_every_rule_is_tried() -> None:
    assert set(FLAWS) | {"sound", "picklable", "changed", "hanging"} == set(flawed.KINDS)
    assert {rule for rule, _ in FLAWS.values()} == set(RULES)


def test_a_maker_that_takes_any_option_is_told() -> None:
    with Checker(make=flawed.lax) as lax:
        found = broken(lax.check("flawed/sound"))
    assert list(found) == ["spec is canonical, unknown options are refused"]
    assert "an unknown option must raise SpecError" in found.popitem()[1]


def test_a_game_that_hangs_is_broken_after_the_limit_and_the_rest_not_tried() -> None:
    begun = time.monotonic()
    with Checker(make=flawed.make, limit_s=1.0) as impatient:
        report = impatient.check("flawed/hanging")
    assert time.monotonic() - begun < 30
    assert [finding.seen for finding in report.broken] == ["it hung for 1 s"]
    assert report.findings[-1].verdict == "not tried"
    assert len(report.findings) == len(RULES)


def test_a_maker_that_cannot_be_sent_is_checked_but_for_the_other_process() -> None:
    with Checker(make=lambda spec: flawed.make(spec)) as here:
        report = here.check("flawed/sound")
    assert report.sound
    assert [finding.rule for finding in report.findings if finding.verdict == "not tried"] == [
        "also in another process"
    ]


def test_the_helper_for_tests_raises_with_the_whole_report() -> None:
    assert assert_sound("flawed/sound", make=flawed.make).sound
    with pytest.raises(AssertionError) as error:
        assert_sound("flawed/noisy", make=flawed.make)
    assert str(error.value).startswith("flawed/noisy: NOT sound")
    assert "broken    leaves its surroundings alone\n            it printed" in str(error.value)
    with pytest.raises(UnknownEnvironment, match="did you mean 'textworld/cooking'"):
        assert_sound("textworld/cookin")


def test_a_report_is_plain_values(checker: Checker) -> None:
    from dataclasses import asdict

    told = json.loads(json.dumps(asdict(checker.check("flawed/noisy"))))
    assert told["spec"] == "flawed/noisy"
    assert {"rule", "verdict", "seen"} == set(told["findings"][0])


def test_checking_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    with Checker(make=flawed.make) as checker:
        checker.check("flawed/sound")
    assert threading.active_count() <= before
