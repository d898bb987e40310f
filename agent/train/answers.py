"""Text that the frozen model writes itself, in answer to prompts: what a burst adapter learns from.

Text from elsewhere would do much worse: a burst is judged by what this model would have written.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agent.errors import TrainingFailed
from agent.lm.types import Request, Sampling, Slow
from agent.lm.vocabulary import Vocabulary
from agent.seeds import derive
from agent.train.data import PROMPTS
from agent.train.sequences import TokenSequence, Written, write
from agent.train.settings import BurstSettings

ANSWERS = "answers.jsonl"
_TOGETHER = 8  # requests that share a pass
_MARK = "«steno-prompt»"


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


def answered(settings: BurstSettings, out: Path) -> Path:
    """The file of answers beside the adapter, made unless it is there already."""
    path = out / ANSWERS
    if not path.exists():
        assert settings.prompts is not None
        prompts = read_prompts(settings.prompts)
        made = asyncio.run(_answer_all(prompts, settings))
        unfinished = path.with_suffix(".part")
        write(unfinished, made)
        unfinished.rename(path)
    return path


async def _answer_all(prompts: Sequence[str], settings: BurstSettings) -> list[TokenSequence]:
    from rich.console import Console
    from rich.progress import Progress

    from agent.lm.weights import load

    assert settings.prompts is not None
    engine = load(
        settings.model, dtype=settings.dtype, device=settings.device, policy=settings.policy
    )
    source = PROMPTS + settings.prompts.name
    ahead = asyncio.Semaphore(_TOGETHER)
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bar:
        shown = bar.add_task("answers to prompts", total=len(prompts))

        async def answer(number: int, prompt: str) -> TokenSequence | None:
            async with ahead:
                window = chat_window(engine.vocabulary, prompt)
                longest = engine.context_limit - len(window)
                request = Request(
                    "think",
                    Slow(),
                    min(settings.answer_tokens, longest),
                    Sampling(
                        settings.temperature,
                        min_p=settings.min_p,
                        seed=derive(settings.seed, "answer", number),
                    ),
                )
                if longest < 2:
                    return None
                ids = (await engine.generate(f"prompt {number}", window, request)).token_ids
                engine.forget(f"prompt {number}")
                bar.advance(shown)
                stretch = Written(start=len(window), stop=len(window) + len(ids), purpose="think")
                return TokenSequence(
                    ids=(*window, *ids), written=(stretch,), source=source, seed=number
                )

        try:
            found = await asyncio.gather(*(answer(*each) for each in enumerate(prompts)))
        finally:
            engine.close()
    return [each for each in found if each is not None]


def chat_window(vocabulary: Vocabulary, prompt: str) -> list[int]:
    """A chat with the prompt as its only user turn, up to where the model's own text begins."""
    tokenizer: Any = vocabulary.tokenizer  # type: ignore[attr-defined]
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": _MARK}], tokenize=False, add_generation_prompt=True
    )
    before, _, after = str(chat).partition(_MARK)
    marks = [tokenizer.encode(text, add_special_tokens=False) for text in (before, after)]
    return [*marks[0], *vocabulary.encode(prompt), *marks[1]]
