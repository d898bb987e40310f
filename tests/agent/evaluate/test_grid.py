"""A grid is played, told and resumed."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.errors import ConfigError, Interrupted, RunDirectoryError, StorageFailed
from agent.evaluate import duplicates
from agent.evaluate.arms import parse_arm
from agent.evaluate.cells import found_below, read_record, write_record
from agent.evaluate.commands import app
from agent.evaluate.families import games
from agent.evaluate.leftovers import notes_shown
from agent.evaluate.play import Grid
from agent.evaluate.report import from_directory
from agent.evaluate.run import Wanted, evaluate
from agent.evaluate.settings import cells_of
from agent.report.runs import RECORD
from agent.rundir import RunDirectory
from tests.agent.evaluate.halls import FIRST, load, make_env, no_model, play, wanted

# A window that is full after few turns.
SMALL = {"max_steps": 32, "window": {"budget": 640}}
EASY_AND_LONG = {"easy": ["12"], "long": ["40", "15"]}


def rows_of(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((out / "table.csv").open()))


def test_a_grid_and_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert play(wanted(tmp_path, ("burst", "none", "walkthrough"), EASY_AND_LONG)) == 0
    rows = rows_of(tmp_path / "out")
    assert [(row["arm"], row["family"]) for row in rows] == [
        (arm, family) for family in EASY_AND_LONG for arm in ("burst", "none", "walkthrough")
    ]
    burst, none, walkthrough = rows[:3]
    assert (burst["attempted"], burst["won"], burst["win_rate"], burst["mean_score"]) == (
        "2",
        "2",
        "1.0",
        "1.0",
    )
    assert float(burst["think_tpf"]) > 4 > 1 == float(none["tpf"]), "scripted bursts are whole"
    assert (none["think_tpf"] == none["thoughts"] and none["thoughts"] == "0") or none[
        "think_tpf"
    ] == ""
    assert int(burst["thoughts"]) == 24
    assert walkthrough["tpf"] == walkthrough["passes_per_step"] == ""
    long = rows[3]
    assert (long["won"], float(long["mean_score"])) == ("1", (20 / 40 + 1) / 2), (
        "one is cut off at 20"
    )
    assert capsys.readouterr().out == (tmp_path / "out" / "table.csv").read_text(), "CSV alone"


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    asked = wanted(tmp_path, ("burst",), EASY_AND_LONG)
    play(asked)
    table = (tmp_path / "out" / "table.csv").read_text()
    records = {path: read_record(path / RECORD) for path, _ in found_below(tmp_path / "out")}
    assert len(records) == 4
    assert evaluate(asked, load=no_model, make_env=make_env) == 0
    assert (tmp_path / "out" / "table.csv").read_text() == table
    # One that ended just before its record was written has its record from its run.
    lost = tmp_path / "out" / "burst" / "easy" / f"{FIRST}"
    (lost / RECORD).unlink()
    play(asked)
    assert dict(found_below(tmp_path / "out")) == records
    # One of which that much is not there is played anew, and it alone.
    (lost / RECORD).unlink()
    (lost / "versions.json").unlink()
    play(asked)
    again = dict(found_below(tmp_path / "out"))
    assert [path for path in records if again[path].row.uid != records[path].row.uid] == [lost]
    # One that was killed before it had a config has no file of anybody's.
    shutil.rmtree(lost)
    (lost / "traces").mkdir(parents=True)
    play(asked)
    assert read_record(lost / RECORD).row.outcome == "won"
    again[lost] = read_record(lost / RECORD)
    # More games add to those that there are.
    play(wanted(tmp_path, ("burst",), EASY_AND_LONG, games=3))
    more = dict(found_below(tmp_path / "out"))
    assert len(more) == 6
    assert {path: more[path] for path in again} == again


def test_another_setting_is_not_mixed_in(tmp_path: Path) -> None:
    play(wanted(tmp_path, ("burst",), {"easy": ["5"]}))
    changed = {"max_steps": 30, "think": {"k": 3}}
    told = "/10000 was played with max_steps 20, and now it is 30; with think.k 12, and now it is 3; use"
    with pytest.raises(ConfigError, match=told):
        play(wanted(tmp_path, ("burst",), {"easy": ["5"]}, settings=changed))
    strangers = tmp_path / "out" / "burst" / "easy" / f"{FIRST + 2}"
    strangers.mkdir()
    (strangers / "thesis.txt").write_text("years of work")
    with pytest.raises(RunDirectoryError, match="holds files that are no run's"):
        play(wanted(tmp_path, ("burst",), {"easy": ["5"]}, games=3))
    assert (strangers / "thesis.txt").exists()


def test_a_grid_of_adapters_named_from_the_folder_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "elsewhere").mkdir()
    by_name, by_path = (
        wanted(tmp_path, ("burst",), {"easy": ["5"]}, settings={"model": {"policy": place}})
        for place in ("mine", "../mine")
    )
    play(by_name)
    assert evaluate(by_name, load=no_model, make_env=make_env) == 0
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert evaluate(by_path, load=no_model, make_env=make_env) == 0


def test_a_burst_size_that_was_asked_for_is_not_one_that_was_left_open(tmp_path: Path) -> None:
    def asked(**think: int) -> Wanted:
        settings: dict[str, Any] = {"max_steps": 20, "think": think}
        return wanted(tmp_path, ("burst",), {"easy": ["5"]}, settings=settings)

    play(asked(k=4))
    with pytest.raises(
        ConfigError, match="/10000 was played with think.k 4, and now it is 12; use"
    ):
        play(asked())
    shutil.rmtree(tmp_path / "out")
    play(asked())
    assert play(asked(k=12)) == 0, "what the scripted model allows"


def test_a_model_is_asked_for_the_burst_size_alone(tmp_path: Path) -> None:
    def refusal(**settings: Any) -> str:
        asked = wanted(
            tmp_path, ("burst",), {"easy": ["5"]}, settings={"max_steps": 20, **settings}
        )
        with pytest.raises(ConfigError) as told:
            evaluate(asked, load=no_model, make_env=make_env)
        return str(told.value)

    play(
        wanted(tmp_path, ("burst",), {"easy": ["5"]}, settings={"max_steps": 20, "think": {"k": 4}})
    )
    # 12 is what bursts are of where neither a person nor an adapter says it.
    assert "think.k 4, and now it is 12" in refusal(think={"k": 12})
    assert "played with think.confidence 0.9, and now it is 0.5; use" in refusal(
        think={"confidence": 0.5}
    ), "not k: an adapter may say 4"
    assert "played with act.constrain false, and now it is true; with sampling" in refusal(
        act={"constrain": True}, think={"k": 4}, sampling={"drawn": "all"}
    )


def test_a_record_without_versions_is_refused(tmp_path: Path) -> None:
    asked = wanted(tmp_path, ("burst",), {"easy": ["5"]}, games=1)
    play(asked)
    (tmp_path / "out" / "burst" / "easy" / f"{FIRST}" / "versions.json").unlink()
    with pytest.raises(RunDirectoryError, match="has a record and no versions.json"):
        play(asked)


def test_a_damaged_game_does_not_hold_up_the_grid_for_good(tmp_path: Path) -> None:
    asked = wanted(tmp_path, ("burst",), {"easy": ["5"]}, games=1)
    play(asked)
    [(lost, before)] = found_below(tmp_path / "out")
    for name in (RECORD, "results.jsonl"):
        (lost / name).unlink()
    (lost / "traces" / "000000.jsonl").write_text("no trace\n")
    play(asked)
    [(_, after)] = found_below(tmp_path / "out")
    assert (after.row.outcome, after.row.steps) == (before.row.outcome, before.row.steps)
    assert after.row.uid != before.row.uid, "played anew"
    (lost / RECORD).unlink()
    (lost / "versions.json").write_text("[]")
    with pytest.raises(RunDirectoryError, match="or remove .* to have the game played anew"):
        play(asked)


def test_other_weights_are_not_mixed_in(tmp_path: Path) -> None:
    asked = wanted(tmp_path, ("burst",), {"easy": ["5"]}, games=1)
    play(asked)
    versions = tmp_path / "out" / "burst" / "easy" / f"{FIRST}" / "versions.json"
    told = json.loads(versions.read_text())
    versions.write_text(json.dumps({**told, "fingerprint": "of another"}))
    with pytest.raises(ConfigError, match="by a model with other weights"):
        play(wanted(tmp_path, ("burst",), {"easy": ["5"]}, games=2))


def test_games_that_cannot_be_played(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = wanted(
        tmp_path, ("slow", "none"), {"mixed": ["5", "0", "9&fails=4"]}, games=3, form="table"
    )
    assert play(asked) == 1
    slow = rows_of(tmp_path / "out")[0]
    counts = {key: slow[key] for key in ("attempted", "scored", "errored", "unbuilt", "won")}
    assert counts == {"attempted": "2", "scored": "1", "errored": "1", "unbuilt": "1", "won": "1"}
    assert float(slow["win_rate"]) == 0.5, "an error is not won; what does not build is neither"
    assert float(slow["mean_score"]) == pytest.approx((1 + 3 / 9) / 2)
    captured = capsys.readouterr()
    assert "2 (1 errored, 1 unbuilt)" in captured.out
    assert "mixed 10001: does not build" in captured.err
    assert "mixed 10002: error (EnvFailed" in captured.err


def test_a_stop_keeps_what_is_done(tmp_path: Path) -> None:
    arms = (parse_arm("burst"),)
    cycle = {"easy": ["test/hall?length=30"]}
    cells = cells_of({"max_steps": 30}, arms, games("easy", 6, FIRST, cycle), tmp_path)
    grid = Grid(cells, 2, load=load, make_env=make_env)
    grid.tell = lambda *_: grid.stop.set()
    with pytest.raises(Interrupted):
        asyncio.run(grid.play())
    done = found_below(tmp_path)
    assert 1 <= len(done) < 6
    assert len(grid.played) == len(done)


def test_a_game_that_was_stopped_goes_on_from_its_last_step(tmp_path: Path) -> None:
    cycle = {"easy": ["test/hall?length=150"]}

    def grid(out: Path) -> Grid:
        arms, chosen = (parse_arm("burst"),), games("easy", 2, FIRST, cycle)
        cells = cells_of({"max_steps": 150}, arms, chosen, out)
        return Grid(cells, 2, load=load, make_env=make_env)

    async def play_until_six_steps_are_made(cut: Grid) -> None:
        playing = asyncio.create_task(cut.play())
        traces = [cell.directory / "traces" / "000000.jsonl" for cell in cut.cells]
        # The files alone tell, as after a kill.
        while not all(t.exists() and t.read_text().count('"e":"step"') > 5 for t in traces):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        cut.stop.set()
        with pytest.raises(Interrupted):
            await playing

    def told(done: Grid) -> list[tuple[str, int, float | None]]:
        rows = [each.row for each in done.played.values()]
        return [(row.outcome, row.steps, row.score) for row in rows]

    whole, cut, again = grid(tmp_path / "whole"), grid(tmp_path / "cut"), grid(tmp_path / "cut")
    asyncio.run(whole.play())
    asyncio.run(play_until_six_steps_are_made(cut))
    assert not cut.played
    asyncio.run(again.play())
    assert told(again) == told(whole)
    for cell in again.cells:
        versions = RunDirectory(cell.directory).recorded_versions()
        assert versions is not None
        assert len(versions["resumed"]) == 1


def test_a_failing_disk_ends_the_grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(Exception, match="No space left on device; free space"):
        play(wanted(tmp_path, ("none",), {"easy": ["3"]}))


def test_a_record_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    play(wanted(tmp_path, ("none",), {"easy": ["3"]}, games=1))
    [(directory, played)] = found_below(tmp_path / "out")
    (directory / RECORD).unlink()
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageFailed, match="cannot write .*game.json': No space left on device"):
        write_record(directory, played)
    assert not (directory / RECORD).exists()
    monkeypatch.undo()
    write_record(directory, played)
    assert found_below(tmp_path / "out") == [(directory, played)]
    assert not list(directory.glob(f".{RECORD}*"))


def test_notes_of_another_game(tmp_path: Path) -> None:
    asked = wanted(tmp_path, ("swapped-notes",), {"long": ["32"]}, settings=SMALL, games=2)
    assert play(asked) == 0
    folder = tmp_path / "out"
    own = [notes_shown(folder / "burst" / "long" / f"{FIRST + i}") for i in range(2)]
    assert len(own[0]) > 2 < len(own[1]), "the halls are long enough for several prunes"
    assert "10000-" in str(own[0])
    assert "10001-" not in str(own[0])
    for i in range(2):
        path = folder / "swapped-notes" / "long" / f"{FIRST + i}"
        assert read_record(path / RECORD).donor == FIRST + 1 - i
        shown, given = notes_shown(path), own[1 - i]
        assert shown == [given[min(n, len(given) - 1)] for n in range(len(shown))]
        assert len(shown) > 2
    # It is resumed like any other arm, without its donors being played again.
    shutil.rmtree(folder / "swapped-notes" / "long" / f"{FIRST}")
    burst = {path: played for path, played in found_below(folder) if played.arm == "burst"}
    play(asked)
    assert burst.items() <= dict(found_below(folder)).items()


def test_a_game_without_a_donor_keeps_no_notes(tmp_path: Path) -> None:
    asked = wanted(tmp_path, ("swapped-notes",), {"long": ["32"]}, settings=SMALL, games=1)
    assert play(asked) == 0
    path = tmp_path / "out" / "swapped-notes" / "long" / f"{FIRST}"
    assert read_record(path / RECORD).donor is None
    assert notes_shown(path) == []
    assert read_record(path / RECORD).row.prunes > 2


def test_notes_off(tmp_path: Path) -> None:
    asked = wanted(tmp_path, ("no-notes", "burst"), {"long": ["32"]}, settings=SMALL)
    play(asked)
    off, on = rows_of(tmp_path / "out")
    assert int(off["evictions"]) > 2 > int(on["evictions"]) == 0
    assert off["notes_over_replaced"] == "", "nothing was replaced"
    assert 0 < float(on["notes_over_replaced"]) < 1


def test_comparing_and_the_last_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = wanted(
        tmp_path,
        ("burst", "none"),
        {"one": ["5", "40"], "two": ["7"]},
        compare=("burst", "none"),
        form="markdown",
    )
    play(asked)
    out = capsys.readouterr().out
    told = json.loads(out.splitlines()[-1])
    assert [row["family"] for row in told["compared"]] == ["one", "two", "all"]
    everything = told["compared"][-1]
    assert (everything["games"], everything["both_won"], everything["neither"]) == (4, 3, 1)
    assert everything["win_low"] < everything["win_difference"] == 0 < everything["win_high"]
    assert "| burst | one | 2 | 50.0 (9-91) |" in out
    assert "| burst - none | all | 4 | 3 | 0 | 0 | 1 |" in out


def test_the_report_needs_nothing_but_the_directory(tmp_path: Path) -> None:
    play(wanted(tmp_path, ("burst", "none"), {"one": ["5"]}, compare=("burst", "none")))
    out = tmp_path / "out"
    told = json.loads((out / "table.json").read_text())
    options = ["--no-plots", "--format", "json", "--compare", "burst", "none"]
    done = CliRunner().invoke(app, ["report", str(out), *options])
    assert json.loads(done.stdout) == told
    wrong = CliRunner().invoke(app, ["report", str(out), "--format", "xml"])
    assert str(wrong.exception) == "--format 'xml': use one of table, csv, json, markdown"
    empty = CliRunner().invoke(app, ["report", str(tmp_path / "nowhere")])
    assert isinstance(empty.exception, RunDirectoryError)


def test_a_file_in_the_place_of_the_directory_is_kept(tmp_path: Path) -> None:
    place = tmp_path / "thesis.txt"
    place.write_text("years of work")
    for out in (place, place / "grid"):
        message = f"--out '{out}' is a file, or lies below one; name another directory"
        with pytest.raises(ConfigError) as told:
            play(wanted(tmp_path, ("none",), {"easy": ["5"]}, out=out))
        assert str(told.value) == message
        assert str(CliRunner().invoke(app, ["report", str(out)]).exception) == message
    assert place.read_text() == "years of work"


def test_games_that_have_not_ended_are_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    play(wanted(tmp_path, ("burst",), {"easy": ["5"]}, games=3))
    assert "not ended" not in capsys.readouterr().err
    out = tmp_path / "out"
    assert rows_of(out)[0]["unfinished"] == "0"
    (out / "burst" / "easy" / f"{FIRST + 1}" / RECORD).unlink()
    done = CliRunner().invoke(app, ["report", str(out), "--no-plots"])
    assert "2 (1 not ended)" in done.stdout
    assert "warning: 1 games have not ended and are in no figure" in done.stderr
    assert rows_of(out)[0]["unfinished"] == "1"


def test_games_that_training_has_seen_are_left_out_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Three games of one length each: the second is one of a training game, the third of the first.
    lengths = {FIRST: "5", FIRST + 1: "7", FIRST + 2: "5", 17: "7"}
    monkeypatch.setattr(duplicates, "content_of", lambda _spec, seed: lengths[seed])
    monkeypatch.setattr(duplicates, "built_before", lambda _seeds: iter(()))
    trained = tmp_path / "demos.jsonl.games.jsonl"
    trained.write_text('{"spec": "test/hall?length=7", "seed": 17, "outcome": "won"}\n')
    cycle = {"easy": ["5", "7"]}
    play(wanted(tmp_path, ("burst",), cycle, games=3, trained_on=(trained,)))
    out = tmp_path / "out"
    assert [path.name for path, _ in found_below(out)] == [f"{FIRST}", f"{FIRST + 2}"]
    said = capsys.readouterr().err
    assert "compared 3 games with 1 training games: 1 of them identical in map and goal" in said
    assert "1 identical with an earlier one of the grid" in said
    assert "seed 10001, the same as training seed 17" in said
    told = json.loads((out / "table.json").read_text())
    assert told["duplicates"]["repeated"] == 1
    # Whoever plays or tells of the grid later leaves it out too, without comparing again.
    play(wanted(tmp_path, ("burst",), cycle, games=3))
    assert len(found_below(out)) == 2
    assert json.loads((out / "table.json").read_text()) == told
    (out / "burst" / "easy" / f"{FIRST + 2}").rename(out / "burst" / "easy" / f"{FIRST + 1}")
    record = out / "burst" / "easy" / f"{FIRST + 1}" / RECORD
    seen = {**json.loads(record.read_text()), "seed": FIRST + 1, "spec": "test/hall?length=7"}
    record.write_text(json.dumps(seen))
    done = CliRunner().invoke(app, ["report", str(out), "--no-plots", "--format", "json"])
    again = json.loads(done.stdout)
    assert (again["cells"][0]["attempted"], again["duplicates"]) == (1, told["duplicates"])
    (out / duplicates.FILE).write_text("{}")
    with pytest.raises(RunDirectoryError, match="compare again with --check-duplicates"):
        play(wanted(tmp_path, ("burst",), cycle, games=3))


def test_a_list_of_games_that_is_none(tmp_path: Path) -> None:
    for text, said in (('{"spec": "a/b"}\n', "line 1 names no game"), (None, "cannot read")):
        path = tmp_path / "games.jsonl"
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text)
        with pytest.raises(ConfigError, match=said):
            play(wanted(tmp_path, ("burst",), {"easy": ["5"]}, trained_on=(path,)))


def test_arms_that_differ_in_how_they_think_and_in_nothing_else(tmp_path: Path) -> None:
    arms = ("burst", "slow", "burst:k=4", "burst:budget=700", "no-notes", "swapped-notes", "none")
    play(wanted(tmp_path, arms, {"long": ["32"]}, settings=SMALL))
    assert from_directory(tmp_path / "out").thinking == ["burst", "burst:k=4", "slow"]


def test_a_wrong_wish_is_told_before_anything_is_played(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="those under 10000 are for training"):
        play(wanted(tmp_path, ("burst",), {"easy": ["5"]}, first_seed=9_998))
    with pytest.raises(ConfigError, match="no arm 'bursts'"):
        play(wanted(tmp_path, ("bursts",), {"easy": ["5"]}))
    with pytest.raises(ConfigError, match="no family 'hard'"):
        play(wanted(tmp_path, ("burst",), {"easy": ["5"]}, chosen=("hard",)))
    with pytest.raises(ConfigError, match="--compare: no arm 'slwo'. There are: burst, none"):
        play(wanted(tmp_path, ("burst", "none"), {"easy": ["5"]}, compare=("burst", "slwo")))
    with pytest.raises(ValueError, match="invalid literal"):  # as this test's environment says it
        play(wanted(tmp_path, ("burst",), {"easy": ["5", "far"]}))
    assert not (tmp_path / "out").exists()


def test_seeds_that_are_not_for_tuning_are_played_when_they_are_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    play(wanted(tmp_path, ("none",), {"easy": ["3"]}, first_seed=5, training_seeds=True))
    assert (tmp_path / "out" / "none" / "easy" / "00005" / RECORD).exists()
    with pytest.raises(ConfigError, match="--test-seeds"):
        play(wanted(tmp_path, ("none",), {"easy": ["3"]}, first_seed=20_000))
    assert not (tmp_path / "out" / "none" / "easy" / "20000").exists()
    play(wanted(tmp_path, ("none",), {"easy": ["3"]}, first_seed=20_000, test_seeds=True))
    assert (tmp_path / "out" / "none" / "easy" / "20000" / RECORD).exists()
    assert "warning: seeds from 20000 on" in capsys.readouterr().err


@pytest.mark.parametrize(("seed", "flag"), [("5", "--training-seeds"), ("20000", "--test-seeds")])
def test_the_command_has_a_flag_for_seeds_that_are_not_for_tuning(seed: str, flag: str) -> None:
    def error(*options: str) -> str:
        return str(
            CliRunner().invoke(app, ["--seed", seed, "--family", "none", *options]).exception
        )

    assert error().endswith(f"or {flag}")
    assert error(flag).startswith("no family 'none'")
