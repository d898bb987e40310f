"""Two processes that change one note at the same moment: one of them gets a Conflict."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from memory import doctor
from tests.memory.world import EPISODE, World

ROUNDS = 40

# It says when it stands ready, then waits for the word "now" with a uid, and answers what came of it.
RACER = """
import sys
from pathlib import Path
from memory import Conflict, Delete, MemoryFile, Rewrite, Scope
path, what = Path(sys.argv[1]), sys.argv[2]
with MemoryFile.open(path) as file:
    scope = Scope(file.bank("episode", sys.argv[3]))
    print("ready", flush=True)
    for line in sys.stdin:
        uid = line.strip()
        change = Delete(uid, 1) if what == "delete" else Rewrite(uid, 1, f"by {what}")
        try:
            file.edit(scope, key=f"{what}/{uid}", edits=[change], reason="race")
            print("done", flush=True)
        except Conflict as error:
            print("conflict" if "read it again" in str(error) else error, flush=True)
"""


class Racer:
    """A process that is told a note, and changes it at once."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def start(self, uid: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{uid}\n")
        self.process.stdin.flush()

    def heard(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextmanager
def racers(path: Path, *what: str) -> Iterator[list[Racer]]:
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", RACER, str(path), each, EPISODE],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for each in what
        ]
        found = [Racer(process) for process in running]
        assert [each.heard() for each in found] == ["ready"] * len(what)
        yield found


@pytest.mark.parametrize("other", ["delete", "second"])
def test_of_two_at_once_one_wins_and_nothing_is_lost_or_resurrected(
    world: World, other: str
) -> None:
    uids = [world.add(f"k{n}", f"note {n}", "as it was").uid for n in range(ROUNDS)]
    with racers(world.path, "first", other) as (one, two):
        for number, uid in enumerate(uids):
            for racer in (one, two) if number % 2 else (two, one):
                racer.start(uid)
            heard = [one.heard(), two.heard()]
            assert sorted(heard) == ["conflict", "done"], heard
            note = world.file.note(world.scope, uid)
            won = "first" if heard[0] == "done" else other
            assert note.version == 2
            if won == "delete":
                assert (note.state, note.body) == ("deleted", "as it was")
            else:
                assert (note.state, note.body) == ("live", f"by {won}")
            assert [v.version for v in world.file.versions(world.scope, uid)] == [1, 2]
    assert not [f for f in doctor.examine(world.path) if f.result == doctor.ERROR]
