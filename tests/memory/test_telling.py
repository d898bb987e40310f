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

from memory import Add, BadValue, MemoryFile, Note, Prune, Scope, UnknownNote
from memory.commands import app
from memory.timeline import Told
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


def test_why_starts_from_who_wrote_the_words(world: World, door: Note) -> None:
    """Approving, pinning and restoring write versions too, and no words."""
    run("pin", world.path, door.uid)
    run("edit", world.path, door.uid, "--body", "open")
    run("restore", world.path, door.uid, 1)
    world.file.record_recall(episode=EPISODE, step=8, versions=[(door.uid, 3), (door.uid, 4)])
    [row] = rows("why", world.path, door.uid)
    assert (row["version"]["version"], row["written_by"]["version"]) == (4, 1)
    assert [source["text"] for source in row["sources"]] == ["A door."]
    assert [span["text"] for span in row["written_in"]] == ["I need a key", "ADD door: locked"]
    assert [(r["step"], r["version"]) for r in row["recalls"]] == [(7, 1), (8, 4)]
    assert len(row["prunes"]) == 1
    told = run("why", world.path, door.uid, "-t").output
    assert "its words are those of version 1 add by agent" in told
    [row] = rows("why", world.path, door.uid, "--version", 3)
    assert (row["written_by"]["version"], row["sources"], row["written_in"]) == (3, [], [])
    assert (
        "its words are those" not in run("why", world.path, door.uid, "--version", 3, "-t").output
    )
    run("rm", world.path, door.uid)
    assert rows("why", world.path, door.uid)[0]["written_by"]["op"] == "delete"
    with pytest.raises(UnknownNote, match="no version 0"):
        run("why", world.path, door.uid, "--version", 0)


def test_why_of_an_approved_note_tells_who_wrote_it(world: World) -> None:
    scope = Scope(world.file.bank("job", "cook"))
    world.file.set_approval(scope.write, True)
    world.file.commit_step(EPISODE, record(0), [span(0, text="An oven.")])
    raw = (f"{EPISODE}/0/observation/0",)
    [oven] = world.summary("k", Add("oven", "is hot"), scope=scope, sources=raw).versions
    run("approve", world.path, oven.note)
    [row] = rows("why", world.path, oven.note)
    assert (row["version"]["op"], row["written_by"]["op"]) == ("approve", "add")
    assert [source["text"] for source in row["sources"]] == ["An oven."]


def test_limits_and_moments_of_what_is_told(world: World, door: Note) -> None:
    world.file.commit_step(EPISODE, record(1), [span(1, text="A hall.")])
    later = (f"{EPISODE}/1/observation/0",)
    prune = Prune("summarised", later, 9, 1)
    world.summary("again", Add("door", "locked"), sources=later, prune=prune)
    world.file.record_recall(episode=EPISODE, step=9, versions=[(door.uid, 1)])
    run("edit", world.path, door.uid, "--title", "gate", "--body", "open")
    [why] = rows("why", world.path, door.uid, "--version", 1)
    assert [len(why[what]) for what in ("sources", "written_in", "prunes", "recalls")] == [2] * 4
    [few] = rows("why", world.path, door.uid, "--version", 1, "--limit", 1)
    for what in ("sources", "written_in", "prunes", "recalls"):
        assert few[what] == why[what][-1:]
    [then] = rows("why", world.path, door.uid, "--at", door.updated)
    assert [len(then[what]) for what in ("sources", "written_in", "prunes", "recalls")] == [
        1, 2, 1, 0,
    ]  # fmt: skip
    assert [row["field"] for row in rows("diff", world.path, door.uid, "--limit", 1)] == ["title"]
    assert len(rows("stats", world.path, "--limit", 2)) == 2


def test_stats_as_at_a_time_count_what_was_there(world: World, door: Note) -> None:
    at = door.updated
    world.file.commit_step(EPISODE, record(1), [span(1)])
    cut = (f"{EPISODE}/1/observation/0",)
    evicted = Prune("evicted", cut, 9, 1)
    world.file.commit_eviction(episode=EPISODE, step=1, key="e", prune=evicted)
    run("edit", world.path, door.uid, "--body", "open")
    other = world.add("c", "cook", "slowly", Scope(world.file.bank("job", "cook")))
    run("rm", world.path, door.uid)
    then = {
        row["kind"]: (row["rows"], row["bytes"]) for row in rows("stats", world.path, "--at", at)
    }
    assert then == {
        "spans: observation": (1, len("A door.")),
        "spans: thought": (1, len("I need a key")),
        "spans: summary": (1, len("ADD door: locked")),
        "notes: live": (1, len("doorlocked")),
        "note versions": (1, len("doorlockedtest")),
        "steps": (1, 2),
        "prunes": (1, 0),
        "recalls": (0, 0),
    }
    now = {row["kind"]: row["rows"] for row in rows("stats", world.path)}
    assert (now["notes: live"], now["notes: deleted"], now["note versions"]) == (1, 1, 4)
    same = {row["kind"]: row["rows"] for row in rows("stats", world.path, "--at", "2999-01-01")}
    assert same == {kind: n for kind, n in now.items() if kind in same}
    job = ("--bank", "job/cook")
    assert {r["kind"]: r["rows"] for r in rows("stats", world.path, *job, "--at", at)} == {
        "note versions": 0, "steps": 0, "recalls": 0, "prunes": 0,
    }  # fmt: skip
    run("purge", world.path, other.uid, "--yes")
    [gone] = [
        r for r in rows("stats", world.path, *job, "--at", other.updated) if "notes" in r["kind"]
    ]
    assert gone == {"kind": "notes: deleted", "rows": 1, "bytes": 0}, (
        "a purge reaches into the past"
    )


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
    assert sizes["recalls"]["rows"] == sizes["steps"]["rows"] == 0
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
        ("prune summarised", "9 -> 1 tokens"),
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

    def looked(file: MemoryFile, *args: Any, **kwargs: Any) -> Told:
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
