"""A window's token ids as what they say: the notes and the turns since the last prune. Pure.

Turns are told apart by the vocabulary's turn marks, never by words in the text, so no observation can
pass for something else. Whatever the ids are, an answer comes: what is missing is empty.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agent import prompts
from agent.lm.vocabulary import Vocabulary

Role = Literal["system", "user", "assistant"]

_NOTE = re.compile(r"^(\d{1,6})\. ([^:\n]+): (.*)$", re.MULTILINE)
_THOUGHT = re.compile(rf"{re.escape(prompts.THOUGHT_CUE)}([^\n]*)")
_ACTION = re.compile(rf"{re.escape(prompts.ACTION_CUE)}([^\n]*)")
# How the loop's own requests begin, taken from where they are worded.
_OVER = prompts.summarise("end", notes_shown=0).partition(".")[0]
_ASKED = (
    _OVER,
    *(prompts.summarise(why, notes_shown=0).partition(".")[0] for why in ("high_water", "asked")),
    prompts.summarise_again("").partition(":")[0],
)
_LOOKED_UP = prompts.recalled("", []).partition(":")[0]


@dataclass(frozen=True, slots=True)
class ShownNote:
    """A note as the head shows it, under its number there."""

    n: int
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: what was seen, what was thought of it and what was done. Empty: not (yet) there."""

    observation: str
    thought: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a window says."""

    system: str
    notes: tuple[ShownNote, ...]
    turns: tuple[Turn, ...]
    over: bool = False
    """Whether the request for notes says that the game is over."""


def read_window(vocabulary: Vocabulary, ids: Sequence[int]) -> Transcript:
    """The transcript of a window. Never raises for what the ids may be."""
    system, over = "", False
    notes: tuple[ShownNote, ...] = ()
    turns: list[Turn] = []
    heads = 0
    for role, text in pieces(vocabulary, ids):
        if role == "system":
            system = text
        elif role == "user" and heads == 0:
            heads, notes = 1, read_notes(text)
        elif role == "user" and text.startswith(_ASKED):
            over = over or text.startswith(_OVER)
        elif role == "user" and not text.startswith(_LOOKED_UP):
            turns.append(Turn(text))
        elif role == "assistant" and turns:
            turns[-1] = _answered(turns[-1], text)
    return Transcript(system, notes, tuple(turns), over)


def read_notes(head: str) -> tuple[ShownNote, ...]:
    """The notes of the first user turn, in the order of their numbers."""
    found = (ShownNote(int(m[1]), m[2].strip(), m[3].strip()) for m in _NOTE.finditer(head))
    return tuple(found)


def pieces(vocabulary: Vocabulary, ids: Sequence[int]) -> list[tuple[Role, str]]:
    """The window's texts in order, each with whose turn it stands in."""
    turns = vocabulary.turns
    marks: list[tuple[tuple[int, ...], Role | None]] = [
        (turns.begin, "system"),
        (turns.system_to_user, "user"),
        (turns.user_to_assistant, "assistant"),
        ((*turns.assistant_end, *turns.open_user), "user"),
        (turns.open_user, "user"),
        (turns.assistant_end, None),
    ]
    # The longest mark that fits is the right one; an end of turn may begin several of them.
    marks = sorted((mark for mark in marks if mark[0]), key=lambda mark: -len(mark[0]))
    starts = {mark[0][0] for mark in marks}
    found: list[tuple[Role, list[int]]] = []
    role: Role | None = None
    at, total = 0, len(ids)
    while at < total:
        mark = None
        if ids[at] in starts:
            mark = next((m for m in marks if tuple(ids[at : at + len(m[0])]) == m[0]), None)
        if mark is not None:
            role = mark[1]
            at += len(mark[0])
            if role is not None:
                found.append((role, []))
            continue
        if role is not None:
            found[-1][1].append(ids[at])
        at += 1
    return [(each, vocabulary.decode(text)) for each, text in found]


def _answered(turn: Turn, text: str) -> Turn:
    thought = _THOUGHT.search(text)
    action = _ACTION.search(text)
    return Turn(
        turn.observation,
        thought[1].strip() if thought else turn.thought,
        action[1].strip() if action else turn.action,
    )
