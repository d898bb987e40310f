"""Writers killed with SIGKILL wherever they happen to be, or at a given statement.

The victim plays an episode's part against the memory file: steps, summaries with prunes, evictions,
recalls. After each kill the file must pass every check and hold all that the victim was told is
written; the next victim goes on from there, and the last one must end in the file that an
undisturbed one makes.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memory import doctor
from memory.file import MemoryFile
from memory.text import sha256
from memory.types import Add, NewSpan, Prune, Rewrite, Scope, StepRecord

EPISODE = "bench/0"
SEED = 1
STEPS_A_SUMMARY, STEPS_AN_EVICTION = 3, 10
DYING = "dying at: "


def play(path: Path, steps: int, acknowledge: Callable[[int], None]) -> None:
    """Go on from the last committed step to ``steps``; each committed step is acknowledged.

    A step is made again whole after a kill, as the loop does: all its writes carry their keys.
    """
    with MemoryFile.open(path, busy_timeout_s=60) as file:
        bank = file.bank("episode", EPISODE)
        scope = Scope(bank)
        file.start_episode(
            uid=EPISODE, run="bench", index=0, env="bench", seed=SEED, agent="model", bank=bank
        )
        done = len(file.steps(EPISODE))
        for step in range(done, steps):
            _prune(file, scope, step)
            spans = [NewSpan(step, "observation", 0, f"room {step}")]
            if step:
                spans.append(NewSpan(step, "thought", 0, f"thought {step}"))
            record = StepRecord(
                step, f"go {step}" if step else None, sha256(f"room {step}"), 1.0, float(step),
                False, f"window {step}", 100 * step,
            )  # fmt: skip
            file.commit_step(EPISODE, record, spans)
            acknowledge(step)


def _prune(file: MemoryFile, scope: Scope, step: int) -> None:
    """What happens between two steps: now a summary and its prune, now an eviction."""
    if step >= 4 and step % STEPS_AN_EVICTION == 0:
        cut: tuple[str, ...] = (f"{EPISODE}/{step - 1}/observation/0",)
        file.commit_eviction(
            episode=EPISODE, step=step, key=f"{step}/evicted", prune=Prune("evicted", cut, 20, 10)
        )
    elif step >= 4 and step % STEPS_A_SUMMARY == 0:
        cut = tuple(f"{EPISODE}/{n}/observation/0" for n in (step - 3, step - 2))
        notes = {note.title: note for note in file.live_notes(scope)}
        seen = notes.get("count")
        count = f"{step} steps"
        # On a second try the rewrite is committed already: its key answers, not its content.
        change = Rewrite(seen.uid, seen.version, count) if seen else Add("count", count)
        file.commit_summary(
            scope,
            episode=EPISODE,
            step=step,
            key=f"{step}/high_water",
            changes=[Add(f"room {step}", f"seen at step {step}"), change],
            sources=cut,
            spans=[NewSpan(step, "summary", 0, f"ADD room {step}")],
            prune=Prune("summarised", cut, 40, 20),
            reason="high_water",
        )
        file.record_recall(
            episode=EPISODE,
            step=step,
            versions=[(note.uid, note.version) for note in file.live_notes(scope)],
            scope=scope,
        )


def content(path: Path) -> list[object]:
    """All that the file says, but for when it was said."""
    with MemoryFile.open(path, read_only=True) as file:
        scope = Scope(file.bank("episode", EPISODE))
        notes = file.all_notes(scope)
        return [
            [(n.uid, n.title, n.body, n.state, n.version) for n in notes],
            [
                (v.note, v.version, v.op, v.body, v.step)
                for n in notes
                for v in file.versions(scope, n.uid)
            ],
            file.steps(EPISODE),
            [(s.uid, s.text) for s in file.spans(EPISODE)],
            [(p.step, p.key, p.prune, p.notes) for p in file.prunes(EPISODE)],
            file.recalls(EPISODE),
        ]


def faults(path: Path, acknowledged: int) -> list[str]:
    """What is wrong with a file whose writer was killed after that many acknowledged steps."""
    found = [
        f"{finding.check}: {finding.detail}"
        for finding in doctor.examine(path)
        if finding.result == doctor.ERROR
    ]
    with MemoryFile.open(path, read_only=True) as file:
        kept = len(file.steps(EPISODE)) if file.episodes() else 0
    if kept < acknowledged:
        found.append(f"{acknowledged} steps were acknowledged, and {kept} are there")
    return found


@dataclass(frozen=True, slots=True)
class Death:
    """How a victim ended: whether it was killed, how many steps it has acknowledged, and at which
    statement of SQL it killed itself ("" where it did not)."""

    killed: bool
    acknowledged: int
    statement: str


def kill_one(path: Path, steps: int, after_s: float, statement: int | None) -> Death:
    """Run one victim.

    It is killed ``after_s`` seconds after its first sign of life or, where that is given, right
    before its n-th statement of SQL, those of triggers included.
    """
    command = [sys.executable, "-m", "memory.bench.killing", str(path), str(steps)]
    if statement is not None:
        command.append(str(statement))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        first = victim.stdout.readline()
        if statement is None:
            time.sleep(after_s)
            victim.kill()
        said = [first, *victim.stdout.readlines()]
        victim.wait()
    told = [int(line) for line in said if line.strip().isdigit()]
    last = [line.removeprefix(DYING).strip() for line in said if line.startswith(DYING)]
    died = victim.returncode == -signal.SIGKILL
    return Death(died, max(told, default=-1) + 1, last[-1] if died and last else "")


def measure(
    folder: Path, say: Callable[[str], None], kills: int, *, steps: int = 2_000
) -> dict[str, Any]:
    """Kill writers until so many have died; how many kills, and how many faults they left."""
    path, drawn = folder / "kills.sqlite", random.Random(SEED)
    killed, lost, acknowledged = 0, 0, 0
    began_s = time.perf_counter()
    while killed < kills:
        statement = drawn.randrange(1, 120) if drawn.random() < 0.5 else None
        death = kill_one(path, steps, drawn.uniform(0, 0.05), statement)
        acknowledged = max(acknowledged, death.acknowledged)
        killed += death.killed
        wrong = faults(path, acknowledged) if path.exists() and path.stat().st_size else []
        lost += len(wrong)
        for fault in wrong:
            say(f"  after kill {killed}: {fault}")
        if not death.killed:  # it came to its end: begin another episode
            break
    done = acknowledged
    play(path, done + 1, lambda _step: None)
    whole = folder / "undisturbed.sqlite"
    play(whole, done + 1, lambda _step: None)
    if content(path) != content(whole):
        lost += 1
        say("  the file differs from that of a writer that was never killed")
    say(f"{killed} writers killed in {time.perf_counter() - began_s:.0f} s, {lost} faults")
    return {"kills": killed, "lost": lost}


def main(path: str, steps: str, statement: str | None = None) -> None:
    """A victim's own process: it says each step that it has committed, and may kill itself."""
    if statement is not None:
        _die_at(int(statement))
    sys.stdout.write("alive\n")
    sys.stdout.flush()

    def acknowledge(step: int) -> None:
        sys.stdout.write(f"{step}\n")
        sys.stdout.flush()

    play(Path(path), int(steps), acknowledge)


def _die_at(statement: int) -> None:
    """Have this process kill itself before its n-th statement of SQL."""
    from memory.store import Store

    seen = 0
    opened = Store.__init__

    def trace(sql: str) -> None:
        nonlocal seen
        seen += 1
        if seen >= statement:
            sys.stdout.write(f"{DYING}{' '.join(sql.split())[:60]}\n")
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    def traced(self: Store, *args: Any, **kwargs: Any) -> None:
        opened(self, *args, **kwargs)
        self.db.conn.set_trace_callback(trace)

    Store.__init__ = traced  # type: ignore[method-assign]


if __name__ == "__main__":
    main(*sys.argv[1:])
