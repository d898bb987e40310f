"""Rows, config and versions that cannot all be of one run: `verify` tells them, a resume refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.errors import RunDirectoryError
from agent.lm.scripted import ScriptedModel
from agent.results import read_results
from agent.runner import resume
from agent.verify import Verification, verify
from tests.agent.kill import begin, go_on, make, wayward

EPISODES = 3
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begin(tmp_path_factory.mktemp("whole") / "run", episodes=EPISODES, jobs=1).path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def verified(path: Path) -> Verification:
    return verify(path, make_env=make, model=ScriptedModel(wayward), with_model=True)


def rewrite(path: Path, change: Callable[[Rows], None]) -> None:
    rows = [json.loads(line) for line in (path / "results.jsonl").read_text().splitlines()]
    change(rows)
    (path / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def retell(path: Path, **changed: Any) -> None:
    """Change versions.json; None takes a key away."""
    file = path / "versions.json"
    told = json.loads(file.read_text()) | changed
    file.write_text(json.dumps({key: value for key, value in told.items() if value is not None}))


def reset(path: Path, old: str, new: str) -> None:
    file = path / "config.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def refused(path: Path) -> str:
    with pytest.raises(RunDirectoryError) as raised:
        go_on(path)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("change", "episode", "told"),
    [
        (lambda rows: rows.append(rows[0]), 0, "it has another before"),
        (lambda rows: rows[2].update(episode=7), 7, "the run has 3 (0 to 2)"),
        (lambda rows: rows[2].update(episode=-1), -1, "the run has 3 (0 to 2)"),
        (lambda rows: rows[1].update(seed=77), 1, "it says seed 77, and the config gives 31"),
        (lambda rows: rows[1].update(uid="other/1"), 1, "it is called 'other/1'"),
        (lambda rows: rows[1].update(uid=rows[0]["uid"]), 1, "it is called"),
    ],
)
def test_a_row_that_cannot_be_is_told_beside_the_others_and_not_resumed(
    path: Path, change: Callable[[Rows], None], episode: int, told: str
) -> None:
    rewrite(path, change)
    found = verified(path)
    assert not found.sound
    [problem] = found.problems
    assert problem.episode == episode
    assert f"a row of episode {episode} cannot be: {told}" in problem.problem
    assert sum(not each.problem for each in found.episodes) >= EPISODES - 1
    assert found.unfinished == (0 if 0 <= episode < EPISODES else 1)
    before = (path / "results.jsonl").read_bytes()
    assert told in refused(path)
    assert (path / "results.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new"),
    [("seed = 30", "seed = 31"), ("episodes = 3", "episodes = 2"), ("\nk = ", "\n# k\nk = ")],
)
def test_a_config_that_was_changed_after_the_run_began_is_told(
    path: Path, old: str, new: str
) -> None:
    reset(path, old, new)
    with pytest.raises(RunDirectoryError, match=r"config\.toml' was changed after the run began"):
        verified(path)
    assert "was changed after the run began" in refused(path)


def test_a_run_that_did_not_record_its_configs_hash_is_verified_and_judged_by_its_rows(
    path: Path,
) -> None:
    retell(path, config_sha256=None)
    assert verified(path).sound
    assert len(go_on(path).rows) == EPISODES
    reset(path, "seed = 30", "seed = 31")
    found = verified(path)
    assert len(found.problems) == EPISODES
    assert "the config gives 31" in refused(path)
    reset(path, "seed = 31", "seed = 30")
    reset(path, "episodes = 3", "episodes = 2")
    found = verified(path)
    assert [each.episode for each in found.problems] == [2]
    assert found.unfinished == 0
    assert not found.sound


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        "[]",
        "3",
        "null",
        "{",
        pytest.param("[" * 100_000, id="deep"),
        '{"run": 3, "model": null, "fingerprint": null, "numerics": null, "banks_at": null}',
    ],
)
def test_versions_that_are_none_are_told(path: Path, content: str) -> None:
    (path / "versions.json").write_text(content)
    with pytest.raises(RunDirectoryError, match=r"versions\.json"):
        verified(path)
    (path / "results.jsonl").unlink()  # so that there is something to go on with
    assert "versions.json" in refused(path)


@pytest.mark.parametrize("key", ["run", "model", "fingerprint", "numerics", "banks_at"])
def test_versions_without_what_a_run_records_are_told(path: Path, key: str) -> None:
    retell(path, **{key: None})
    with pytest.raises(RunDirectoryError, match=f"{key}: Field required"):
        verified(path)


def test_versions_of_another_run_are_told(path: Path) -> None:
    retell(path, run="another")
    found = verified(path)
    assert len(found.problems) == EPISODES
    assert "and the run 'another'" in found.problems[0].problem


def test_a_run_without_a_contradiction_is_resumed(path: Path) -> None:
    rewrite(path, lambda rows: rows.remove(rows[2]))
    done = resume(path, model=ScriptedModel(wayward), make_env=make)
    assert sorted(row.episode for row in read_results(path)) == [0, 1, 2]
    assert done.failure is None
