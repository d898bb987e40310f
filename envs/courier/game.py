"""The rules: what each command does to a game, and what is said."""

from collections.abc import Callable

from envs.courier import telling
from envs.courier.commands import HELP, Command, parse
from envs.courier.dice import Dice
from envs.courier.levels import Level
from envs.courier.orders import new_thing, next_parcel
from envs.courier.state import NEVER, NOBODY, Parcel, Person, State
from envs.courier.town import HUB, Town
from envs.courier.words import DAY_STEPS, HOURS, TIES, WORDS

PARCEL_COINS = 2
WORD_COINS = 2

_ABSENT = "Nobody of that name is here."
_UNKNOWN = f"That is nothing a courier can do. {HELP}"
_SAY = [f"say {word}" for word in WORDS]
# Nobody moves to where so many live: who is where fits into a line.
_MOST_AT_A_PLACE = 4


class Game:
    """A town being played. `play` one action after the other; all that changes is in `state`."""

    def __init__(self, town: Town, level: Level, key: str, state: State | None = None) -> None:
        """`key` names the dice: the game's own. With a `state` the game goes on from there."""
        self.town, self.level = town, level
        self.state = state or State(
            people=[Person(home) for home in town.homes],
            named=[False] * len(town.places),
            visited=[False] * len(town.places),
        )
        self._dice = Dice(key, self.state.rolled)
        self._verbs: dict[str, Callable[[Command], str | None]] = {
            "go": self._go,
            "look": lambda _: self._look(),
            "inventory": lambda _: self._inventory(),
            "take": self._take,
            "give": self._give,
            "talk": self._talk,
            "say": self._say,
            "help": lambda _: HELP,
        }
        if state is None:
            self.state.said = self._welcome()
            self.state.rolled = self._dice.rolled

    def play(self, action: str) -> str:
        """Play an action: what is said to it."""
        state = self.state
        state.step += 1
        command = parse(action)
        said = self._verbs[command.verb](command) if command else None
        if said is not None:
            state.moves += 1
        state.said = _UNKNOWN if said is None else said
        state.rolled = self._dice.rolled
        return state.said

    def commands(self) -> list[str]:
        """Every command that makes sense now, sorted."""
        state, parcel = self.state, self.state.parcel
        here = self.here()
        found = [f"go {direction}" for direction in self.town.exits[state.place]]
        found += ["inventory", "look"]
        found += [f"talk to {self.town.people[number]}" for number in here]
        if parcel is None or parcel.where == "counter":
            if state.place == HUB:
                found.append("take parcel")
        elif parcel.where == "hand":
            found += [f"give parcel to {self.town.people[number]}" for number in here]
        else:
            found += _SAY
        found.sort()
        return found

    def here(self) -> list[int]:
        """Who is where the courier is."""
        place = self.state.place
        return [number for number, each in enumerate(self.state.people) if each.home == place]

    # --- the commands: None says that it is none; any other answer is one, a refusal too ---

    def _go(self, command: Command) -> str:
        state = self.state
        place = self.town.exits[state.place].get(command.what)
        if place is None:
            return f"No way leads {command.what} from here. {self._exits()}"
        if state.parcel is not None and state.parcel.where == "given":
            state.parcel = None  # whoever waited for the word waits no longer
        state.place = place
        first, state.visited[place] = not state.visited[place], True
        if first:
            return self._look()
        hour = HOURS[state.step * len(HOURS) // DAY_STEPS % len(HOURS)]
        return self._scene(self._dice.pick(hour))

    def _look(self) -> str:
        return self._scene(self.town.sights[self.state.place])

    def _inventory(self) -> str:
        state, parcel = self.state, self.state.parcel
        score = f"You have earned {state.coins} coins in {state.step} steps."
        if parcel is None:
            return f"You carry nothing. {score}"
        if parcel.where == "counter":
            return f"You carry nothing: your parcel waits at the Post House. {score}"
        if parcel.where == "given":
            return f"You carry nothing. {self._asks(parcel)} {score}"
        return f"You carry a parcel. {self._written(parcel)} {score}"

    def _take(self, command: Command) -> str | None:
        state, parcel = self.state, self.state.parcel
        wanted = command.what.split()
        if wanted[-1] != "parcel" and not (parcel and set(wanted) <= set(parcel.thing.split())):
            return None
        if parcel is not None and parcel.where == "hand":
            return "You carry a parcel already: one at a time."
        if state.place != HUB:
            return "Parcels are handed out at the Post House."
        if parcel is not None and parcel.where == "counter":
            parcel.where = "hand"
            return f"You take the same parcel again. {self._written(parcel)}"
        state.parcel = parcel = next_parcel(self.town, self.level, state, self._dice)
        return f"You take the next parcel. {self._written(parcel)}"

    def _give(self, command: Command) -> str | None:
        state, parcel = self.state, self.state.parcel
        number = self._present(command.whom)
        if number is None:
            return _ABSENT
        if parcel is None or parcel.where != "hand":
            return "You carry no parcel."
        wanted = command.what.split()
        if wanted[-1] != "parcel" and not set(wanted) <= set(parcel.thing.split()):
            return None
        name, person = self.town.people[number], state.people[number]
        if number != parcel.person:
            parcel.where = "counter"
            return f'"That is not for me," says {name}, and sends it back to the Post House.'
        state.coins += PARCEL_COINS
        if person.promise == parcel.thing:
            person.promise = ""
        person.gift, person.given = parcel.thing, state.step
        thanks = telling.one_of(
            telling.THANKS, self._dice, person=name, thing=parcel.thing, coins=PARCEL_COINS
        )
        if parcel.voucher != NOBODY:
            parcel.where = "given"
            return f"{thanks} {self._asks(parcel)}"
        state.parcel = None
        return f'{thanks} "{self._news(number)}"'

    def _say(self, command: Command) -> str:
        state, parcel = self.state, self.state.parcel
        if parcel is None or parcel.where != "given":
            return "Nobody is waiting for a word."
        name, voucher = self.town.people[parcel.person], state.people[parcel.voucher]
        state.parcel = None
        if command.what != voucher.word:
            return f'"No, that is not it," says {name}, and turns away.'
        voucher.worded = state.step
        state.coins += WORD_COINS
        return f'{name} nods and pays you {WORD_COINS} coins more. "{self._news(parcel.person)}"'

    def _talk(self, command: Command) -> str:
        number = self._present(command.whom)
        if number is None:
            return _ABSENT
        person, name, now = self.state.people[number], self.town.people[number], self.state.step
        told = []
        if "trade" in self.level.kinds:
            told.append(telling.AGAIN_TRADE.format(trade=self.town.trades[number]))
            person.trade = now
        if person.tie != NEVER:
            told.append(telling.AGAIN_TIE.format(tie=self._tie(number)))
            person.tie = now
        if person.promise:
            told.append(telling.AGAIN_PROMISE.format(a_thing=telling.with_article(person.promise)))
            person.promised = now
        if person.gift and "gift" in self.level.kinds:
            told.append(telling.AGAIN_GIFT.format(a_thing=telling.with_article(person.gift)))
            person.given = now
        if person.word:
            told.append(telling.AGAIN_WORD.format(word=person.word))
            person.worded = now
        return f'{name} says: "{" ".join(told) or telling.NOTHING}"'

    # --- what they share ---

    def _news(self, number: int) -> str:
        """What somebody says who has been served: their trade first, then now this, now that."""
        person, level, dice, now = (
            self.state.people[number], self.level, self._dice, self.state.step,
        )  # fmt: skip
        if "trade" in level.kinds and person.trade == NEVER:
            person.trade = now
            return telling.one_of(telling.TRADE, dice, trade=self.town.trades[number])
        open_to = ["talk"]
        if "promise" in level.kinds and not person.promise:
            open_to.append("promise")
        if "tie" in level.kinds and person.tie == NEVER:
            open_to.append("tie")
        if level.words:
            open_to.append("word")
        if level.moves:
            open_to.append("move")
        what = dice.pick(open_to)
        if what == "promise":
            person.promise, person.promised = new_thing(self.state, dice), now
            return telling.one_of(
                telling.PROMISE, dice, a_thing=telling.with_article(person.promise)
            )
        if what == "tie":
            person.tie = now
            return telling.TIE.format(tie=self._tie(number))
        if what == "word":
            return self._new_word(person)
        if what == "move":
            return self._move(person)
        return dice.pick(telling.SMALL_TALK)

    def _new_word(self, person: Person) -> str:
        old, person.worded = person.word, self.state.step
        person.word = self._dice.pick([word for word in WORDS if word != old])
        templates = telling.NEW_WORD if old else telling.WORD
        return telling.one_of(templates, self._dice, old=old, word=person.word)

    def _move(self, person: Person) -> str:
        """To a place that the courier knows."""
        homes = [each.home for each in self.state.people]
        free = [
            place
            for place, visited in enumerate(self.state.visited)
            if visited and place not in (HUB, person.home) and homes.count(place) < _MOST_AT_A_PLACE
        ]
        if not free:
            return self._dice.pick(telling.SMALL_TALK)
        person.home, person.met = self._dice.pick(free), self.state.step
        return telling.one_of(telling.MOVE, self._dice, place=self.town.places[person.home])

    def _tie(self, number: int) -> str:
        phrase, other = self.town.ties[number]
        return TIES[phrase][0].format(other=self.town.people[other])

    def _welcome(self) -> str:
        self.state.visited[HUB] = True
        return (
            f"You are the new courier of {self.town.name}. Take parcels from the Post House to "
            "whom their labels mean, one at a time, and remember whom you meet.\n" + self._look()
        )

    def _scene(self, line: str) -> str:
        """The place where the courier is: whatever it names counts as seen."""
        state, town = self.state, self.town
        state.named[state.place] = True
        for place in town.exits[state.place].values():
            state.named[place] = True
        here = self.here()
        for number in here:
            state.people[number].met = state.step
        lines = [f"-= {town.places[state.place]} =-", line]
        if state.place == HUB:
            carrying = state.parcel is not None and state.parcel.where == "hand"
            lines.append(
                "The clerk points at your bag: first that one."
                if carrying
                else "A parcel waits on the counter."
            )
        people = telling.people_here([town.people[number] for number in here])
        if people:
            lines.append(people)
        lines.append(self._exits())
        return "\n".join(lines)

    def _exits(self) -> str:
        return telling.exits(self.town.exits[self.state.place], self.town.places)

    def _written(self, parcel: Parcel) -> str:
        """What a parcel is and what its label says."""
        text = telling.LABEL.format(a_thing=telling.with_article(parcel.thing), label=parcel.label)
        if parcel.voucher == NOBODY:
            return text
        return f"{text} {telling.VOUCHER.format(person=self.town.people[parcel.voucher])}"

    def _asks(self, parcel: Parcel) -> str:
        return f'"{telling.ASKS.format(person=self.town.people[parcel.voucher])}"'

    def _present(self, name: str) -> int | None:
        """The number of somebody who is here, by name in any case."""
        return next((n for n in self.here() if self.town.people[n].lower() == name), None)
