"""What an environment prints beside the loop is no result: stdout stays JSON."""

from __future__ import annotations

import json
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
