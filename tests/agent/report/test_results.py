"""`steno results` of runs that were played by the scripted model, as a person asks for it."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from agent.cli import app
from agent.config import RunConfig
from agent.errors import ConfigError, RunDirectoryError, StorageFailed
from agent.lm.scripted import ScriptedModel
from agent.report.figures import Figures
from agent.report.results import Wanted, tell
from agent.report.results import results as tell_results
from agent.report.rows import EpisodeRow
from agent.results import read_results, summarise
from agent.runner import run
from tests.agent.evaluate.halls import make_env, wanted
from tests.agent.evaluate.halls import play as play_grid

FIRST = 10_000


def record(out: Path, spec: str, episodes: int = 3, **settings: Any) -> None:
    """A run of a hall; `length=0` does not build, `fails=n` raises at step n."""
    values: dict[str, Any] = {"env": f"test/{spec}", "episodes": episodes, "seed": FIRST}
    config = RunConfig(**values, out=out, max_steps=8, jobs=2, **settings)
    run(config, model=ScriptedModel(), make_env=make_env)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs by burst thinking (one that wins, one whose games fail), slow thinking and no thinking."""
    folder = tmp_path_factory.mktemp("runs")
    record(folder / "burst", "hall?length=6")
    record(folder / "broken", "hall?length=6&fails=3", episodes=2)
    record(folder / "slow", "hall?length=6", episodes=2, think={"mode": "slow"})
    record(folder / "cut-short", "hall?length=20", episodes=1, agent="random")
    return folder


def asked(runs: Path, *names: str, **more: Any) -> Wanted:
    return Wanted(runs=tuple(runs / name for name in names), **more)


def cells(runs: Path, *names: str) -> dict[str, Figures]:
    return {row.arm: row for row in tell(asked(runs, *names)).cells}


def steno(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, ["results", *map(str, arguments)])


def test_the_figures_are_those_of_the_rows(runs: Path) -> None:
    told = cells(runs, "burst", "broken", "slow", "cut-short")
    assert list(told) == ["burst", "slow", "random"]
    both = [*read_results(runs / "burst"), *read_results(runs / "broken")]
    assert told["burst"].model_dump(exclude={"arm", "family"}) == summarise(both).model_dump()
    burst, slow = told["burst"], told["slow"]
    assert (burst.family, burst.attempted, burst.scored, burst.errored) == ("test/hall", 5, 3, 2)
    assert (burst.won, burst.win_rate) == (3, 3 / 5), "an errored episode is not won"
    assert burst.mean_score == pytest.approx((3 * 1 + 2 * 2 / 6) / 5), "and keeps its points"
    assert burst.steps == pytest.approx((3 * 6 + 2 * 2) / 5)
    assert (burst.thought_tokens or 0) > 0 < (burst.acted_tokens or 0)
    assert (burst.prefill_tokens or 0) > (burst.passes or 0) > 0
    assert (burst.think_tpf or 0) > 4 > 1 == slow.tpf == slow.think_tpf
    assert told["random"].passes is told["random"].tpf is None
    assert told["random"].unlisted == 0.0, "the random player says what is listed"
    assert (slow.unlisted or 0) >= 0


def test_the_table_tells_what_a_reader_must_know(runs: Path) -> None:
    done = steno(*(runs / name for name in ("burst", "broken", "slow", "cut-short")))
    assert done.exit_code == 0, done.output
    told = done.stdout
    assert "test/hall\nburst" in told.replace(" ", "")
    assert "an errored episode is not won, and has the points that it had by then" in told
    assert "errored: EnvFailed: the corridor fell in" in told
    assert "broken episode 0 after step 2 and 1 more" in told
    line = next(line for line in told.splitlines() if line.startswith("burst "))
    assert line.split()[:4] == ["burst", "5", "3", "2"]
    assert done.stderr == "", "all of it is for a person, and on stdout"


def test_what_could_not_be_built_is_told_and_in_no_figure(runs: Path, tmp_path: Path) -> None:
    record(tmp_path / "none", "hall?length=0", episodes=2)
    told = tell(Wanted(runs=(tmp_path / "none", runs / "slow")))
    assert [(row.arm, row.attempted, row.unbuilt) for row in told.cells] == [
        ("burst", 0, 2),
        ("slow", 2, 0),
    ]
    assert any("2 games could not be built" in note for note in told.notes)


def test_runs_that_have_not_ended_are_told_as_far_as_they_are(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "burst", tmp_path / "half")
    rows = tmp_path / "half" / "results.jsonl"
    whole = rows.read_bytes()
    rows.write_bytes(whole[:-9])  # as it is while the last row is being written
    told = tell(asked(tmp_path, "half"))
    assert told.cells[0].attempted == 2
    assert any("half: 2 of 3 episodes have ended" in note for note in told.notes)
    assert rows.read_bytes() == whole[:-9], "a reader changes nothing"
    rows.unlink()
    with pytest.raises(RunDirectoryError, match="no episode of .*half' has ended yet"):
        tell(asked(tmp_path, "half"))
    beside = tell(Wanted(runs=(tmp_path / "half", runs / "slow")))
    assert [row.arm for row in beside.cells] == ["slow"]
    assert any("half: 0 of 3 episodes have ended" in note for note in beside.notes)


def test_a_folder_of_runs_is_its_runs(runs: Path) -> None:
    assert cells(runs, "") == cells(runs, "broken", "burst", "cut-short", "slow")


def test_a_grid_is_told_by_its_own_arms_and_families(tmp_path: Path) -> None:
    families = {"easy": ["5"], "mixed": ["6", "0", "9&fails=4"]}
    play_grid(wanted(tmp_path, ("burst", "none"), families, games=3))
    table = list(csv.DictReader((tmp_path / "out" / "table.csv").open()))
    told = tell(asked(tmp_path, "out"))
    assert [(row["arm"], row["family"]) for row in table] == [
        (row.arm, row.family) for row in told.cells
    ]
    done = steno(tmp_path / "out", "--format", "csv")
    for mine, grids in zip(csv.DictReader(io.StringIO(done.stdout)), table, strict=True):
        assert mine == {key: grids[key] for key in mine}, "one count for both"
    assert "2 games could not be built" in done.stderr


def test_each_format_tells_the_same(runs: Path, tmp_path: Path) -> None:
    names = [runs / name for name in ("burst", "broken", "slow")]
    told = [row.model_dump() for row in tell(Wanted(runs=tuple(names))).cells]
    found = json.loads(steno(*names, "--format", "json").stdout)
    assert json.loads(json.dumps(told)) == found["cells"]
    assert [arm["arm"] for arm in found["arms"]] == ["burst", "slow"]
    assert [each["ended"] for each in found["runs"]] == [3, 2, 2]
    out = tmp_path / "cells.parquet"
    assert steno(*names, "--out", out).exit_code == 0
    table = pq.read_table(out).to_pylist()
    assert [{**row, "burst_lengths": dict(row["burst_lengths"])} for row in table] == told
    text = steno(*names, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text.stdout)))
    assert [float(row["mean_score"]) for row in rows] == [row["mean_score"] for row in told]
    assert rows[1]["agreement"] == "", "not measured"
    assert "errored: EnvFailed" in text.stderr, "a person reads that, a program the rest"


def test_episodes_are_told_one_by_one(runs: Path, tmp_path: Path) -> None:
    names = [runs / name for name in ("burst", "broken", "cut-short")]
    out = tmp_path / "episodes.parquet"
    assert steno(*names, "--episodes", "--out", out).exit_code == 0
    rows = [EpisodeRow.model_validate(row) for row in pq.read_table(out).to_pylist()]
    expected = [(name, row) for name in names for row in read_results(name)]
    expected.sort(key=lambda each: (names.index(each[0]), each[1].episode))
    assert len(rows) == len(expected) == 6
    for told, (name, row) in zip(rows, expected, strict=True):
        assert (told.run, told.episode, told.seed) == (str(name), row.episode, row.seed)
        assert (told.outcome, told.error, told.score) == (row.outcome, row.error, row.score)
        assert told.passes == (sum(cost.passes for cost in row.costs()) if row.costs() else None)
    assert [row.arm for row in rows] == ["burst"] * 5 + ["random"]
    table = steno(*names, "--episodes").stdout
    assert sum("10000" in line.split() for line in table.splitlines()) == 3


def test_two_arms_on_the_same_games(runs: Path) -> None:
    done = steno(runs / "burst", runs / "slow", "--compare", "burst", "slow", "--format", "json")
    [found] = json.loads(done.stdout)["compared"]
    assert (found["games"], found["both_won"], found["left_out_first"]) == (2, 2, 1)
    assert found["win_difference"] == 0
    told = steno(runs / "burst", runs / "slow", "--compare", "burst", "slow").stdout
    assert "no partner" in told
    line = next(line for line in told.splitlines() if line.startswith("burst - slow"))
    assert line.split()[3:] == ["2", "2", "0", "0", "0", "1", "-", "0"]


def test_two_runs_on_the_same_games_whatever_their_arms(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "burst", tmp_path / "again")
    pair = asked(runs, "burst", paired=True)
    told = tell(Wanted(runs=(*pair.runs, tmp_path / "again"), paired=True))
    [found] = told.compared
    assert (found.first, found.second, found.games, found.both_won) == ("burst", "again", 3, 3)
    assert [row.arm for row in told.cells] == ["burst", "again"], "a row a run, of one arm"
    other = tmp_path / "burst"
    shutil.copytree(runs / "slow", other)
    [found] = tell(Wanted(runs=(runs / "burst", other), paired=True)).compared
    assert (found.first, found.second) == (str(runs / "burst"), str(other))
    csv_told = steno(runs / "burst", other, "--paired", "--format", "csv").stdout
    assert next(csv.DictReader(io.StringIO(csv_told)))["games"] == "2"
    with pytest.raises(ConfigError, match=r"--paired compares one arm with one, and .* burst, "):
        tell(Wanted(runs=(runs, other), paired=True))
    with pytest.raises(ConfigError, match="no game in common"):
        tell(asked(runs, "broken", "slow", paired=True))


def test_games_played_again_are_told(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "slow", tmp_path / "slow")
    told = tell(Wanted(runs=(runs / "slow", tmp_path / "slow")))
    assert told.cells[0].attempted == 4
    assert any("slow: 2 episodes are of games that it played" in note for note in told.notes)


def test_plots(runs: Path, tmp_path: Path) -> None:
    done = steno(runs / "burst", runs / "slow", "--plots", tmp_path / "new" / "plots")
    assert done.exit_code == 0
    files = sorted((tmp_path / "new" / "plots").iterdir())
    assert [file.name for file in files] == [
        "burst_lengths.png",
        "score_by_passes.png",
        "win_rate.png",
    ]
    assert all(file.read_bytes().startswith(b"\x89PNG\r\n") for file in files)
    assert "written: " in done.stderr


def damaged(folder: Path, what: str) -> Path:
    path = folder / "burst"
    if what == "row":
        with (path / "results.jsonl").open("a") as file:
            file.write('{"episode": "x"}\n')
    elif what == "bytes":
        (path / "results.jsonl").write_bytes(b"\xff\xfe\n")
    elif what == "twice":
        rows = (path / "results.jsonl").read_text().splitlines()
        (path / "results.jsonl").write_text("\n".join([*rows, rows[0]]) + "\n")
    elif what == "config":
        (path / "config.toml").write_text("env = \n")
    elif what == "foreign":
        (path / "config.toml").write_text("title = 'a website'\n")
    elif what == "versions":
        (path / "versions.json").write_text("{}")
    elif what == "record":
        (path / "game.json").write_text('{"arm": 3}')
    elif what == "traces":
        shutil.rmtree(path / "traces")
    return path


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("row", "burst/results.jsonl: line 4 is no results row (episode 'x'"),
        ("bytes", "burst/results.jsonl: line 1 is no results row"),
        ("twice", "holds episode "),
        ("config", "is not TOML"),
        ("foreign", "lacks env or episodes"),
        ("versions", "burst/versions.json"),
        ("record", "burst/game.json is no record of a game (arm 3"),
        ("traces", "no run in "),
    ],
)
def test_a_damaged_run_is_one_line_and_never_left_out(
    runs: Path, tmp_path: Path, what: str, told: str
) -> None:
    shutil.copytree(runs / "burst", tmp_path / "burst")
    path = damaged(tmp_path, what)
    with pytest.raises(RunDirectoryError) as raised:
        tell(Wanted(runs=(runs / "slow", path)))
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 600


def test_wishes_that_cannot_be_met_are_told_before_anything_is_read(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(kind: type[Exception] = ConfigError, **more: Any) -> str:
        with pytest.raises(kind) as raised:
            tell_results(asked(runs, "burst", "slow", **more))
        return str(raised.value)

    assert "--paired and --compare" in refused(paired=True, compare=("a", "b"))
    assert "needs --out FILE" in refused(form="parquet")
    assert "there is no folder" in refused(out=tmp_path / "no" / "x.csv")
    assert "holds one table" in refused(form="csv", episodes=True, paired=True)
    assert "no arm 'fast'. There are: burst, slow" in refused(compare=("burst", "fast"))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert "pip install pyarrow" in refused(out=tmp_path / "x.parquet")
    assert "'nowhere' does not exist" in str(steno("nowhere").exception)
    twice = steno(runs / "burst", runs / "slow" / ".." / "burst").exception
    assert "is named twice" in str(twice)
    assert "use one of table, csv, json, parquet" in str(steno(runs, "--format", "xml").exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/dev/full").exists(), reason="nothing is full")
def test_a_full_disk_is_named(runs: Path) -> None:
    with pytest.raises(StorageFailed, match=r"cannot write '/dev/.*plots"):
        tell_results(asked(runs, "burst", plots=Path("/dev/null/plots")))


def test_a_terminal_of_eighty_columns_a_pipe_and_no_colour(runs: Path) -> None:
    """As a process, since colours and widths are asked of the system."""
    command = [sys.executable, "-c", "from agent.cli import main; main()", "results"]
    names = [str(runs / name) for name in ("burst", "slow", "cut-short")]
    variables = {"PYTHONPATH": str(Path(__file__).parents[3]), "COLUMNS": "80", "NO_COLOR": "1"}
    environment = {**os.environ, **variables}
    done = subprocess.run(
        [*command, *names, "--compare", "burst", "slow"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    tables = done.stdout[: done.stdout.index("burst (")]
    assert max(map(len, tables.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    missing = subprocess.run(
        [*command, "nowhere"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.startswith("steno: error: 'nowhere' does not exist")
    assert len(missing.stderr.splitlines()) == 1
