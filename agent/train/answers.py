"""Text that the frozen model writes itself, in answer to prompts: what a burst adapter learns from.

Text from elsewhere would do much worse: a burst is judged by what this model would have written. Each
answer is on disk as soon as it is written, so a training that was killed among them goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from agent.lm.engine import Engine
from agent.lm.types import Request, Sampling, Slow
from agent.lm.weights import load
from agent.seeds import derive
from agent.together import together
from agent.train import directory
from agent.train.bar import counted
from agent.train.data import PROMPTS
from agent.train.prompts import read_prompts
from agent.train.run import policy_of
from agent.train.sequences import TokenSequence, Written, write
from agent.train.settings import BurstSettings

ANSWERS = "answers.jsonl"
_UNFINISHED = "answers.part"
_TOGETHER = 8  # requests that share a pass


def answered(settings: BurstSettings, out: Path) -> Path:
    """The file of answers beside the adapter, made unless it is there already.

    Raises TrainingFailed, and what loading a model raises. A training that is cut off here can be
    resumed: the settings are written down first, and the answers there are kept.
    """
    path = out / ANSWERS
    if not path.exists():
        assert settings.prompts is not None
        prompts = read_prompts(settings.prompts)
        engine = load(
            settings.model, dtype=settings.dtype, device=settings.device, policy=policy_of(settings)
        )
        try:
            directory.record(
                settings,
                out,
                model=engine.fingerprint,
                prompts=directory.data_hash([settings.prompts]),
            )
            (out / _UNFINISHED).touch()
            made = asyncio.run(_answer_all(engine, prompts, settings, out / _UNFINISHED))
        finally:
            engine.close()
        write(path, (made[number] for number in sorted(made)))
        (out / _UNFINISHED).unlink()
    return path


async def _answer_all(
    engine: Engine, prompts: Sequence[str], settings: BurstSettings, unfinished: Path
) -> Mapping[int, TokenSequence]:
    """An answer to each prompt that leaves the model room for one, by the prompt's number."""
    made, size = _read_unfinished(unfinished)
    ahead = asyncio.Semaphore(_TOGETHER)
    with unfinished.open("r+b") as file, counted("answers to prompts", len(prompts)) as tell:
        file.truncate(size)
        file.seek(size)
        tell(len(made))

        async def answer(number: int) -> None:
            async with ahead:
                found = await _answer(engine, prompts[number], number, settings)
            if found is not None:
                made[number] = found
                file.write(found.model_dump_json().encode() + b"\n")
                file.flush()
            tell(1)

        async with together() as group:
            for number in range(len(prompts)):
                if number not in made:
                    group.create_task(answer(number))
    return made


async def _answer(
    engine: Engine, prompt: str, number: int, settings: BurstSettings
) -> TokenSequence | None:
    """None where the prompt fills all positions that the model has."""
    assert settings.prompts is not None
    window = engine.vocabulary.chat(prompt)
    room = engine.context_limit - len(window)
    if room < 2:
        return None
    sampling = Sampling(
        settings.temperature, min_p=settings.min_p, seed=derive(settings.seed, "answer", number)
    )
    request = Request("think", Slow(), min(settings.answer_tokens, room), sampling)
    session = f"prompt {number}"
    ids = (await engine.generate(session, window, request)).token_ids
    engine.forget(session)
    return TokenSequence(
        ids=(*window, *ids),
        written=(Written(start=len(window), stop=len(window) + len(ids), purpose="think"),),
        source=PROMPTS + settings.prompts.name,
        seed=number,
        vocabulary=engine.vocabulary.identity,
    )


def _read_unfinished(path: Path) -> tuple[dict[int, TokenSequence], int]:
    """The answers that an earlier command left, by number, and the bytes of these whole lines."""
    found, size = {}, 0
    for line in path.read_bytes().splitlines(keepends=True):
        try:
            answer = TokenSequence.model_validate_json(line)
        except ValidationError:
            break
        if not line.endswith(b"\n"):
            break
        found[answer.seed] = answer
        size += len(line)
    return found, size
