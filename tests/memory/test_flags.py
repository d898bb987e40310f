"""Every command that reads takes the same flags."""

from __future__ import annotations

import json

import pytest
import typer.main

from memory import Note
from memory.commands import app
from tests.memory.cli import run
from tests.memory.world import World

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
OUTPUT = {"--json", "--nl", "--csv", "--tsv", "-t", "--fmt"}
NARROWING = {"--bank", "--at", "--limit"}
READING = ("ls", "search", "show", "history", "diff", "why", "stats", "tail")


def flags(command: str) -> set[str]:
    return {flag for option in COMMANDS[command].params for flag in option.opts}


@pytest.mark.parametrize("command", READING)
def test_what_reads_has_every_output_flag_and_narrows_alike(command: str) -> None:
    assert flags(command) >= OUTPUT | NARROWING


@pytest.mark.parametrize("command", ["bank", "doctor", "export"])
def test_what_lists_has_every_output_flag(command: str) -> None:
    assert flags(command) >= OUTPUT


@pytest.mark.parametrize("command", READING)
def test_all_the_flags_work_together(world: World, door: Note, command: str) -> None:
    words = {"search": ["door"], "show": [], "ls": [], "stats": [], "tail": []}
    args = [command, world.path, *words.get(command, [door.uid])]
    whole = json.loads(run(*args).output)
    narrow = ["--bank", str(door.bank), "--at", "2999-01-01", "--limit", 1]
    narrowed = json.loads(run(*args, *narrow).output)
    assert isinstance(whole, list)
    assert len(narrowed) == (0 if command == "diff" else 1)
    for how in ("--json", "--nl", "--csv", "--tsv", "-t"):
        assert run(*args, *narrow, how).exit_code == 0
    assert run(*args, *narrow, "--fmt", "github").exit_code == 0
