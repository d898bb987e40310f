"""A process that serves environments over a pipe: the far end of envs/workers.py.

    python -c 'from envs.worker import main; main()' FD PARENT

The first message is the maker; then each is (key, verb, arguments, keys to forget), answered by
(True, result) or (False, (name of an error of envs.errors, its text)).
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from envs.base import TextEnv
from envs.errors import failure, name_of

READY = "ready"
MAKE = "make"
_BY_PLACE = {"step", "restore"}

Reply = tuple[bool, Any]


def main() -> None:
    """Serve until the pipe is closed or the parent is gone."""
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    serve(Connection(descriptor))


def serve(connection: Connection) -> None:
    """Answer requests in the order in which they come."""
    games: dict[int, TextEnv] = {}
    try:
        make: Callable[[str], TextEnv] = connection.recv()
    except Exception as error:  # noqa: BLE001 (a maker whose module does not import here)
        connection.send(f"its maker does not import: {type(error).__name__}: {error}")
        return
    connection.send(READY)
    while True:
        try:
            key, verb, arguments, forgotten = connection.recv()
        except (EOFError, OSError):
            return
        for gone in forgotten:
            with suppress(Exception):
                games.pop(gone).close()
        reply = _answer(games, make, key, verb, arguments)
        try:
            connection.send(reply)
        except (EOFError, OSError):
            return
        except Exception as error:  # noqa: BLE001 (what an environment returns may not be picklable)
            told = f"{verb} gave what cannot be sent between processes: {error}"
            connection.send((False, ("EnvFailed", told)))


def _answer(
    games: dict[int, TextEnv],
    make: Callable[[str], TextEnv],
    key: int,
    verb: str,
    arguments: dict[str, Any],
) -> Reply:
    spec = arguments.get("spec") if verb == MAKE else games[key].spec
    try:
        if verb == MAKE:
            games[key] = make(arguments["spec"])
            return True, None
        call = getattr(games[key], verb)
        if verb in _BY_PLACE:  # as gymnasium does: an action may have another name there
            return True, call(*arguments.values())
        return True, call(**arguments)
    except Exception as error:  # noqa: BLE001 (a stranger's code: it is raised again at the near end)
        told = failure(str(spec), error)
        return False, (name_of(told), str(told))


def _end_with(parent: int) -> None:
    """End this process when its parent is gone, even while an environment hangs."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
