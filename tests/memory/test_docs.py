"""docs/memory.md: its schema is that of the code, and every command that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from memory import docs
from memory.commands import app

DOCUMENT = Path(__file__).parents[2] / "docs" / "memory.md"
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def test_the_schema_in_the_document_is_that_of_the_code() -> None:
    text = DOCUMENT.read_text()
    assert docs.updated(text) == text, "run: python -m memory.docs docs/memory.md"
    assert "CREATE VIEW bank_health" in text
    with pytest.raises(ValueError, match="needs one"):
        docs.updated("no marks")


def test_every_command_of_the_document_is_there_and_the_other_way_round() -> None:
    named = set(re.findall(r"steno memory ([a-z]+)", DOCUMENT.read_text()))
    assert named == set(COMMANDS) - {"bench"}
    for line in re.findall(r"^steno memory (.*)$", DOCUMENT.read_text(), re.MULTILINE):
        command, *words = line.partition("#")[0].split()
        known = {flag for option in COMMANDS[command].params for flag in option.opts}
        assert {word for word in words if word.startswith("--")} <= known, line


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_helps(command: str) -> None:
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert "Usage" in done.output
