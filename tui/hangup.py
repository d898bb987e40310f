"""A terminal that goes away.

Mostly a SIGHUP tells of it. But a process that is not the terminal's own gets none (one started through
`setsid`, `nohup` or a container's shim), and it would play on with nobody to see it: what paints waits
for ever for the terminal to take more, so no signal is answered either.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable


def on_hangup(then: Callable[[], None]) -> None:
    """Call `then`, on a thread of its own, when the terminal that is typed on goes away."""
    if not os.environ.get("TEXTUAL_DRIVER") and sys.stdin.isatty():
        threading.Thread(target=_wait, args=(sys.stdin.fileno(), then), daemon=True).start()


def _wait(terminal: int, then: Callable[[], None]) -> None:
    waiting = select.poll()
    waiting.register(terminal, 0)  # a hang-up is told of without being asked for
    [(_, told)] = waiting.poll()
    if told & (select.POLLHUP | select.POLLERR):  # and not that there is no such file any more
        then()
