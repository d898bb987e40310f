"""A directory to work in: files are listed, read, written and searched by commands."""

import shutil
import tempfile
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from envs.base import Description
from envs.errors import EnvUnavailable
from envs.guarded import GuardedEnv, Turn
from envs.options import Options
from envs.text import plain
from envs.tools.calculate import NotArithmetic, calculate
from envs.tools.commands import HELP, Command, parse
from envs.tools.sandbox import MAX_FILE_BYTES, Refused, Sandbox
from envs.tools.task import Task

PAGE_LINES = 40
PAGE_CHARS = 2_000
FOUND_LINES = 20

EXAMPLES = (
    "list",
    "read note.txt",
    "search total",
    "calculate 1 + 1",
    "write answer.txt: 0",
    "done",
)


class FilesEnv(GuardedEnv):
    """A task in a directory of its own, which is made at a reset and removed at the next and the close.

    `draw` makes the task of a seed; with one of your own this is an environment for your own work.
    The score is what the task's check gives; saying `done` ends the game, won if all is reached.
    """

    def __init__(self, spec: str, options: Options, draw: Callable[[int], Task]) -> None:
        """Nothing is written before the first reset."""
        self.spec, self.options = spec, options
        self._draw = draw
        self._task: Task
        self._moves = 0
        self._score = 0.0
        self._sandbox: Sandbox | None = None
        self._folder = Path()
        # Not left behind by a program that forgets to close it.
        self._remove: Callable[[], Any] = lambda: None

    def describe(self) -> Description:
        """What the commands are; the goal itself stands in the first observation."""
        return Description(
            "Work on the files of a directory until the goal of the first text is reached, then say "
            "'done'.",
            HELP,
            EXAMPLES,
        )

    def clean(self, action: str) -> str:
        """Plain text of any number of lines; what is too long for a file is refused, not cut."""
        return plain(action[: 2 * MAX_FILE_BYTES])

    def begin(self, seed: int) -> Turn:
        """See `GuardedEnv.begin`."""
        self._open(self._draw(seed))
        for path, text in self._task.files.items():
            self._files.write(path, text)
        return self._told(self._opening())

    def act(self, action: str) -> Turn:
        """See `GuardedEnv.act`."""
        self._moves += 1
        command = parse(action)
        if command is None:
            return self._told(f"That is no command. {HELP}")
        try:
            return self._do(command)
        except (Refused, NotArithmetic) as refusal:
            return self._told(f"{str(refusal)[:1].upper()}{str(refusal)[1:]}.")

    def solution(self) -> list[str] | None:
        """See `GuardedEnv.solution`."""
        return None if self._task.walkthrough is None else list(self._task.walkthrough)

    def state(self) -> dict[str, Any]:
        """The files and the count of moves."""
        return {"files": self._texts(), "moves": self._moves, "told": self.last_turn.text}

    def go_on(self, seed: int, state: Any) -> Turn:
        """See `GuardedEnv.go_on`."""
        files, moves, told = dict(state["files"]), int(state["moves"]), str(state["told"])
        self._open(self._draw(seed))
        for path, text in files.items():
            self._files.write(path, text)
        self._moves = moves
        self._check()
        return self._told(told)

    def end(self) -> None:
        """Remove the directory."""
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None
        self._remove()

    @property
    def folder(self) -> Path:
        """Where the files of the present game are."""
        return self._folder

    @property
    def _files(self) -> Sandbox:
        assert self._sandbox is not None
        return self._sandbox

    def _open(self, task: Task) -> None:
        self.end()
        self._task, self._moves, self._score = task, 0, 0.0
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="steno-files-"))
        except OSError as error:
            raise EnvUnavailable(
                f"cannot make a directory to work in ({error.strerror}): make room in "
                f"{tempfile.gettempdir()}, or set TMPDIR"
            ) from error
        self._remove = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._sandbox = Sandbox(self._folder)

    def _do(self, command: Command) -> Turn:
        match command.verb:
            case "list":
                return self._told(self._listing(command.what))
            case "read":
                return self._told(_page(self._files.read(command.what), command.line))
            case "write":
                self._files.write(command.what, command.text)
                self._check()
                count = len(command.text.splitlines())
                return self._told(f"Wrote {count} line{'s' * (count != 1)} to {command.what}.")
            case "search":
                return self._told(self._search(command.what))
            case "calculate":
                return self._told(f"= {calculate(command.what)}")
            case "done":
                self._check()
                done = self._score >= 1.0
                text = "The goal is reached." if done else "The goal is not reached."
                return self._told(text, over=True, won=done)

    def _told(self, text: str, *, over: bool = False, won: bool = False) -> Turn:
        return Turn(
            text=text,
            score=self._score,
            max_score=1.0,
            won=won,
            lost=over and not won,
            moves=self._moves,
            over=over,
        )

    def _check(self) -> None:
        self._score = float(self._task.check(self._texts()))

    def _texts(self) -> dict[str, str]:
        """All files by path; what cannot be read counts as not there."""
        texts = {}
        for entry in self._files.files():
            with suppress(Refused):
                texts[entry.path] = self._files.read(entry.path)
        return texts

    def _opening(self) -> str:
        return f"Goal: {self._task.goal}\n{self._listing('')}"

    def _listing(self, path: str) -> str:
        entries = self._files.entries(path)
        lines = [
            f"{entry.path}/" if entry.size is None else f"{entry.path} ({entry.size} bytes)"
            for entry in entries
        ]
        where = path or "this directory"
        return "\n".join([f"In {where}:" if lines else f"Nothing in {where}.", *lines])

    def _search(self, words: str) -> str:
        found: list[str] = []
        for path, text in self._texts().items():
            for number, line in enumerate(text.splitlines(), start=1):
                if words.lower() in line.lower():
                    found.append(f"{path}, line {number}: {line[:200]}")
        shown = found[:FOUND_LINES]
        if len(found) > len(shown):
            shown.append(f"and {len(found) - len(shown)} more lines")
        return "\n".join(shown) or f"No file has {words!r} in it."


def _page(text: str, first: int) -> str:
    """Some lines of a file from the line `first` on, and how to read on."""
    lines = text.splitlines()
    if not lines:
        return "The file is empty."
    if first > len(lines) or first < 1:
        raise Refused(f"that file has {len(lines)} lines")
    shown: list[str] = []
    for line in lines[first - 1 : first - 1 + PAGE_LINES]:
        if shown and sum(map(len, shown)) + len(line) > PAGE_CHARS:
            break
        shown.append(line[:PAGE_CHARS])
    last = first - 1 + len(shown)
    rest = [] if last == len(lines) else [f"(line {last} of {len(lines)}; read on from {last + 1})"]
    return "\n".join(shown + rest)
