"""`steno train ...` as a person calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from agent.cli import app
from agent.errors import AdapterMismatch, ConfigError, StorageFailed, TrainingFailed
from agent.evaluate.settings import base_settings
from agent.lm.shipped import POLICY, chosen
from agent.machine import processor
from agent.train.card import command_line, machine
from agent.train.clock import Clock
from agent.train.player.playing import demonstration_config
from agent.train.run import begin_with
from agent.train.sequences import read
from agent.train.settings import BurstSettings
from tests.agent.train.small import save_model, write_data


def invoke(*words: str) -> None:
    result = CliRunner().invoke(app, ["train", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_model(tmp_path_factory.mktemp("model")))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_data(tmp_path_factory.mktemp("data") / "demos.jsonl", range(12)))


def common(model: str, data: str, out: Path) -> list[str]:
    return [
        "--model",
        model,
        "--data",
        data,
        "--out",
        str(out),
        "--device",
        "cpu",
        "--dtype",
        "fp32",
    ]


def test_both_commands_in_a_row(model: str, data: str, tmp_path: Path) -> None:
    policy, burst = tmp_path / "policy", tmp_path / "burst"
    invoke("policy", *common(model, data, policy), "--steps", "2", "--rank", "4")
    invoke(
        "burst",
        *common(model, data, burst),
        *("--policy", str(policy), "-k", "4", "--steps", "2", "--set", "sampler_size=16"),
    )
    for out, files in (
        (policy, {"adapter_config.json", "adapter_model.safetensors", "steno.json"}),
        (burst, {"adapter.json", "adapter.safetensors"}),
    ):
        names = {path.name for path in out.iterdir()}
        assert files | {"README.md", "metrics.jsonl", "tensorboard", "training.json"} <= names
    assert json.loads((burst / "adapter.json").read_text())["sampler_size"] == 16
    other = str(save_model(tmp_path / "other", seed=3))
    with pytest.raises(AdapterMismatch, match="was made for weights"):
        invoke("burst", *common(other, data, tmp_path / "no"), "--policy", str(policy))


def test_wrong_values_are_named(model: str, data: str, tmp_path: Path) -> None:
    words = common(model, data, tmp_path / "out")
    with pytest.raises(ConfigError, match="lr -1.0: Input should be greater than 0"):
        invoke("policy", *words, "--lr", "-1")
    with pytest.raises(ConfigError, match="colour: no such setting"):
        invoke("policy", *words, "--set", "colour=red")
    with pytest.raises(ConfigError, match="--set 'colour': write it as key=value"):
        invoke("policy", *words, "--set", "colour")
    with pytest.raises(ConfigError, match="init '': String should have at least 1 character"):
        invoke("policy", *words, "--set", "init=")
    assert not (tmp_path / "out").exists()
    with pytest.raises(TrainingFailed, match="no data was given"):
        invoke("burst", "--model", model, "--out", str(tmp_path / "none"))
    with pytest.raises(TrainingFailed, match=r"cannot read the sequences in .*nowhere.jsonl"):
        invoke("policy", "--data", "nowhere.jsonl", "--out", str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_ctrl_c_saves_the_step_and_resume_goes_on(model: str, data: str, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    more = ["--steps", "60", "--rank", "4", "--set", "log_steps=1"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from agent.cli import main; main()",
            "train",
            "policy",
            *common(model, data, cut),
            *more,
        ],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    metrics = cut / "metrics.jsonl"
    until = time.monotonic() + 100
    while time.monotonic() < until and process.poll() is None:
        if metrics.exists() and metrics.read_text().count('"train"') >= 3:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "go on with --out" in said
    invoke("policy", "--out", str(cut), "--resume")
    invoke("policy", *common(model, data, whole), *more)
    expected, got = (load_file(out / "adapter_model.safetensors") for out in (whole, cut))
    assert all(torch.equal(expected[name], got[name]) for name in expected)


def test_the_card_gives_a_command_that_exists() -> None:
    settings = BurstSettings(
        data=(Path("/far/away/own.jsonl"),), k=8, max_minutes=60, purposes=("think",), clip=2.0
    )
    line = command_line("burst", settings, Path("/tmp/out"))
    assert line == (
        "steno train burst --out out --data own.jsonl --max-minutes 60.0 --set clip=2.0 -k 8 "
        "--set purposes=think"
    )


def test_the_schedule_warms_up_and_falls_to_zero() -> None:
    clock = Clock(100, 0.1)
    rates = [clock(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.05)
    assert max(rates) == pytest.approx(1, abs=0.01)
    assert rates.index(max(rates)) == 10
    assert rates[-1] < 0.001
    assert all(a >= b for a, b in pairwise(rates[10:]))


def test_what_comes_before_the_first_step_is_no_warm_up() -> None:
    clock = Clock(1000, 0.1, limit_s=100)
    clock.spent_s = clock.began_s = 20.0
    assert clock(0) < 0.02
    clock.spent_s = 24.0
    assert clock(1) == pytest.approx(0.5, abs=0.05)


def test_time_ends_the_schedule_where_steps_do_not() -> None:
    clock = Clock(1000, 0.1, limit_s=100)
    clock.spent_s, clock.reserve_s = 45.0, 10.0
    assert clock.progress(10) == pytest.approx(0.5, abs=0.01)
    assert clock.progress(900) == pytest.approx(0.9)
    clock.began_s = 25.0
    assert clock.progress(10) == pytest.approx(20 / 65, abs=0.01)
    clock.spent_s = 95.0
    assert clock.progress(10) == 1
    assert clock(10) == pytest.approx(0, abs=1e-6)


def test_adapters_that_do_not_ship_cannot_be_gone_on_from(
    model: str, data: str, tmp_path: Path
) -> None:
    for command in ("policy", "burst"):
        with pytest.raises(TrainingFailed, match="no adapter ships for this model and policy"):
            invoke(command, *common(model, data, tmp_path / command), "--init", "shipped")
        assert not (tmp_path / command).exists()
    with pytest.raises(TrainingFailed, match="no policy ships for the model"):
        invoke("burst", *common(model, data, tmp_path / "burst"), "--policy", "shipped")
    assert begin_with(chosen("embedded", "shipped", "none")[0]) == POLICY


def test_games_are_demonstrated_and_corrected_from_the_command_line(tmp_path: Path) -> None:
    game = ["--family", "treasure-hunter", "-n", "1", "--model", "scripted"]
    window = ["--set", "window.budget=1100"]
    demos, corrected = str(tmp_path / "new" / "demos.jsonl"), str(tmp_path / "corrections.jsonl")
    invoke("demos", "--out", demos, *game, *window)
    assert all(each.written for each in read(Path(demos)))
    invoke(
        *("corrections", "--out", corrected, "--policy", "none", *game, *window),
        *("--max-steps", "3", "-j", "2"),
    )
    assert {each.seed for each in read(Path(corrected))} == {0}
    for command, out, more in (
        ("demos", demos, []),
        ("corrections", corrected, ["--policy", "none"]),
    ):
        with pytest.raises(TrainingFailed, match="is there already; name another file"):
            invoke(command, "--out", out, *game, *more)
        for setting in ("agent=walkthrough", "seed=5", "model.dtype=fp32", "memory=m.sqlite"):
            with pytest.raises(ConfigError, match="the command sets this itself, game by game"):
                invoke(command, "--out", out + ".new", *game, *more, "--set", setting)
        assert not list(tmp_path.rglob("*.new*"))


def test_a_player_is_never_another_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STENO_RUN_AGENT", "walkthrough")
    assert demonstration_config("textworld/simple", 0).agent == "model"
    assert base_settings(None, {})["agent"] == "model"


def test_demonstrations_without_a_win_are_no_success(tmp_path: Path) -> None:
    game = ["--family", "treasure-hunter", "-n", "1", "--model", "scripted"]
    out = tmp_path / "demos.jsonl"
    with pytest.raises(TrainingFailed, match="no game was won"):
        invoke("demos", "--out", str(out), *game, *("--set", "max_steps=1", "--seed", "1"))


def test_the_card_names_the_machine() -> None:
    told = machine(torch.device("cpu"), "fp32")
    assert told.startswith(f"{processor()}, {torch.get_num_threads()} threads, products in fp32,")


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_text("")
    with pytest.raises(StorageFailed, match=f"cannot write '{file}': File exists"):
        invoke("questions", "--out", str(file / "prompts.jsonl"), "-n", "1")
    made = tmp_path / "new" / "prompts.jsonl"
    invoke("questions", "--out", str(made), "-n", "1")
    assert made.exists()
