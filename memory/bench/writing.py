"""Durable writes a second: one writer, and eight processes on one bank, of which nothing is lost."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from memory.file import MemoryFile
from memory.types import Add, Scope

SECONDS = 3.0
PROCESSES, EACH = 8, 500


def measure(folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Commits a second that survive a power cut (``synchronous=FULL``), each of one note."""
    with MemoryFile.open(folder / "writes.sqlite") as file:
        scope = Scope(file.bank("company", "acme"))
        began_s, done = time.perf_counter(), 0
        while time.perf_counter() - began_s < SECONDS:
            add(file, scope, "bench", done)
            done += 1
        rate = done / (time.perf_counter() - began_s)
    say(f"{rate:.0f} durable commits a second, one writer")
    together, lost = processes(folder / "processes.sqlite", PROCESSES, EACH)
    say(f"{together:.0f} durable commits a second, {PROCESSES} processes, {lost} lost")
    return {"writes_per_s": round(rate, 1), "writes_per_s_8": round(together, 1), "lost_8": lost}


def add(file: MemoryFile, scope: Scope, who: str, number: int) -> None:
    """One commit of one note."""
    edits = [Add(f"{who} {number}", f"note {number} of {who}")]
    file.edit(scope, key=f"{who}/{number}", edits=edits, reason="bench", actor="agent")


def processes(path: Path, count: int, each: int) -> tuple[float, int]:
    """Processes that write notes into one bank at once: commits a second, and notes lost."""
    MemoryFile.open(path).close()
    began_s = time.perf_counter()
    command = [sys.executable, "-m", "memory.bench.writing", str(path)]
    running = [subprocess.Popen([*command, f"writer {n}", str(each)]) for n in range(count)]
    failed = [process.wait() for process in running]
    seconds = time.perf_counter() - began_s
    with MemoryFile.open(path, read_only=True) as file:
        kept = {(n.title, n.body) for n in file.live_notes(Scope(file.bank("company", "acme")))}
    wanted = {
        (f"writer {n} {number}", f"note {number} of writer {n}")
        for n in range(count)
        for number in range(each)
    }
    lost = len(wanted - kept)
    if any(failed) and not lost:
        raise RuntimeError(f"writers ended with {failed}, though nothing is lost")
    return count * each / seconds, lost


def main(path: str, who: str, count: str) -> None:
    """A writer's own process."""
    with MemoryFile.open(Path(path), busy_timeout_s=60) as file:
        scope = Scope(file.bank("company", "acme"))
        for number in range(int(count)):
            add(file, scope, who, number)


if __name__ == "__main__":
    main(*sys.argv[1:])
