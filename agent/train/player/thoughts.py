"""A decision as a thought: one plain line that gives the true reason and names the command.

The words vary, and follow from what the window shows: a thought takes the turn of phrase (FORMS) after
the one of the thought before it, and with it one of the ways to give its reason (REASONS). Commands that
are no verbs have forms of their own (NOUN_FORMS), after which the turns begin anew. So a reader of the
window can know them, and a model learns reasons instead of dice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from string import Formatter

from agent.train.player.decision import Decision
from agent.train.player.phrases import FORMS, NOUN_FORMS, REASONS

_MOVES = r"go (?:north|east|south|west)"
_PLAIN = r"look|inventory|goal|prepare meal|eat meal"
_OTHERS = r"(?:take|open|examine|drop|cook|chop|slice|dice|unlock) [^.,:;!?\n]+?"
_COMMAND = rf"(?:{_MOVES}|{_PLAIN}|{_OTHERS})"
# A command stands at the start, or after one of the words that introduce it.
_INTRODUCED = re.compile(
    rf"(?:^|(?:\bI|\bso|\bSo|\bwill|\bLet me|\bbetter|\bNext:|\bTime to|:) )"
    rf"({_COMMAND})(?= because |[.,:;!?]|$)"
)
_NOUNS = frozenset({"inventory", "goal"})


def phrasings(decision: Decision, places: Sequence[str], before: str) -> Iterator[str]:
    """Thoughts for a decision, without end; the caller takes the first that is short enough.

    `places` are the room in words, in ever fewer of them; `before` is the thought before this one, empty
    where the window shows none.
    """
    facts = {**decision.facts, "command": decision.command}
    forms = NOUN_FORMS if decision.command in _NOUNS else FORMS
    turn = turn_after(before)
    reasons = REASONS[decision.kind]
    for step in range(turn, turn + len(forms)):
        form = forms[step % len(forms)]
        for place in places:
            for number in range(step, step + len(reasons)):
                reason = reasons[number % len(reasons)]
                if all(facts.get(each) for each in (_fields(form) | _fields(reason)) - {"place"}):
                    yield _filled(form, reason, {**facts, "place": place})
    while True:
        yield f"Next: {decision.command}."


def turn_after(before: str) -> int:
    """The number of the next turn of phrase: the one after the last thought's; the first after none."""
    for number, pattern in _PATTERNS:
        if pattern.fullmatch(before.strip()):
            return (number + 1) % len(FORMS)
    return 0


def command_of(thought: str) -> str | None:
    """The command that a thought names, the last where there are several; None where there is none."""
    found = _INTRODUCED.findall(thought.strip())
    return " ".join(str(found[-1]).split()) if found else None


def _filled(form: str, reason: str, facts: dict[str, str]) -> str:
    said = reason.format(**facts)
    given = {**facts, "reason": said, "Reason": _capital(said), "Place": _capital(facts["place"])}
    return form.format(**given)


def _fields(text: str) -> frozenset[str]:
    """The facts that a form or a reason names."""
    names = {name.lower() for _, name, _, _ in Formatter().parse(text) if name}
    return frozenset(names - {"reason"})


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _pattern(form: str) -> re.Pattern[str]:
    """What every thought of a form looks like."""
    named = {None: "", "command": _COMMAND, "place": r"[^.:;]+?", "Place": r"[^.:;]+?"}
    parts = Formatter().parse(form)
    return re.compile("".join(re.escape(said) + named.get(name, ".+") for said, name, *_ in parts))


def _by_plainness() -> list[tuple[int, re.Pattern[str]]]:
    """The forms' numbers and patterns, those with most words of their own first."""
    own = [sum(len(said) for said, *_ in Formatter().parse(form)) for form in FORMS]
    return [(n, _pattern(FORMS[n])) for n in sorted(range(len(FORMS)), key=lambda n: -own[n])]


_PATTERNS = _by_plainness()
