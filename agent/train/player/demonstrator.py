"""The player as a language model: it answers a window, and knows nothing but the window."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace

from agent.lm.types import Burst, Choices, Generation, OnPass, Pass, Request, StopReason
from agent.lm.vocabulary import Vocabulary
from agent.note_ops import render
from agent.prompts import THOUGHT_END
from agent.train.player import cooking
from agent.train.player.belief import Belief
from agent.train.player.decision import MOVING, Bearings, Decision
from agent.train.player.notes import operations
from agent.train.player.places import OPPOSITE, room_of
from agent.train.player.reading import belief_of, decide, family_of
from agent.train.player.remember import read_room
from agent.train.player.thoughts import command_of, phrasings
from agent.train.player.window import Transcript, read_window

VERSION = 12
"""Counts changes of what the player writes: two players of one version write the same."""


class Demonstrator:
    """Implements LanguageModel: a pure function of the window's ids and the request."""

    name = "demonstrator"
    context_limit = 1_000_000
    numerics = "none"
    burst_limit = 1_000

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.fingerprint = hashlib.sha256(f"demonstrator {VERSION}".encode()).hexdigest()

    async def generate(
        self, session: str, window: Sequence[int], request: Request, on_pass: OnPass | None = None
    ) -> Generation:
        """Answer the window. Sampling is ignored: the words follow from the window alone."""
        ids = self.answer(window, request)
        stop: StopReason = "stop_token" if request.purpose == "act" else "stop_string"
        if len(ids) > request.max_tokens:
            ids, stop = ids[: request.max_tokens], "max_tokens"
        size = request.mode.k if isinstance(request.mode, Burst) else 1
        passes = []
        for start in range(0, len(ids), size):
            kept = tuple(ids[start : start + size])
            # It is certain of each token: no bits, as a policy that has learnt it would have.
            each = Pass(kept, (-math.log(1.0),) * len(kept), len(window) if start == 0 else 0)
            passes.append(each)
            if on_pass is not None:
                on_pass(each)
        return Generation(tuple(passes), stop, 0.0)

    def answer(self, window: Sequence[int], request: Request) -> list[int]:
        """The token ids of the answer, its ending included."""
        vocabulary = self.vocabulary
        transcript = read_window(vocabulary, window)
        if request.purpose == "think":
            return self._thought(transcript, request.max_tokens)
        if request.purpose == "summarise":
            return self._notes(transcript, request.max_tokens)
        command = self._command(transcript)
        if isinstance(request.constraint, Choices):
            command = _nearest(command, request.constraint.texts)
        ids = vocabulary.encode(f" {command}")
        return [*ids, *vocabulary.turns.assistant_end]

    def _thought(self, transcript: Transcript, max_tokens: int) -> list[int]:
        belief = belief_of(transcript)
        decision = decide(transcript, belief)
        places = _places(belief, decision, transcript)
        before = next((turn.thought for turn in reversed(transcript.turns) if turn.thought), "")
        ids: list[int] = []
        for text in phrasings(decision, places, before):
            ids = self.vocabulary.encode(f" {text}{THOUGHT_END}")
            if len(ids) <= max_tokens or text.startswith("Next: "):
                break
        return ids

    def _command(self, transcript: Transcript) -> str:
        """What the present thought names; where it names nothing, what the player would do."""
        thought = transcript.turns[-1].thought if transcript.turns else ""
        named = command_of(thought)
        return named or decide(transcript, belief_of(transcript)).command

    def _notes(self, transcript: Transcript, max_tokens: int) -> list[int]:
        belief = belief_of(transcript)

        def fits(text: str) -> bool:
            return len(self.vocabulary.encode(text)) <= max_tokens

        return self.vocabulary.encode(render(operations(belief, transcript.notes, fits)))

    def forget(self, session: str) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing to free."""


def _places(belief: Belief, decision: Decision, transcript: Transcript) -> list[str]:
    """The room that the player is in, in words: with its bearings where the decision leads out of it."""
    here = belief.here
    if here is None:
        return []
    if decision.kind not in MOVING:
        known = [cooking.standing(belief), cooking.standing(belief, brief=True)]
        if not known[0]:
            known = [_aim(belief, transcript)]
        return [*(f"{here.name}, {each}" for each in known if each), here.name]
    views = [room_of(turn.observation) for turn in transcript.turns[belief.afresh or 0 :]]
    shown = transcript.notes if belief.afresh is None else ()
    notes = {note.title.lower(): note.body for note in shown}
    body = notes.get(here.name)
    entered = belief.last_action.partition(" ")
    moved = entered[0] == "go" and bool(views) and views[-1] is not None
    bearings = Bearings(
        here,
        trail=belief.trail,
        came=OPPOSITE.get(entered[2]) if moved else None,
        noted=None if body is None else tuple(read_room(here.name, body).untried),
        again=sum(view is not None and view.name == here.name for view in views) > 1,
        aim=_aim(belief, transcript),
    )
    return list(
        dict.fromkeys([bearings.words(), bearings.brief(), replace(bearings, aim="").brief()])
    )


def _aim(belief: Belief, transcript: Transcript) -> str:
    if family_of(transcript.system) == "cooking":
        return cooking.aim(belief)
    return f"seeking {belief.target}" if belief.target else ""


def _nearest(command: str, choices: Sequence[str]) -> str:
    """The choice that is the command, or shares most words with it; the first of equals."""
    wanted = set(command.split())
    return max(choices, key=lambda each: (each.split() == command.split(), _overlap(each, wanted)))


def _overlap(choice: str, wanted: set[str]) -> float:
    have = set(choice.split())
    return len(have & wanted) / (len(have | wanted) or 1)
