"""What the documents say is so: the README's example runs, and every file that they name exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from agent.cli import app

ROOT = Path(__file__).parents[1]


def test_the_readmes_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(example.strip().splitlines()) <= 12
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert re.search(r"^(truncated|won) [\d.]+ 20 [1-9]\d*$", printed, re.MULTILINE), printed
    assert "summarised" in printed


@pytest.mark.parametrize("document", ["README.md", "docs/architecture.md", "docs/environments.md"])
def test_the_files_that_a_document_names_exist(document: str) -> None:
    text = (ROOT / document).read_text()
    known = {path.name for path in ROOT.rglob("*.*") if ".venv" not in path.parts}
    for name in set(re.findall(r"[\w./]*\w+\.(?:py|md|svg|sh)\b", text)):
        assert Path(name).name in known, f"{document} names {name}"


def commands(document: Path) -> Iterator[list[str]]:
    """The words of each `steno ...` that stands on a line of its own, and goes on after a backslash."""
    for line in re.sub(r"\\\n\s*", "", document.read_text()).splitlines():
        if re.match(r"\s*steno [a-z]", line):
            words = shlex.split(line, comments=True)
            yield words[1 : words.index("--") if "--" in words else None]


@pytest.mark.parametrize(
    "document", ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
)
def test_the_commands_of_a_document_have_the_options_that_it_gives_them(document: str) -> None:
    for words in commands(ROOT / document):
        command: Any = typer.main.get_command(app)
        path = "steno"
        options: set[str] = set()
        for word in words:
            group = isinstance(command, typer.core.TyperGroup)
            inner = command.get_command(None, word) if group else None
            if inner is not None:
                command, path = inner, f"{path} {word}"
            elif re.match(r"--?[a-zA-Z]", word):
                options.add(word.partition("=")[0])
        known = {
            each for option in command.params for each in (*option.opts, *option.secondary_opts)
        }
        assert options <= known | {"--help"}, f"{document}: {path} has no {options - known}"


def test_the_two_commands_of_the_readme_are_targets() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(
        re.findall(r"(?:^|`)make ([a-z-]+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    )
    assert {"play", "test"} <= named <= targets
