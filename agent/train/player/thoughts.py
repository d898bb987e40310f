"""A decision as a thought: one plain line that gives the true reason and names the command.

Which words are chosen follows from a hash of the window, so the same window gives the same thought.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from string import Formatter

from agent.train.player.decision import Decision
from agent.train.player.phrases import (
    CLOSINGS,
    NOUN_CLOSINGS,
    NOUN_REVERSED,
    OPENINGS,
    REASONS,
    REVERSED,
)

_MOVES = r"go (?:north|east|south|west)"
_PLAIN = r"look|inventory|goal|prepare meal|eat meal"
_OTHERS = r"(?:take|open|examine|drop|cook|chop|slice|dice|unlock) [^.,:;!?\n]+?"
# A command stands at the start, or after one of the words that introduce it.
_INTRODUCED = re.compile(
    rf"(?:^|(?:\bI|\bso|\bSo|\bwill|\bLet me|\bbetter|\bNext:|\bTime to|:) )"
    rf"({_MOVES}|{_PLAIN}|{_OTHERS})(?= because |[.,:;!?]|$)"
)
_FIELDS = {
    reason: tuple(name for _, name, _, _ in Formatter().parse(reason) if name)
    for reasons in REASONS.values()
    for reason in reasons
}
MOST_TRIES = 40


def stream(*texts: str) -> random.Random:
    """A stream of random numbers that is a function of the texts alone."""
    digest = hashlib.sha256("\x1f".join(texts).encode("utf-8", "replace")).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))


def phrasings(decision: Decision, here: str, draw: random.Random) -> Iterator[str]:
    """Thoughts for a decision, varied, without end; the caller takes the first that is short enough.

    Later ones are shorter: after a while openings are left out, and then all but the shortest reason.
    """
    facts = {"here": here, **decision.facts}
    usable = [r for r in REASONS[decision.kind] if all(facts.get(f) for f in _FIELDS[r])]
    bare = f"Next: {decision.command}."
    for attempt in range(MOST_TRIES):
        if not usable:
            break
        reason = draw.choice(usable).format(**facts)
        openings = OPENINGS if attempt < MOST_TRIES // 2 and here else ("",)
        opening = draw.choice(openings)
        if opening and f"the {here}" in reason:
            opening = ""  # the reason names the room already
        yield _phrase(
            decision.command, reason, opening.format(here=here, Here=_capital(here)), draw
        )
    while True:
        yield bare


def _phrase(command: str, reason: str, opening: str, draw: random.Random) -> str:
    noun = command in {"inventory", "goal"}
    if opening[-2:] in {"", ". "} and draw.random() < 0.45:
        text = draw.choice(NOUN_REVERSED if noun else REVERSED)
        said = text.format(command=command, reason=reason, Reason=_capital(reason))
        return opening + _capital(said)
    said = reason + draw.choice(NOUN_CLOSINGS if noun else CLOSINGS).format(command=command)
    return _capital(opening + (_capital(said) if opening.endswith(". ") else said))


def command_of(thought: str) -> str | None:
    """The command that a thought names, the last where there are several; None where there is none."""
    found = _INTRODUCED.findall(thought.strip())
    return " ".join(str(found[-1]).split()) if found else None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
