"""How long a key takes to be seen on the screen while the model decodes.

    python -m tui.bench [--model embedded] [--env SPEC] [--keys 60] [--after 0] [more of `steno play`]

It plays on a terminal of its own (a pty), types `i`, and waits for the line that this opens. What is
measured is everything between: the key's way in, the screen's turn, the bytes that come out. `--after`
waits for so many steps first: a long session has to be as quick as a new one. The last line is JSON; it
exits with 1 where the slowest key but one in twenty takes longer than a person bears.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import random
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import suppress
from pathlib import Path

LIMIT_MS = 100.0
"""From the key to the paint, where a delay is not felt yet."""
COLUMNS, ROWS = 120, 40
PATIENCE_S = 600.0
ASKED = b"tell the model"
DECODING = b"THINKING"
_STEP = re.compile(rb"step (\d+) ")
_STENO = "from agent.cli import main; main()"


class Terminal:
    """A process on a pty. Its output is read here, so that it never waits for a reader for long."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._fd, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
        )
        os.close(inner)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._fd, text.encode())

    def until(self, wanted: bytes, limit_s: float) -> None:
        """Read what is painted until `wanted` is. Raises TimeoutError."""
        seen, end = b"", time.perf_counter() + limit_s
        while wanted not in seen:
            seen = seen[-len(wanted) :] + self._read(end - time.perf_counter())
            if time.perf_counter() > end:
                raise TimeoutError(f"{wanted.decode()!r} was not painted within {limit_s:g} s")

    def until_step(self, wanted: int, limit_s: float) -> None:
        """Read until so many steps have been made. Raises TimeoutError."""
        seen, end = b"", time.perf_counter() + limit_s
        while max((int(number) for number in _STEP.findall(seen)), default=0) < wanted:
            seen = seen[-20:] + self._read(end - time.perf_counter())
            if time.perf_counter() > end:
                raise TimeoutError(f"step {wanted} was not painted within {limit_s:g} s")

    def rest(self, seconds: float) -> None:
        """Let it go on, and read what it paints."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._read(left)

    def end(self) -> None:
        """End it, whatever it is doing."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._fd)

    def _read(self, limit_s: float) -> bytes:
        ready, _, _ = select.select([self._fd], [], [], max(limit_s, 0))
        try:
            return os.read(self._fd, 65_536) if ready else b""
        except OSError as error:  # how a pty tells that nobody has it open any more
            raise SystemExit("the session ended before it was measured") from error


def measure(arguments: list[str], keys: int, after: int = 0) -> list[float]:
    """Milliseconds from key to paint, of `keys` keys at moments of no pattern, `after` so many steps."""
    found: list[float] = []
    moments = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        terminal = Terminal([sys.executable, "-c", _STENO, "play", *arguments], Path(folder))
        try:
            terminal.until(DECODING, PATIENCE_S)
            terminal.until_step(after, PATIENCE_S)
            for _ in range(keys):
                terminal.rest(0.2 + moments.random() / 2)
                started = time.perf_counter()
                terminal.type("i")
                terminal.until(ASKED, PATIENCE_S)
                found.append(1000 * (time.perf_counter() - started))
                terminal.type("\r")  # nothing was typed: the line closes, and nobody is told
        finally:
            terminal.end()
    return found


def figures(found: list[float]) -> dict[str, float]:
    """What the delays come to."""
    slowest = statistics.quantiles(found, n=20, method="inclusive")[-1]
    return {
        "keys": len(found),
        "median_ms": round(statistics.median(found), 1),
        "p95_ms": round(slowest, 1),
        "most_ms": round(max(found), 1),
        "limit_ms": LIMIT_MS,
    }


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--env", default="textworld/coin-collector?level=5")
    parser.add_argument("--seed", default="10000")
    parser.add_argument("--keys", type=int, default=60)
    parser.add_argument("--after", type=int, default=0, help="steps before the first key")
    asked, more = parser.parse_known_args()
    game = ["--model", asked.model, "--env", asked.env, "--seed", asked.seed]
    game += ["--episodes", "1000", "--max-steps", "100000", *more]
    told = figures(measure(game, max(asked.keys, 2), asked.after))
    sys.stdout.write(
        f"key to paint: median {told['median_ms']} ms, 95% within {told['p95_ms']} ms, "
        f"most {told['most_ms']} ms, of {told['keys']} keys after {asked.after} steps "
        f"(limit {LIMIT_MS:g} ms)\n"
    )
    sys.stdout.write(
        json.dumps({"bench": "keys", "model": asked.model, "after": asked.after, **told}) + "\n"
    )
    raise SystemExit(told["p95_ms"] > LIMIT_MS)


if __name__ == "__main__":
    main()
