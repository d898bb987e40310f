"""What the documents say is so: the README's example runs, and every file that they name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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


def test_the_two_commands_of_the_readme_are_targets() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(
        re.findall(r"(?:^|`)make ([a-z-]+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    )
    assert {"play", "test"} <= named <= targets
