"""The same screens in a browser, on this machine only, through textual-serve."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence

from agent.errors import ConfigError

_STENO = "from agent.cli import main; main()"


def serve(arguments: Sequence[str], port: int) -> None:
    """Serve `steno` with these arguments, a session for each visit, until Ctrl-C. Raises ConfigError."""
    try:
        from tui.web_server import LocalServer
    except ImportError as error:
        raise ConfigError("--web needs textual-serve: pip install 'steno-agent[web]'") from error
    command = shlex.join([sys.executable, "-c", _STENO, *arguments])
    try:
        LocalServer(command, port, "Steno").serve()
    except (OSError, OverflowError) as error:  # taken, reserved, or no port at all
        raise ConfigError(f"--port {port}: {error}; name another one") from error
