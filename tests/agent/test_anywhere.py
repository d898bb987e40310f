"""A run goes on from another folder and on another machine: what its config is made to say."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path
from typing import Any

import pytest

from agent.config import ModelConfig, RunConfig
from agent.lm.scripted import ScriptedModel
from agent.runner import anywhere, as_precise, resume, run, run_async
from tests.agent.world import Corridor


def config(**model: Any) -> RunConfig:
    return RunConfig(env="test/corridor", model=model)


def test_directories_are_named_from_the_root_and_other_names_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("mine", "shipped"):
        (tmp_path / folder).mkdir()
    found = anywhere(config(name="mine", policy="some/hub-id", burst="shipped")).model
    assert found.name == str(tmp_path / "mine")
    assert found.policy == "some/hub-id"
    assert found.burst == "shipped", "the package's own, whatever folders there are"


def test_the_recorded_config_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "adapter").mkdir()
    wanted = config(policy="adapter").model_copy(
        update={"memory": Path("notes.sqlite"), "out": Path("run")}
    )
    done = run(wanted, model=ScriptedModel(), make_env=lambda _spec: Corridor())
    model, memory = tomllib.loads((done.path / "config.toml").read_text())["model"], done.memory
    assert (model["policy"], memory) == (str(tmp_path / "adapter"), tmp_path / "notes.sqlite")


@pytest.mark.parametrize(
    ("asked", "numerics", "dtype"),
    [
        ("auto", "float32 on cpu, 2 threads", "fp32"),
        ("auto", "bfloat16 on cuda, 8 threads", "bf16"),
        ("auto", None, "auto"),  # no model played
        ("bf16", "float32 on cpu, 2 threads", "bf16"),  # what was asked for is not the machine's
    ],
)
def test_a_resume_keeps_the_precision_that_the_run_had(
    asked: str, numerics: str | None, dtype: str
) -> None:
    assert as_precise(config(dtype=asked), {"numerics": numerics}).model.dtype == dtype


def test_a_resume_loads_the_model_at_that_precision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = config().model_copy(update={"out": tmp_path / "run", "episodes": 2})
    stopped = asyncio.Event()
    stopped.set()  # before the first episode
    asyncio.run(
        run_async(wanted, model=ScriptedModel(), make_env=lambda _: Corridor(), stop=stopped)
    )
    loaded: list[str] = []

    def load(settings: ModelConfig) -> ScriptedModel:
        loaded.append(settings.dtype)
        return ScriptedModel()

    monkeypatch.setattr("agent.runner.load", load)
    assert len(resume(tmp_path / "run", make_env=lambda _: Corridor()).rows) == 2
    assert loaded == ["fp32"]  # 'auto' is what the config says
