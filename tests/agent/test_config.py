"""The config: one place for defaults, and errors that say what would be right."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from agent.config import RunConfig, ThinkConfig, load_config, merge, overrides
from agent.errors import ConfigError
from agent.lm.types import Burst
from agent.rundir import as_toml

ENV = "textworld/coin-collector?level=5"


def test_the_command_line_goes_over_the_file_over_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "run.toml"
    file.write_text(f'env = "{ENV}"\nseed = 3\n[think]\nk = 4\nmode = "slow"\n')
    monkeypatch.setenv("STENO_RUN_SEED", "1")
    monkeypatch.setenv("STENO_RUN_EPISODES", "7")
    config = load_config(file, think={"k": 2})
    assert (config.seed, config.episodes) == (3, 7)
    assert (config.think.k, config.think.mode) == (2, "slow")


def test_what_is_written_reads_back_the_same(tmp_path: Path) -> None:
    config = load_config(env=ENV, out=tmp_path / "x", window={"budget": 2000}).filled()
    values = tomllib.loads(tomli_w.dumps(as_toml(config)))
    assert load_config(**values).filled() == config


def test_sizes_left_zero_follow_the_budget() -> None:
    config = load_config(env=ENV, window={"budget": 2000}, notes={"max_tokens": 50}).filled()
    assert config.window.observation == 314
    assert config.notes.max_tokens == 50


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"env": ENV, "episodes": 0}, "episodes 0: Input should be greater than or equal to 1"),
        ({"env": ENV, "seed": -1}, "seed -1: Input should be greater than or equal to 0"),
        ({"env": ENV, "seeds": 1}, "seeds: no such setting"),
        ({"env": ENV, "think": {"confidence": 1.5}}, "think.confidence 1.5"),
        ({"env": ENV, "think": {"k": 0}}, "think.k 0"),
        ({"env": ENV, "think": {"mode": "fast"}}, "'burst', 'slow', 'verified' or 'off'"),
        ({}, "env: Field required"),
        ({"env": ENV, "window": {"budget": 100}}, "window.budget 100 is too small"),
        ({"env": ENV, "window": {"high_water": 1000}}, "use at most"),
        ({"env": ENV, "notes": {"max_tokens": 9}}, "notes.max_tokens 9 is too small"),
        ({"env": ENV, "window": {"low_water": 900}}, "is above window.high_water"),
    ],
)
def test_wrong_settings_are_named_with_their_value(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(**values)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "none.toml", env=ENV)
    (tmp_path / "bad.toml").write_text("= =")
    with pytest.raises(ConfigError, match="not TOML"):
        load_config(tmp_path / "bad.toml", env=ENV)


def test_overrides_are_dotted() -> None:
    values = overrides(["think.k=4", "seed=2", "think.mode=slow"])
    assert values == {"think": {"k": "4", "mode": "slow"}, "seed": "2"}
    assert merge({"think": {"k": 1, "mode": "off"}}, values)["think"] == {"k": "4", "mode": "slow"}
    for wrong in ("think.k", "=3"):
        with pytest.raises(ConfigError, match=r"section\.key=value"):
            overrides([wrong])


def test_every_default_is_the_models_own() -> None:
    assert load_config(env=ENV) == RunConfig(env=ENV)


def test_a_burst_size_that_is_left_open_is_what_the_adapter_allows() -> None:
    think = ThinkConfig()
    assert think.within(6).burst == Burst(6, 0.9)
    assert think.within(12).burst == think.within(100).burst == Burst(12, 0.9)
    assert think.within(1).k is None  # no adapter: nothing decides it
    assert think.burst == Burst(12, 0.9)
    assert ThinkConfig(k=8).within(6).k == 8  # asked for: refused by name, not made smaller
