"""What an environment prints beside the loop is no result: stdout stays JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent import headless, runner
from agent.config import RunConfig
from agent.lm.scripted import ScriptedModel
from agent.verify import verify
from tests.agent.world import Corridor


class Chatty(Corridor):
    def step(self, action: str) -> Any:
        print("I am stepping")
        return super().step(action)


def test_json_lines_stay_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    make_env = lambda _spec: Chatty()  # noqa: E731 (not a module's, so it is played in this process)
    play = partial(runner.run, model=ScriptedModel(), make_env=make_env)
    monkeypatch.setattr(headless, "run", play)
    assert headless.run_headless(RunConfig(env="test/x", out=out, episodes=2), as_json=True) == 0
    told = capsys.readouterr()
    rows = [json.loads(line) for line in told.out.splitlines()]
    assert [row.get("outcome") for row in rows] == ["won", "won", None]
    assert told.err.count("I am stepping") == 20
    monkeypatch.setattr(headless, "verify", partial(verify, make_env=make_env))
    assert headless.verify_headless(out, with_model=False, jobs=1, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["sound"]


def test_not_even_what_a_library_or_a_child_writes(tmp_path: Path) -> None:
    """Descriptor 1 itself, in a process of its own."""
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys\n"
        "from pathlib import Path\n"
        "from agent import headless, runner\n"
        "from agent.config import RunConfig\n"
        "from agent.lm.scripted import ScriptedModel\n"
        "from tests.agent.world import Corridor\n"
        "class Loud(Corridor):\n"
        "    def step(self, action):\n"
        "        os.write(1, b'RAW\\n'); os.system('echo CHILD'); print('PRINT', flush=True)\n"
        "        return super().step(action)\n"
        "def play(config, **more):\n"
        "    make_env = lambda _spec: Loud(length=3)\n"
        "    return runner.run(config, model=ScriptedModel(), make_env=make_env, **more)\n"
        "headless.run = play\n"
        "config = RunConfig(env='test/x', out=Path(sys.argv[1]))\n"
        "sys.exit(headless.run_headless(config, as_json=True))\n"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "run")],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    row, summary = map(json.loads, done.stdout.splitlines())
    assert (row["outcome"], summary["won"]) == ("won", 1)
    assert [done.stderr.count(word) for word in ("RAW", "CHILD", "PRINT")] == [3, 3, 3]
