"""Files of prompts: what a model is asked, so that a burst adapter can learn from its answers."""

from __future__ import annotations

import json
from pathlib import Path

from agent.errors import TrainingFailed


def read_prompts(path: Path) -> list[str]:
    """Prompts of a text file, one a line, or of JSON lines with a "prompt" each.

    Raises TrainingFailed where the file cannot be read, a line is damaged, or there is no prompt.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingFailed(f"cannot read the prompts in {str(path)!r}: {error}") from error
    prompts = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if path.suffix == ".jsonl":
            try:
                line = str(json.loads(line)["prompt"])
            except (ValueError, KeyError, TypeError) as error:
                raise TrainingFailed(
                    f'{path}: line {number} is no JSON object with a "prompt": {line[:60]!r}'
                ) from error
        prompts.append(line)
    if not prompts:
        raise TrainingFailed(f"{str(path)!r} has no prompt; write one a line")
    return prompts
