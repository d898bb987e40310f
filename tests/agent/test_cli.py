"""The command `steno`, as a person runs it: what is printed where, and the exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

STENO = [sys.executable, "-c", "from agent.cli import main; main()"]
GAME = ["--env", "textworld/coin-collector?level=3", "--seed", "10000"]
SCRIPTED = [*GAME, "--model", "scripted"]


def steno(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*STENO, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **variables},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_help_is_quick_and_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from agent.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'langgraph', 'textworld', 'textual', 'gymnasium', 'numpy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "run" in done.stdout
    assert "memory" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_stdout_is_one_clear_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*STENO, "--version"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr == "steno: error: cannot write to stdout: No space left on device\n"


def test_json_holds_a_line_an_episode_and_a_summary(tmp_path: Path) -> None:
    done = steno("run", *SCRIPTED, "-n", "2", "--max-steps", "6", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    *rows, summary = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["seed"] for row in rows] == [10000, 10001]
    assert summary["attempted"] == summary["scored"] + summary["errored"] == 2
    for key in ("win_rate", "mean_score", "steps", "tpf", "bits_per_forward", "passes_per_step"):
        assert isinstance(summary[key], float)
    assert summary["agreement"] is None
    assert "episode 2/2" in done.stderr
    [run] = (tmp_path / "runs").iterdir()
    assert len((run / "results.jsonl").read_text().splitlines()) == 2


def test_the_table_says_where_everything_is_and_memory_reads_it(tmp_path: Path) -> None:
    done = steno("run", *SCRIPTED, "--max-steps", "30", "--out", "game", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 attempted, 1 scored, 0 errored" in done.stdout
    assert "game/memory.sqlite" in done.stdout
    listed = steno("memory", "ls", "game", "--nl", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert json.loads(listed.stdout.splitlines()[0])["title"] == "places"
    shown = steno("memory", "show", "game/memory.sqlite", cwd=tmp_path)
    assert "been in" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--env", "textworld/cooknig"], 2, "cooking"),
        (["--env", "txtworld/cooking"], 2, "textworld"),
        (["--env", "textworld/cooking?recipe=-1"], 2, "recipe"),
        (["--env", "textworld/cooking?receipe=1"], 2, "recipe"),
        (["--env", "textworld/cooking?recipe=x"], 2, "recipe"),
        (["--env", "nonsense"], 2, "nonsense"),
        ([*SCRIPTED, "-n", "-3"], 2, "episodes -3"),
        ([*SCRIPTED, "-n", "x"], 2, "-n"),
        ([*SCRIPTED, "--agent", "human"], 2, "'model', 'random' or 'walkthrough'"),
        ([*SCRIPTED, "--set", "window.budgets=3"], 2, "window.budgets"),
        ([*SCRIPTED, "--set", "window"], 2, "section.key=value"),
        ([*SCRIPTED, "--config", "none.toml"], 2, "none.toml"),
        ([*SCRIPTED, "--budget", "50"], 2, "too small"),
        ([*GAME, "--model", "/no/such/model"], 3, "/no/such/model"),
        ([*GAME, "--model", "."], 3, "config.json"),
        ([*SCRIPTED, "--memory", "text.sqlite"], 2, "text.sqlite"),
        ([*SCRIPTED, "--memory", "none/m.sqlite"], 2, "none"),
    ],
)
def test_bad_input_is_one_clear_line_and_an_exit_code(
    tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    (tmp_path / "text.sqlite").write_text("not a database " * 100)
    done = steno("run", *arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert (tmp_path / "text.sqlite").read_text() == "not a database " * 100


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = steno("run", "--env", "nonsense", "--debug", cwd=tmp_path)
    assert "Traceback" in done.stderr


def test_dry_run_prints_the_resolved_config(tmp_path: Path) -> None:
    done = steno("run", *SCRIPTED, "--set", "think.k=4", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0
    (tmp_path / "again.toml").write_text(done.stdout)
    again = steno("run", "--config", "again.toml", "--dry-run", cwd=tmp_path)
    assert again.stdout == done.stdout
    assert "k = 4" in again.stdout
    assert not (tmp_path / "runs").exists()


def test_dry_run_tells_of_an_environment_that_there_is_not(tmp_path: Path) -> None:
    done = steno("run", "--env", "textworld/cookin", "--dry-run", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "textworld/cooking" in done.stderr


def test_banks_can_be_set_like_any_setting(tmp_path: Path) -> None:
    for banks in ("banks=job/cook:rw, job/tools", 'banks=["job/cook:rw", "job/tools"]'):
        done = steno("run", *SCRIPTED, "--set", banks, "--dry-run", cwd=tmp_path)
        assert tomllib.loads(done.stdout)["banks"] == ["job/cook:rw", "job/tools"], done.stderr


def test_baselines_are_floor_and_ceiling(tmp_path: Path) -> None:
    done = steno("run", *GAME, "--agent", "walkthrough", "--json", cwd=tmp_path)
    row, summary = [json.loads(line) for line in done.stdout.splitlines()]
    assert (row["outcome"], row["score"], summary["win_rate"]) == ("won", row["max_score"], 1.0)
    assert summary["tpf"] is None


def test_a_lost_game_is_fine_and_an_errored_one_is_not(tmp_path: Path) -> None:
    lost = steno("run", *SCRIPTED, "--max-steps", "1", cwd=tmp_path)
    assert lost.returncode == 0
    # No game of this seed is built, and none can be: the cache is a file.
    (tmp_path / "file").write_text("")
    bad = steno(
        *("run", *SCRIPTED, "--json", "--out", "bad"),
        cwd=tmp_path,
        STENO_CACHE_DIR=str(tmp_path / "file"),
    )
    assert bad.returncode == 1, bad.stderr
    [summary] = [json.loads(line) for line in bad.stdout.splitlines()]
    assert summary["attempted"] == 0, "the machine's fault is no game's result"
    assert "make it writable" in bad.stderr
    assert steno("resume", "bad", cwd=tmp_path).returncode == 0


def test_an_interrupt_keeps_what_was_done_and_exits_with_130(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*STENO, "run", *SCRIPTED, "-n", "500", "--out", "game", "--json", "--max-steps", "20"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    results = tmp_path / "game" / "results.jsonl"
    deadline = time.monotonic() + 90
    while not results.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    *rows, summary = [json.loads(line) for line in out.splitlines()]
    assert summary["attempted"] == len(rows) == len(results.read_text().splitlines()) >= 1
    assert "Traceback" not in err


def test_a_killed_run_is_resumed_from_anywhere(tmp_path: Path) -> None:
    """The process is killed while its games are in worker processes, which end with it."""
    process = subprocess.Popen(
        [*STENO, "run", *SCRIPTED, "-n", "3", "-j", "2", "--out", "game", "--max-steps", "40"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    trace = tmp_path / "game" / "traces" / "000001.jsonl"
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and not (trace.exists() and trace.stat().st_size > 4000):
        time.sleep(0.02)
    process.kill()
    process.wait()
    (tmp_path / "elsewhere").mkdir()
    done = steno("resume", "../game", "-j", "1", "--json", cwd=tmp_path / "elsewhere")
    assert done.returncode == 0, done.stderr
    *rows, summary = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(row["seed"] for row in rows) == [10000, 10001, 10002]
    assert summary["attempted"] == 3
    again = steno("resume", "../game", cwd=tmp_path / "elsewhere")
    assert again.returncode == 0, again.stderr
    assert "3 attempted, 3 scored, 0 errored" in again.stdout
    assert "Traceback" not in done.stderr + again.stderr


def test_a_resume_of_nothing_is_a_usage_error(tmp_path: Path) -> None:
    done = steno("resume", "nowhere", cwd=tmp_path)
    assert done.returncode == 2
    assert "is no run: it has no config" in done.stderr
