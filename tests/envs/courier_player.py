"""A player of the courier that knows what it has read, and nothing else.

What it knows lies in a `Mind`, which is fed with actions and observations. One that is fed with all of
them has perfect memory; one that is made anew at each step from the last twenty has none but those.

    python -m tests.envs.courier_player    # the table of docs/courier.md
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import envs
from envs.base import TextEnv
from envs.courier import telling
from envs.courier.levels import LEVELS
from envs.courier.words import TIES, WORDS

HUB = "Post House"


def pattern(template: str) -> re.Pattern[str]:
    """What reads back a sentence that a template has made."""
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[\\w', ]+?)", re.escape(template)))


TRADES = [pattern(each) for each in (*telling.TRADE, telling.AGAIN_TRADE)]
PROMISES = [pattern(each) for each in (*telling.PROMISE, telling.AGAIN_PROMISE)]
GOT = [pattern(each) for each in telling.THANKS]
AGAIN_GIFT = pattern(telling.AGAIN_GIFT)
SAID_WORDS = [pattern(each) for each in (*telling.NEW_WORD, *telling.WORD, telling.AGAIN_WORD)]
MOVES = [pattern(each) for each in telling.MOVE]
TOLD_TIES = [pattern(said + ".") for said, _ in TIES]
LABEL_TIES = [pattern(label) for _, label in TIES]
PARCEL = re.compile(pattern(telling.LABEL).pattern + "(?: |$)")
VOUCHER = pattern(telling.VOUCHER)
ASKS = pattern(telling.ASKS)


@dataclass
class Parcel:
    thing: str
    label: str
    voucher: str | None


@dataclass
class Mind:
    """What has been read so far, the newest where it contradicts itself."""

    step: int = 0
    place: str | None = None
    here: set[str] = field(default_factory=set)
    exits: dict[str, dict[str, str]] = field(default_factory=dict)
    visited: dict[str, int] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    trades: dict[str, str] = field(default_factory=dict)
    promises: dict[str, str] = field(default_factory=dict)
    gifts: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    ties: dict[tuple[int, str], str] = field(default_factory=dict)
    parcel: Parcel | None = None
    hands: str = "unknown"  # unknown, empty or full
    asked: str | None = None
    learned: dict[tuple[str, str], int] = field(default_factory=dict)
    """The step at which each fact was read last."""

    def hear(self, action: str, said: str) -> None:
        """Read an observation, and the action that it answers."""
        self.step += 1
        self.asked = None
        if "-= " in said:
            self._see(said)
        speaker = said.split(" ", 1)[0]
        if action.startswith(("give", "talk", "say")):
            self._listen(speaker, " ".join(re.findall('"([^"]*)"', said)))
        if asks := ASKS.search(said):
            self.asked = asks["person"]
        for got in (each.match(said) for each in GOT):
            if got:
                self._learn("gift", got["thing"], self.gifts, got["person"])
                self.promises.pop(got["thing"], None)
        if action.startswith("give") and ("coins" in said or "sends it back" in said):
            self.hands, self.parcel = "empty", None
        if said.startswith("You carry nothing"):
            self.hands, self.parcel = "empty", None
        if written := PARCEL.search(said):
            voucher = VOUCHER.search(said)
            self.hands = "full"
            self.parcel = Parcel(
                bare(written["a_thing"]), written["label"], voucher["person"] if voucher else None
            )

    def _learn(self, kind: str, key: str, table: dict[str, str], value: str) -> None:
        table[key] = value
        self.learned[kind, key] = self.step

    def _see(self, said: str) -> None:
        self.place = re.findall("-= (.+) =-", said)[-1]
        self.visited[self.place] = self.step
        self.exits[self.place] = dict(re.findall(r"(north|east|south|west) to the ([^,.]+)", said))
        self.here = set()
        for names in re.findall(r"^(.+) (?:is|are) here\.$", said, re.MULTILINE):
            self.here = set(re.split(", | and ", names))
        for name in self.here:
            self._learn("name", name, self.homes, self.place)

    def _listen(self, speaker: str, said: str) -> None:
        for each in TRADES:
            for found in each.finditer(said):
                self._learn("trade", found["trade"], self.trades, speaker)
        for each in PROMISES:
            for found in each.finditer(said):
                self._learn("promise", bare(found["a_thing"]), self.promises, speaker)
        for found in AGAIN_GIFT.finditer(said):
            self._learn("gift", bare(found["a_thing"]), self.gifts, speaker)
        for each in SAID_WORDS:
            if found_one := each.search(said):
                self._learn("word", speaker, self.words, found_one["word"])
                break
        for each in MOVES:
            if found_one := each.search(said):
                self._learn("name", speaker, self.homes, found_one["place"])
                self.here.discard(speaker)
        for number, each in enumerate(TOLD_TIES):
            if found_one := each.search(said):
                self.ties[number, speaker] = found_one["other"]
                self.learned["tie", speaker] = self.step

    def fact(self, parcel: Parcel) -> tuple[str, str] | None:
        """The fact that a label goes by, None where the label tells all."""
        label = parcel.label
        if ", at the " in label:
            return None
        if label == "the one you promised it to":
            return "promise", parcel.thing
        if got := re.fullmatch("the one who last got an? (.+) from you", label):
            return "gift", got[1]
        for each in LABEL_TIES:
            if found := each.fullmatch(label):
                return "tie", self._named(found["person"]) or ""
        if label.startswith("the "):
            return "trade", label.removeprefix("the ")
        return "name", label

    def meant(self, parcel: Parcel) -> str | None:
        """Whom a parcel is for, None where that is not known."""
        label = parcel.label
        if ", at the " in label:
            name, home = label.split(", at the ")
            self.homes.setdefault(name, home)
            return name
        if label == "the one you promised it to":
            return self.promises.get(parcel.thing)
        if got := re.fullmatch("the one who last got an? (.+) from you", label):
            return self.gifts.get(got[1])
        for number, each in enumerate(LABEL_TIES):
            if found := each.fullmatch(label):
                return self.ties.get((number, self._named(found["person"]) or ""))
        return self._named(label)

    def _named(self, words: str) -> str | None:
        return self.trades.get(words.removeprefix("the ")) if words.startswith("the ") else words

    # --- what to do ---

    def choose(self) -> str:
        """The next command."""
        if self.place is None:
            return "look"
        if self.asked:
            return f"say {self.words.get(self.asked, WORDS[0])}"
        if self.hands == "unknown":
            return "inventory"
        if self.parcel is None:
            return "take parcel" if self.place == HUB else self._towards(HUB)
        return self._deliver(self.parcel)

    def _deliver(self, parcel: Parcel) -> str:
        assert self.place is not None
        voucher = parcel.voucher
        if voucher and voucher not in self.words and voucher in self.homes:
            if voucher in self.here:
                return f"talk to {voucher}"
            if self.homes[voucher] != self.place:
                return self._towards(self.homes[voucher])
        name = self.meant(parcel)
        if name is None:
            known = set(self.trades.values())
            for stranger in sorted(self.here):
                if stranger not in known:
                    return f"talk to {stranger}"
            return self._explore()
        if name in self.here:
            return f"give parcel to {name}"
        home = self.homes.get(name)
        return self._towards(home) if home and home != self.place else self._explore()

    def _towards(self, goal: str) -> str:
        return next((way for place, way in self._reach() if place == goal), "") or self._explore()

    def _explore(self) -> str:
        """To the nearest place not seen yet, or else the one seen longest ago."""
        assert self.place is not None
        reach = list(self._reach())
        for place, way in reach:
            if place not in self.visited:
                return way
        return min(reach, key=lambda each: self.visited[each[0]])[1]

    def _reach(self) -> Iterator[tuple[str, str]]:
        """Every other place that is known, nearest first, and the first step there."""
        assert self.place is not None
        seen, waiting = {self.place}, deque([(self.place, "")])
        while waiting:
            place, way = waiting.popleft()
            for direction, further in self.exits.get(place, {}).items():
                if further not in seen:
                    seen.add(further)
                    first = way or f"go {direction}"
                    yield further, first
                    waiting.append((further, first))


def bare(thing: str) -> str:
    """A thing without its article."""
    return re.sub("^an? ", "", thing)


def score(env: TextEnv, seed: int, steps: int, remembered: int | None = None) -> float:
    """Coins a hundred steps of a player who remembers all, or the last so many observations."""
    said, info = env.reset(seed=seed)
    seen: deque[tuple[str, str]] = deque([("", said)], maxlen=remembered)
    mind = Mind()
    mind.hear("", said)
    for _ in range(steps):
        if remembered is not None:
            mind = Mind()
            for action, observation in seen:
                mind.hear(action, observation)
        action = mind.choose()
        said, *_, info = env.step(action)
        seen.append((action, said))
        mind.hear(action, said)
    assert info["score"] is not None
    return 100 * info["score"] / steps


def main(steps: int = 1500) -> None:
    """Print the table of docs/courier.md."""
    for level in LEVELS:
        env = envs.make(f"courier/town?level={level}")
        for seed in (10_000, 10_001):
            env.reset(seed=seed)
            commands = (env.walkthrough() or [])[:steps]
            env.reset(seed=seed)
            info = [env.step(command) for command in commands][-1][4]
            players = [score(env, seed, steps, remembered) for remembered in (None, 100, 20)]
            told = [100 * (info["score"] or 0) / steps, *players]
            print(
                f"| {level} | {seed} |", " | ".join(f"{each:.1f}" for each in told), "|", flush=True
            )


if __name__ == "__main__":
    main()
