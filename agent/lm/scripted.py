"""A deterministic stand-in for a language model. It ships, needs no torch, and drives the whole loop.

It answers from a script: a function of what was asked and of the window's text. Its vocabulary packs
up to four bytes of text into each token id, so ids need no table and mean the same in every process.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from agent.errors import ModelFailed
from agent.lm.types import (
    Burst,
    Choices,
    Generation,
    OnPass,
    Pass,
    Purpose,
    Request,
    StopReason,
)
from agent.lm.vocabulary import Turns, well_formed

_PIECES = re.compile(rb" ?[^\s]{1,3}|\s")
_LOGPROB = math.log(0.5)  # every scripted token claims one bit


class ScriptedVocabulary:
    """Bytes packed into ids: 1 followed by one to four bytes of UTF-8. Ids under 256 are marks."""

    BEGIN, SYSTEM, USER, ASSISTANT, END = range(5)

    turns = Turns(
        begin=(BEGIN, SYSTEM),
        system_to_user=(END, USER),
        user_to_assistant=(END, ASSISTANT),
        assistant_end=(END,),
        open_user=(USER,),
    )
    end_ids = frozenset({END})
    control_ids = frozenset(range(256))
    identity = "scripted"

    def encode(self, text: str) -> list[int]:
        """About four characters a token, like the real ones."""
        pieces = _PIECES.findall(well_formed(text).encode("utf-8"))
        return [int.from_bytes(b"\x01" + piece, "big") for piece in pieces]

    def decode(self, ids: Sequence[int]) -> str:
        """The text; marks are left out."""
        packed = (token.to_bytes(5, "big").lstrip(b"\0")[1:] for token in ids if token >= 256)
        return b"".join(packed).decode("utf-8", errors="replace")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a script sees: what is asked for, the window as text, and the choices where there are any."""

    purpose: Purpose
    window: str
    choices: tuple[str, ...]
    count: int
    """How many generations of this purpose this session has answered before."""
    seed: int = 0
    """The seed of this generation's own sampling stream."""


Script = Callable[[Prompt], str]


def stroll(prompt: Prompt) -> str:
    """The script that ships: it wanders, says why in a line, and notes where it has been.

    Not a player: a fixture that exercises every part of the loop.
    """
    rooms = re.findall(r"-= ([^=\n]+) =-", prompt.window)
    here = rooms[-1].strip() if rooms else "somewhere"
    digest = hashlib.sha256(f"{prompt.purpose}{prompt.seed}{prompt.window}".encode()).digest()
    if prompt.purpose == "think":
        return f" I am in {here}. I have not tried everything here, so I go on.\n"
    if prompt.purpose == "summarise":
        seen = ", ".join(dict.fromkeys(room.strip() for room in rooms)) or here
        return f"ADD places: been in {seen[:120]}\nEND"
    if prompt.choices:
        return prompt.choices[digest[0] % len(prompt.choices)]
    exits = re.findall(r"\b(north|south|east|west)\b", prompt.window[-800:])
    return " go " + exits[digest[0] % len(exits)] if exits else " look"


def _in_turn(texts: tuple[str, ...]) -> Script:
    remaining = iter(texts)

    def answer(prompt: Prompt) -> str:
        for text in remaining:
            return text
        raise ModelFailed(f"the script has {len(texts)} answers, and one more was asked for")

    return answer


class ScriptedModel:
    """Implements LanguageModel. `script` is a function of the prompt, or texts to answer in turn.

    In burst mode a pass keeps k tokens, so that TPF is exercised too; agreement is not claimed.
    """

    name = "scripted"
    context_limit = 1_000_000
    numerics = "none"
    burst_limit = 1_000

    def __init__(self, script: Script | Iterable[str] = stroll) -> None:
        self.vocabulary = ScriptedVocabulary()
        if callable(script):
            self._script = script
            label = f"{script.__module__}.{script.__qualname__}"
        else:
            texts = tuple(script)
            self._script = _in_turn(texts)
            label = repr(texts)
        self.fingerprint = hashlib.sha256(label.encode()).hexdigest()
        self._counts: dict[tuple[str, Purpose], int] = {}

    async def generate(
        self, session: str, window: Sequence[int], request: Request, on_pass: OnPass | None = None
    ) -> Generation:
        """Answer from the script, cut at the request's stops like a real model's output."""
        key = (session, request.purpose)
        count = self._counts.get(key, 0)
        self._counts[key] = count + 1
        choices = request.constraint.texts if isinstance(request.constraint, Choices) else ()
        text = self._script(
            Prompt(
                request.purpose,
                self.vocabulary.decode(window),
                choices,
                count,
                request.sampling.seed,
            )
        )
        ids, stop = self._stopped(text, request)
        passes: list[Pass] = []
        start = 0
        while start < len(ids):
            if request.gate is not None:
                await request.gate.wait()
            mode = request.mode_after(len(passes))
            kept = tuple(ids[start : start + (mode.k if isinstance(mode, Burst) else 1)])
            each = Pass(kept, (_LOGPROB,) * len(kept), len(window) if start == 0 else 0)
            passes.append(each)
            start += len(kept)
            if request.gate is not None:
                request.gate.passed(request.purpose)
            if on_pass is not None:
                on_pass(each)
            if request.max_passes is not None and len(passes) == request.max_passes:
                stop = "max_passes" if start < len(ids) else stop
                break
        return Generation(tuple(passes), stop, 0.0)

    def _stopped(self, text: str, request: Request) -> tuple[list[int], StopReason]:
        found = [at + len(s) for s in request.stop_strings if (at := text.find(s)) >= 0]
        if found:
            ids, stop = self.vocabulary.encode(text[: min(found)]), "stop_string"
        else:
            ids, stop = [*self.vocabulary.encode(text), ScriptedVocabulary.END], "stop_token"
        if len(ids) > request.max_tokens:
            return ids[: request.max_tokens], "max_tokens"
        return ids, "stop_token" if stop == "stop_token" else "stop_string"

    def forget(self, session: str) -> None:
        """Forget how often a session has asked."""
        self._counts = {key: n for key, n in self._counts.items() if key[0] != session}

    def close(self) -> None:
        """Nothing to free."""
