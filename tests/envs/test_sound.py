"""Every registered environment keeps the contract: samples of each suite, with one other process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from envs import registry
from envs.check import Checker
from envs.textworld.families import FAMILIES
from tests.envs.conftest import SPECS

# Known before anything is built: the story of jericho's sample is compiled when it is asked for.
SUITES = [suite for suite in registry.suites() if suite != "textworld"]


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    with Checker() as made:
        yield made


def test_every_suite_is_checked() -> None:
    assert set(SUITES) >= {"babyai", "courier", "jericho", "nethack", "reasoning", "tools"}
    assert set(SPECS) == set(FAMILIES)
    assert registry.broken() == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("suite", SUITES)
def test_a_suites_samples_are_sound(
    suite: str, checker: Checker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if registry.missing(suite) is not None:
        pytest.skip(str(registry.missing(suite)))
    samples = registry.samples(suite)
    assert samples
    for spec in samples:
        report = checker.check(spec)
        assert report.sound, str(report)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("family", FAMILIES)
def test_textworlds_families_are_sound(
    family: str,
    specs: dict[str, str],
    checker: Checker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    report = checker.check(specs[family])
    assert report.sound, str(report)
    tried = {finding.rule for finding in report.findings if finding.verdict == "kept"}
    assert "the walkthrough wins all points" in tried
