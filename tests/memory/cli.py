"""``steno memory`` as the tests run it: into a pipe, so that rows are JSON."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner, Result

from memory.commands import app


def run(*args: object, **kwargs: Any) -> Result:
    done = CliRunner().invoke(app, [str(arg) for arg in args], **kwargs)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def rows(*args: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(*args).output)
    return found
