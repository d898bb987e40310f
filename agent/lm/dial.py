"""How a thought is thought, while it is being thought: a person may turn it between two passes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.lm.types import Burst, Mode

Turn = tuple[int, "Burst"]
"""How many passes were made by then, and how those after them think."""


class Dial:
    """One generation's mode. Any thread may turn it; the model reads it once before each pass."""

    def __init__(self, mode: Mode, turns: Sequence[Turn] = ()) -> None:
        """`mode` is that of the first pass; `turns` those of a generation that is made again."""
        self._lock = threading.Lock()
        self._now: Mode = mode
        self._due = list(turns)
        self._asked: Burst | None = None
        self.turns: list[Turn] = []
        """Those that took effect, for the record."""
        self.last: Burst | None = None
        """What was asked for last, whether a pass was made after it or not."""

    def turn(self, mode: Burst) -> None:
        """Think so from the next pass on."""
        with self._lock:
            self._asked = self.last = mode

    def after(self, made: int) -> Mode:
        """The mode of the pass that comes after `made` ones."""
        with self._lock:
            while self._due and self._due[0][0] <= made:
                self._asked = self._due.pop(0)[1]
            if self._asked is not None and self._asked != self._now:
                self._now = self._asked
                self.turns.append((made, self._asked))
            self._asked = None
            return self._now
