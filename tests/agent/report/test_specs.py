"""Specs that mean the same games are matched, however they are written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.config import RunConfig
from agent.errors import ConfigError
from agent.report.results import Wanted, tell
from agent.report.rows import flat
from agent.report.specs import in_one_way
from agent.runner import run
from envs import registry


@pytest.mark.parametrize(
    ("same", "other"),
    [
        (("courier/town", "courier/town?level=3", " courier/town?length=0&level=3 "), "level=2"),
        (("courier/town?level=2&length=60", "courier/town?length=60&level=2"), "level=2"),
        (
            (
                "textworld/cooking?recipe=2&open=true",
                "textworld/cooking?open=1&recipe=2&go=1&split=train",
            ),
            "recipe=2",
        ),
        (("nethack/score", "nethack/score?view=screen&role=mon"), "role=val"),
    ],
)
def test_the_same_games_are_written_in_one_way(same: tuple[str, ...], other: str) -> None:
    another = f"{same[0].partition('?')[0]}?{other}"
    found = in_one_way([*same, another])
    assert len({found[text] for text in same}) == 1
    assert found[another] not in {found[text] for text in same}


def test_what_cannot_be_asked_keeps_its_options() -> None:
    unknown = ("nosuch/game?b=1&a=2", "nosuch/game?a=2&b=1", "nosuch/game")
    found = in_one_way([*unknown, "no spec", "courier/town?level=9", "courier/town"])
    assert [found[text] for text in unknown] == [unknown[1], unknown[1], unknown[2]]
    assert found["no spec"] == "no spec"
    assert found["courier/town?level=9"] == "courier/town?level=9"


def test_an_environment_is_asked_only_where_it_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def make(spec: Any) -> Any:
        asked.append(str(spec))
        return real(spec)

    real = registry.make
    monkeypatch.setattr(registry, "make", make)
    alone = {"courier/town?level=3": "courier/town?level=3", "tools/files": "tools/files"}
    assert in_one_way(alone) == alone
    assert asked == []
    in_one_way(["courier/town?level=3", " courier/town?level=3", "courier/town"])
    assert asked == ["courier/town?level=3"]


def test_no_library_of_games_is_loaded() -> None:
    code = (
        "import sys\n"
        "from agent.report.specs import in_one_way\n"
        "names = ('textworld/cooking', 'nethack/score', 'courier/town', 'tools/files')\n"
        "options = ('go=6', 'role=val', 'level=5', 'files=5')\n"
        "in_one_way([*names, *(f'{n}?{o}' for n, o in zip(names, options))])\n"
        "heavy = {'torch', 'transformers', 'langgraph', 'textworld', 'nle', 'textual'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)


def test_runs_are_paired_whatever_their_options_order(tmp_path: Path) -> None:
    for name, env in (("named", "courier/town?level=3"), ("bare", "courier/town")):
        values: dict[str, Any] = {"env": env, "agent": "random", "episodes": 2, "seed": 10_000}
        run(RunConfig(**values, out=tmp_path / name, max_steps=5))
    sides = (tmp_path / "named", tmp_path / "bare")
    told = tell(Wanted(runs=sides, paired=True))
    [found] = told.compared
    assert (found.games, found.left_out_first, found.left_out_second) == (2, 0, 0)
    assert {flat(each, run.path).spec for run, each in told.episodes} == {
        "courier/town",
        "courier/town?level=3",
    }, "an episode's row has what the run was told"
    again = tell(Wanted(runs=sides))
    assert any("2 episodes are of games that it played" in note for note in again.notes)
    values |= {"env": "courier/town?level=1"}
    run(RunConfig(**values, out=tmp_path / "easy", max_steps=5))
    with pytest.raises(ConfigError, match="no game in common"):
        tell(Wanted(runs=(sides[0], tmp_path / "easy"), paired=True))
