"""What happened, as a person asks for it: diff, history, why, tail, by bank and as at a time."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from typing import Any

import pytest
from typer.testing import CliRunner

from memory import BadValue, MemoryFile, Note, Scope, UnknownNote
from memory.commands import app
from tests.memory.cli import rows, run
from tests.memory.world import EPISODE, World, record, span


def test_diff_and_why_tell_the_whole_story(world: World, door: Note) -> None:
    run("edit", world.path, door.uid, "--body", "open")
    told = run("diff", world.path, door.uid, "-t").output
    assert "-body: locked" in told
    assert "+body: open" in told
    assert "alike" in run("diff", world.path, door.uid, 1, 1, "-t").output
    with pytest.raises(UnknownNote, match="no version 9: it has 1 to 2"):
        run("diff", world.path, door.uid, 1, 9)
    why = run("why", world.path, door.uid, "--version", 1, "-t").output
    for part in (
        "door: locked",
        "A door.",
        "I need a key",
        "ADD door: locked",
        f"{EPISODE} step 7",
    ):
        assert part in why
    [row] = rows("why", world.path, door.uid)
    assert (row["sources"], row["recalls"], row["written_in"]) == ([], [], [])


def test_a_diff_is_rows_too(world: World, door: Note) -> None:
    run("edit", world.path, door.uid, "--title", "gate", "--body", "open")
    changed = rows("diff", world.path, door.uid)
    assert [(row["field"], row["old"], row["new"]) for row in changed] == [
        ("title", "door", "gate"),
        ("body", "locked", "open"),
    ]
    assert (changed[0]["old_version"], changed[0]["new_version"]) == (1, 2)
    assert rows("diff", world.path, door.uid, 2, 2) == []
    assert run("diff", world.path, door.uid, "--csv").output.startswith("note,field,old,new")


def test_history_why_and_diff_as_at_a_time(world: World, door: Note) -> None:
    run("edit", world.path, door.uid, "--body", "open")
    then = rows("history", world.path, door.uid)[1]["at"]
    run("edit", world.path, door.uid, "--body", "ajar")
    assert [v["body"] for v in rows("history", world.path, door.uid, "--at", then)] == [
        "locked",
        "open",
    ]
    assert [v["body"] for v in rows("history", world.path, door.uid, "--limit", 1)] == ["ajar"]
    assert rows("diff", world.path, door.uid, "--at", then)[0]["new"] == "open"
    assert rows("why", world.path, door.uid, "--at", then)[0]["version"]["body"] == "open"
    [first] = rows("why", world.path, door.uid, "--at", door.updated)
    assert first["version"]["body"] == "locked"
    assert first["recalls"] == [], "it was recalled only later"
    for command in ("diff", "why"):
        with pytest.raises(UnknownNote, match="was not there yet"):
            run(command, world.path, door.uid, "--at", "2020-01-01")
    with pytest.raises(BadValue, match="contradict"):
        run("why", world.path, door.uid, "--at", then, "--version", 1)
    with pytest.raises(BadValue, match="contradict"):
        run("diff", world.path, door.uid, 1, 2, "--at", then)


def test_a_bank_narrows_every_telling(world: World, door: Note) -> None:
    """The start of a uid may be another's too: within a bank it need not be."""
    cook = world.add("c", "cook", "slowly", Scope(world.file.bank("job", "cook")))
    for command in ("history", "why", "diff"):
        assert run(command, world.path, cook.uid, "--bank", "job/cook").exit_code == 0
        with pytest.raises(UnknownNote):
            run(command, world.path, door.uid, "--bank", "job/cook")
    told = rows("tail", world.path, "--bank", "job/cook")
    assert [(event["what"], event["note"]) for event in told] == [("add", cook.uid)]
    own = rows("tail", world.path, "--bank", f"episode/{EPISODE}")
    assert [event["what"] for event in own] == ["step", "prune summarised", "add", "recall"]
    sizes = {row["kind"]: row for row in rows("stats", world.path, "--bank", "job/cook")}
    assert (sizes["notes: live"]["rows"], sizes["notes: live"]["bytes"]) == (1, len("cookslowly"))
    assert "spans: observation" not in sizes
    sizes = {row["kind"]: row for row in rows("stats", world.path, "--bank", f"episode/{EPISODE}")}
    assert sizes["spans: observation"]["rows"] == sizes["recalls"]["rows"] == 1


def test_tail_takes_the_output_flags(world: World, door: Note) -> None:
    events = rows("tail", world.path)
    assert [event["what"] for event in events] == ["step", "prune summarised", "add", "recall"]
    assert len(run("tail", world.path, "--nl").output.splitlines()) == len(events)
    table = list(csv.DictReader(io.StringIO(run("tail", world.path, "--csv").output)))
    assert [row["what"] for row in table] == [event["what"] for event in events]
    assert "door: locked" in run("tail", world.path, "-t").output
    at = events[2]["at"]
    assert rows("tail", world.path, "--at", at) == events[:3]
    assert rows("tail", world.path, "-n", 0) == []
    assert run("tail", world.path, "-n", 0, "-t").output == "nothing\n"
    with pytest.raises(BadValue, match="-f and --at"):
        run("tail", world.path, "-f", "--at", at)


@pytest.mark.parametrize("how", ["--nl", "--csv"])
def test_tail_follows_what_another_process_writes(world: World, door: Note, how: str) -> None:
    code = "from memory.commands import app; app()"
    args = ["tail", str(world.path), "-f", "-n", "1", "--every-s", "0.02", how]
    with subprocess.Popen(
        [sys.executable, "-c", code, *args], stdout=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout is not None
        if how == "--csv":
            assert following.stdout.readline().startswith("at,episode")
        assert "recall" in following.stdout.readline()
        for number in range(3):
            world.file.commit_step(EPISODE, record(number + 1), [span(number + 1)])
            line = following.stdout.readline()
            if how == "--nl":
                assert json.loads(line)["step"] == number + 1
            else:
                assert f",{number + 1},step," in line
        following.kill()


def test_what_was_purged_says_so_everywhere(world: World, door: Note) -> None:
    then = rows("ls", world.path)[0]["updated"]
    run("purge", world.path, door.uid, "--yes")
    assert rows("ls", world.path, "--all")[0]["title"] == "(purged)"
    shown = run("show", world.path, door.uid, "-t").output
    assert shown.startswith("(purged)\n")
    assert "1 add by agent" in shown
    assert shown.count("(purged)") == 3, "the note and its two versions"
    assert [v["title"] for v in rows("history", world.path, door.uid)] == ["(purged)"] * 2
    told = [(e["what"], e["detail"]) for e in rows("tail", world.path) if e["note"] == door.uid]
    assert sorted(told) == [
        ("add", "(purged)"),
        ("delete", "(purged)"),
        ("purge", "2 versions, 2 spans"),
        ("recall", "(purged)"),
    ]
    assert run("why", world.path, door.uid, "-t").output.startswith("(purged)\n")
    assert "(purged)" in run("purge", world.path, door.uid, "--yes").output
    assert rows("ls", world.path, "--at", then) == [], "a purge reaches into the past"


def test_tail_loses_nothing_that_comes_between_two_looks(
    world: World, door: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, looks = MemoryFile.timeline, 0

    def looked(file: MemoryFile, *args: Any, **kwargs: Any) -> list[dict[str, object]]:
        nonlocal looks
        found = look(file, *args, **kwargs)
        if looks == 0:
            world.file.commit_step(EPISODE, record(1), [span(1)])
        looks += 1
        return found

    def sleep(_seconds: float) -> None:
        if looks > 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(MemoryFile, "timeline", looked)
    monkeypatch.setattr(time, "sleep", sleep)
    done = CliRunner().invoke(app, ["tail", str(world.path), "-f", "-n", "1", "--nl"])
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [event["what"] for event in events] == ["recall", "step"]
