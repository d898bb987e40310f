"""Which parcel comes next: one whose label an attentive courier understands, and a forgetful one not.

A label only goes by what the courier has seen or been told, best by what that was long ago. Somebody
whom the courier has not met yet is named with the place, whose name stands at an exit that the courier
has seen.
"""

from collections.abc import Iterator
from typing import NamedTuple

from envs.courier.dice import Dice
from envs.courier.levels import Kind, Level
from envs.courier.state import NEVER, NOBODY, Parcel, State
from envs.courier.telling import with_article
from envs.courier.town import Town
from envs.courier.words import MATERIALS, THINGS, TIES

_WORD_EVERY = 3  # parcels, on average, where there are words that are old enough


class Clue(NamedTuple):
    """A way to say whom a parcel is for."""

    kind: Kind
    person: int
    """Whom it means."""
    age: int
    """Steps since what it goes by was last seen or heard."""
    teller: int = NOBODY
    """Of a tie: who told of it."""


def next_parcel(town: Town, level: Level, state: State, dice: Dice) -> Parcel:
    """The next parcel. There always is one: the Post House's neighbours are named from the start."""
    strangers = [
        number
        for number, person in enumerate(state.people)
        if person.met == NEVER and state.named[person.home]
    ]
    known = [clue for clue in _clues(town, state) if clue.kind in level.kinds]
    old = [clue for clue in known if clue.age >= level.age]
    if strangers and (not old or dice.below(2)):
        number = dice.pick(strangers)
        person = state.people[number]
        person.met = state.step
        label = f"{town.people[number]}, at the {town.places[person.home]}"
        return Parcel(number, new_thing(state, dice), label)
    clue = _drawn(old, dice) if old else max(known, key=lambda each: each.age)
    promised = state.people[clue.person].promise
    return Parcel(
        clue.person,
        promised if clue.kind == "promise" else new_thing(state, dice),
        _label(town, state, clue, dice),
        _voucher(level, state, dice, clue.person),
    )


def new_thing(state: State, dice: Dice) -> str:
    """Something that nobody was promised and nobody got last: there are far more things than people."""
    taken = {thing for each in state.people for thing in (each.promise, each.gift)}
    while True:
        thing = f"{dice.pick(MATERIALS)} {dice.pick(THINGS)}"
        if thing not in taken:
            return thing


def _clues(town: Town, state: State) -> Iterator[Clue]:
    """All that an attentive courier could make out now."""
    now = state.step
    for number, person in enumerate(state.people):
        if person.met != NEVER:
            yield Clue("name", number, now - person.met)
            if person.trade != NEVER:
                yield Clue("trade", number, now - person.trade)
            if person.promise:
                yield Clue("promise", number, now - person.promised)
            if person.gift:
                yield Clue("gift", number, now - person.given)
        _, other = town.ties[number]
        if person.tie != NEVER and state.people[other].met != NEVER:
            yield Clue("tie", other, now - person.tie, teller=number)


def _drawn(clues: list[Clue], dice: Dice) -> Clue:
    """A kind first, so that those of which there are few come as often as the others."""
    kind = dice.pick(sorted({clue.kind for clue in clues}))
    return dice.pick([clue for clue in clues if clue.kind == kind])


def _label(town: Town, state: State, clue: Clue, dice: Dice) -> str:
    if clue.kind == "trade":
        return f"the {town.trades[clue.person]}"
    if clue.kind == "promise":
        return "the one you promised it to"
    if clue.kind == "gift":
        return f"the one who last got {with_article(state.people[clue.person].gift)} from you"
    if clue.kind == "tie":
        teller = town.people[clue.teller]
        if state.people[clue.teller].trade != NEVER and dice.below(2):
            teller = f"the {town.trades[clue.teller]}"
        return TIES[town.ties[clue.teller][0]][1].format(person=teller)
    return town.people[clue.person]


def _voucher(level: Level, state: State, dice: Dice, receiver: int) -> int:
    """Whose word the receiver will ask for; mostly nobody's."""
    known = [
        number
        for number, each in enumerate(state.people)
        if each.word and number != receiver and state.step - each.worded >= level.age
    ]
    return dice.pick(known) if known and dice.below(_WORD_EVERY) == 0 else NOBODY
