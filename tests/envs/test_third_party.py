"""The example of docs/environments.md, installed beside Steno in a virtual environment of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import site
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "guess-number"


@pytest.fixture(scope="module")
def steno(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command `steno` of a fresh virtual environment, with Steno and the example installed.

    Both are built from copies, so that nothing is left in the sources, and found by their metadata
    alone. What they depend on is taken from where the tests run.
    """
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True
    )
    python = folder / "venv" / "bin" / "python"
    [packages] = (folder / "venv").glob("lib/python*/site-packages")
    # At the end of the path, and not as a site directory: Steno's own editable install stays out.
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    sources = []
    for name, wanted in (
        ("steno", ["pyproject.toml", "README.md", "LICENSE", "agent", "envs", "memory", "tui"]),
        ("example", [path.name for path in EXAMPLE.iterdir() if path.suffix in (".py", ".toml")]),
    ):
        source = folder / name
        source.mkdir()
        for each in wanted:
            found = (ROOT if name == "steno" else EXAMPLE) / each
            if found.is_dir():
                shutil.copytree(found, source / each, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(found, source / each)
        sources.append(str(source))
    options = [
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--disable-pip-version-check",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", *options, *sources],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder / "venv" / "bin" / "steno"


def run(command: list[str | Path], **more: str) -> subprocess.CompletedProcess[str]:
    variables = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(command, capture_output=True, text=True, env=variables, **more)  # type: ignore[call-overload, no-any-return]


@pytest.mark.timeout(600)
def test_the_example_is_found_checked_and_played(steno: Path, tmp_path: Path) -> None:
    where = run(
        [steno.parent / "python", "-c", "import envs; print(envs.__file__)"], cwd=str(tmp_path)
    )
    assert where.stdout.startswith(str(steno.parents[1])), where  # not the sources that are tested
    listed = run([steno, "envs", "list", "guess"], cwd=str(tmp_path))
    assert re.fullmatch(r"guess/number +find a number by hints\n", listed.stdout), listed
    checked = run([steno, "envs", "check", "guess/number?up_to=20", "--json"], cwd=str(tmp_path))
    report = json.loads(checked.stdout)
    assert report["sound"], checked.stdout
    verdicts = {finding["rule"]: finding["verdict"] for finding in report["findings"]}
    assert verdicts["also in another process"] == "kept"
    assert verdicts["the walkthrough wins all points"] == "kept"
    tested = run(
        [steno.parent / "python", "-m", "pytest", "-q", str(EXAMPLE), "-p", "no:cacheprovider"],
        cwd=str(tmp_path),
    )
    assert tested.returncode == 0, tested.stdout
    command: list[str | Path] = [steno, "run", "--env", "guess/number?up_to=20", "--json"]
    for agent, won in (("random", 0), ("walkthrough", 2)):
        more = ["--agent", agent, "-n", "2", "--max-steps", "3", "--out", str(tmp_path / agent)]
        played = run([*command, *more], cwd=str(tmp_path))
        assert played.returncode == 0, played.stderr
        summary = json.loads(played.stdout.splitlines()[-1])
        assert (summary["scored"], summary["won"]) == (2, won)
    wrong = run([steno, "envs", "info", "guess/numbers"], cwd=str(tmp_path))
    assert wrong.returncode == 2
    assert "did you mean 'guess/number'" in wrong.stderr


@pytest.mark.timeout(600)
def test_the_example_is_what_the_document_shows_and_has_forty_lines() -> None:
    code = (EXAMPLE / "guess_number.py").read_text()
    assert len([line for line in code.splitlines() if line.strip()]) <= 40
    document = (ROOT / "docs" / "environments.md").read_text()
    assert f"```python\n{code}```" in document
