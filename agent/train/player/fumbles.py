"""Mistakes in a kitchen that leave the game winnable: what a policy does and notes that has lost count.

Food that the recipe names is never cooked or cut wrongly while it is carried, which would lose the game.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from agent.train.player.belief import Belief
from agent.train.player.cooking import take
from agent.train.player.decision import Decision
from agent.train.player.foods import APPLIANCE, COOKED, CUT, plain

_MISSING, _READY = " missing", " ready"
_STEPS = "|".join((*APPLIANCE, *CUT))
_CLAUSE = re.compile(rf" (?:to (?:{_STEPS})(?: and \w+)?|missing|ready)\b")
_FIRST, _LATER = re.compile(rf"(?<=: )(?:{_STEPS}), "), re.compile(rf", (?:{_STEPS})\b")
_RAW = re.compile(r"\braw ")
_KNIFE = re.compile(r"(?<=carrying )knife, |, knife\b")


def fumble(belief: Belief, right: str, dice: random.Random) -> Decision | None:
    """A deed with food that is not the right one; None where the recipe is not known yet."""
    if belief.recipe is None or belief.here is None or belief.meal:
        return None
    held = {plain(each) for each in belief.carrying or ()}
    safe = [name for name in belief.recipe if name not in held]
    safe += [name for name in held if name not in belief.recipe]
    lying = {plain(item): holder for item, holder in belief.here.items.items()}
    deeds = [Decision("prepare meal", "prepare")]
    deeds += [take(name, lying.get(name, "")) for name in {**dict.fromkeys(safe), **lying}]
    for name in safe:
        step, tool = dice.choice(sorted(APPLIANCE.items()))
        facts = {"item": name, "step": step, "tool": tool}
        deeds.append(Decision(f"cook {name} with {tool}", "cook", facts))
        step = dice.choice(sorted(CUT))
        deeds.append(Decision(f"{step} {name} with knife", "cut", {"item": name, "step": step}))
    wrong = [deed for deed in deeds if deed.command != right]
    return dice.choice(wrong) if wrong else None


def miscounted(place: str, dice: random.Random) -> str:
    """What a thought says of the meal, with one ingredient's state wrong."""
    clauses = list(_CLAUSE.finditer(place))
    if not clauses:
        return place
    found = dice.choice(clauses)
    wrong = _MISSING if found[0] == _READY else _READY
    return place[: found.start()] + wrong + place[found.end() :]


def misstated(lines: Sequence[str], dice: random.Random) -> list[str] | None:
    """Note operations that forget a step of the recipe, the knife in the hand, or that food is raw.

    None where no line tells of those. What was forgotten costs a refusal and no game: a step too few,
    never one too many.
    """
    places = [
        (number, found)
        for number, line in enumerate(lines)
        for pattern in (_FIRST, _LATER, _RAW, _KNIFE)
        for found in pattern.finditer(line)
    ]
    if not places:
        return None
    number, found = dice.choice(places)
    state = f"{dice.choice(sorted(COOKED.values()))} " if found.re is _RAW else ""
    wrong = list(lines)
    wrong[number] = lines[number][: found.start()] + state + lines[number][found.end() :]
    return wrong
