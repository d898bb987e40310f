"""`steno bench kills`: a `steno run` that is killed over and over, resumed each time, and verified.

Nothing here knows how a run is kept: the commands are those that a person types, each in a process of
its own, and the process is killed with SIGKILL in the middle of whatever it does.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.config import RunConfig, recorded_config
from agent.errors import EXIT_EPISODES_ERRORED, EXIT_OK, RunDirectoryError
from agent.results import read_results

LOOKS_S = 0.05  # between two looks at how far the run has come
LATER_S = 2.0  # at most, after an episode's end: the kill is to hit the middle of others
_STENO = [sys.executable, "-c", "from agent.cli import main; main()"]
_PLAYED = {EXIT_OK, EXIT_EPISODES_ERRORED}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Setup:
    """What is played, and how often it is killed."""

    arguments: tuple[str, ...]
    """Of `steno run`, without --out."""
    out: Path
    """The run directory to make."""
    kills: int = 3
    seed: int = 0
    """Of the moments: how long after an episode's end each kill comes."""
    with_model: bool = False
    """Whether the model has to compute each token again, too."""


def measure(setup: Setup, say: Say) -> dict[str, Any]:
    """Play, kill, resume and verify; the figures as one flat record.

    The kills are spread over the run: the i-th of n comes a moment after i / (n + 1) of the episodes
    have ended, and after at least one has since the last kill. Raises CalledProcessError where a command
    ends in anything but a run that was played; what was wrong stands on stderr.
    """
    drawn, killed = random.Random(setup.seed), 0
    command = ["run", *setup.arguments, "--out", str(setup.out)]
    started = time.perf_counter()
    for number in range(1, setup.kills + 1):
        say(f"{command[0]}, to be killed ({number} of {setup.kills})")
        share, later_s = number / (setup.kills + 1), drawn.uniform(0.0, LATER_S)
        killed += _killed(command, setup.out, share, later_s)
        command = ["resume", str(setup.out)]
    say(f"{command[0]}, to its end")
    _end(_child(command), command)
    played_s = time.perf_counter() - started
    say("verify")
    verified = _verified(setup)
    rows, config = read_results(setup.out), _config(setup.out)
    return {
        "env": config.env,
        "model": config.model.name if config.agent == "model" else None,
        "agent": config.agent,
        "episodes": len(rows),
        "jobs": config.jobs,
        "max_steps": config.max_steps,
        "kills": killed,
        "won": sum(row.outcome == "won" for row in rows),
        "errored": sum(row.outcome == "error" for row in rows),
        "steps": sum(row.steps for row in rows),
        "prunes": sum(row.prunes for row in rows),
        "played_s": round(played_s, 1),
        **{f"verified_{name}": value for name, value in verified.items()},
    }


def in_words(told: dict[str, Any]) -> str:
    """The figures in a line for a person."""
    line = (
        f"{told['episodes']} episodes of {told['steps']} steps, {told['jobs']} at once, killed "
        f"{told['kills']} times and resumed; played again, {told['verified_problems'] or 'none'} "
        "otherwise than on record"
    )
    if "verified_generations" in told:
        line += (
            f"; of {told['verified_generations']} generations {told['verified_differing_generations']} "
            "come out otherwise"
        )
    return line


def _child(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """A command of `steno`: its progress stays on stderr, its tables are not wanted."""
    return subprocess.Popen([*_STENO, *command], stdout=subprocess.DEVNULL)


def _killed(command: Sequence[str], out: Path, share: float, later_s: float) -> bool:
    """Run a command until this share of the episodes has ended and a moment more, and kill it then.

    False where it came to its end before.
    """
    before = _ended(out)
    with _child(command) as child:
        try:
            while child.poll() is None and not _due(out, before, share):
                time.sleep(LOOKS_S)
            child.wait(timeout=later_s)
        except subprocess.TimeoutExpired:
            pass
        finally:
            child.kill()
    if child.returncode == -signal.SIGKILL:
        return True
    _end(child, command)
    return False


def _due(out: Path, before: int, share: float) -> bool:
    ended = _ended(out)
    return ended > before and ended >= share * _config(out).episodes


def _ended(out: Path) -> int:
    """Episodes that have ended; none before the run has made its directory."""
    return len(read_results(out)) if (out / "results.jsonl").exists() else 0


def _config(out: Path) -> RunConfig:
    return recorded_config(out / "config.toml")


def _end(child: subprocess.Popen[bytes], command: Sequence[str]) -> None:
    """Wait for a command's end. Raises CalledProcessError unless it played."""
    if child.wait() not in _PLAYED:
        raise subprocess.CalledProcessError(child.returncode, ["steno", *command])


def _verified(setup: Setup) -> dict[str, Any]:
    """What `steno verify` says of the run, as many episodes at once as were played."""
    command = ["verify", str(setup.out), "--json", "-j", str(_config(setup.out).jobs)]
    command += ["--model"] if setup.with_model else []
    done = subprocess.run([*_STENO, *command], stdout=subprocess.PIPE, check=False)
    if done.returncode not in _PLAYED:
        raise subprocess.CalledProcessError(done.returncode, ["steno", *command])
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        raise RunDirectoryError(
            f"`steno {' '.join(command)}` gave no JSON: {done.stdout[:80]!r}"
        ) from error
    return told
