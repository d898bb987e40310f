"""Shared banks in runs: what one agent learned, the next begins with, and no wall is crossed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.banks import parse_banks
from agent.errors import ConfigError
from agent.lm.scripted import Prompt
from agent.runner import Run
from memory import MemoryFile, NoteVersion, Scope
from tests.agent.world import answers, check_invariants, play

LONG = {"budget": 640}


def learn(prompt: Prompt) -> str:
    """Notes that say when they were written: in the middle of a game, or at its end."""
    over = "The game is over" in prompt.window
    return f"ADD {'lesson' if over else 'room'}: number {prompt.count}\nEND"


def run(tmp_path: Path, name: str, script: Any = None, **settings: Any) -> Run:
    return play(
        tmp_path / name,
        script=script or answers(summarise=learn),
        memory=tmp_path / "shared.sqlite",
        **settings,
    )


def versions(tmp_path: Path, kind: str, name: str) -> list[NoteVersion]:
    with MemoryFile.open(tmp_path / "shared.sqlite", read_only=True) as file:
        scope = Scope(file.bank(kind, name))
        return [v for n in file.all_notes(scope) for v in file.versions(scope, n.uid)]


def heads(tmp_path: Path, script_seen: list[str], name: str = "reader", **settings: Any) -> Run:
    """A run whose windows are kept as its thoughts begin."""

    def think(prompt: Prompt) -> str:
        script_seen.append(prompt.window)
        return " on.\n"

    return run(tmp_path, name, answers(summarise=learn, think=think), **settings)


def test_a_second_agent_starts_with_what_the_first_learned(tmp_path: Path) -> None:
    first = run(tmp_path, "first", window=LONG, banks=("job/corridor:rw",))
    check_invariants(first, 640)
    written = versions(tmp_path, "job", "corridor")
    assert [v.title for v in written] == ["lesson"], "only what is noted at the end is shared"
    seen: list[str] = []
    second = heads(tmp_path, seen, banks=("job/corridor",))
    assert "lesson: number" in seen[0]
    with MemoryFile.open(second.memory, read_only=True) as file:
        assert (0, written[0].note) in [(r.step, r.note) for r in file.recalls(second.rows[0].uid)]
    assert versions(tmp_path, "job", "corridor") == written, "what is only read stays as it was"
    alone: list[str] = []
    heads(tmp_path, alone, name="alone")
    assert "lesson" not in alone[0], "a run that names no bank sees none"


@pytest.mark.parametrize("live", [False, True])
def test_shared_banks_stand_still_while_a_run_goes_on_unless_told(
    tmp_path: Path, live: bool
) -> None:
    seen: list[str] = []
    heads(tmp_path, seen, banks=("job/corridor:rw",), live_banks=live, episodes=2, max_steps=3)
    assert "You have no notes yet" in seen[0]
    assert ("lesson" in seen[3]) == live, "the second episode's first window"
    assert len(versions(tmp_path, "job", "corridor")) == 1, "the second lesson is an echo"


def test_what_is_shared_may_have_to_wait_for_a_person(tmp_path: Path) -> None:
    with MemoryFile.open(tmp_path / "shared.sqlite") as file:
        file.set_approval(file.bank("job", "corridor"), True)
    done = run(tmp_path, "first", banks=("job/corridor:rw",))
    assert done.rows[0].failed_summaries == 0
    assert [v.state for v in versions(tmp_path, "job", "corridor")] == ["proposed"]
    seen: list[str] = []
    heads(tmp_path, seen, banks=("job/corridor",))
    assert "lesson" not in seen[0]


def test_only_notes_that_may_be_changed_have_numbers_that_an_operation_may_name(
    tmp_path: Path,
) -> None:
    run(tmp_path, "first", banks=("job/corridor:rw",))
    before = versions(tmp_path, "job", "corridor")

    def meddle(prompt: Prompt) -> str:
        return "REWRITE 1: mine now\nEND" if prompt.count % 2 == 0 else learn(prompt)

    done = run(tmp_path, "second", answers(summarise=meddle), banks=("job/corridor:ro",))
    assert done.rows[0].failed_summaries == 1
    assert versions(tmp_path, "job", "corridor") == before
    changed = run(tmp_path, "third", answers(summarise=meddle), banks=("job/corridor:rw",))
    assert changed.rows[0].failed_summaries == 0
    assert "mine now" in [v.body for v in versions(tmp_path, "job", "corridor")]


def test_what_is_looked_up_is_on_record_as_recalled(tmp_path: Path) -> None:
    def find(prompt: Prompt) -> str:
        return f"ADD lamp: under bed {prompt.count}\nFIND lamp\nEND"

    done = play(
        tmp_path / "first",
        script=answers(summarise=find, think=" hm" * 30 + "\n"),
        memory=tmp_path / "shared.sqlite",
        window=LONG,
        notes={"find_tokens": 32, "recall_tokens": 1},
    )
    with MemoryFile.open(done.memory, read_only=True) as file:
        recalled = file.recalls(done.rows[0].uid)
        spans = file.spans(done.rows[0].uid, kind="recalled")
        sources = {
            span.kind
            for note in file.live_notes(Scope(file.bank("episode", done.rows[0].uid)))
            for span in file.sources(Scope(note.bank), note.uid)
        }
    assert spans, "the window filled up, and something was looked up"
    assert recalled, "no note fits into the head here, so these came from FIND"
    assert "recalled" not in sources


def test_bank_specs_are_read_or_refused() -> None:
    [one, two, three] = parse_banks(["job/cook", "person/a/b:rw", "company/x:y:ro"])
    assert (one.kind, one.name, one.writable) == ("job", "cook", False)
    assert (two.name, two.writable) == ("a/b", True)
    assert (three.name, three.writable) == ("x:y", False)
    for wrong, said in (
        (["cook"], "write it as KIND/NAME"),
        (["robot/x"], "kind one of episode"),
        (["job/"], "write it as"),
        (["job/x", "job/x:rw"], "named twice"),
        (["episode/x:rw"], "only read it"),
    ):
        with pytest.raises(ConfigError, match=said):
            parse_banks(wrong)


def test_a_bank_that_cannot_be_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="named twice"):
        run(tmp_path, "first", banks=("job/x", "job/x"))
    assert not (tmp_path / "first").exists()
