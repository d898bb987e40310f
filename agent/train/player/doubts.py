"""What a refusal puts in doubt: the recipe as noted, the player's hands, or the room."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.train.player.foods import CUT, read_recipe
from agent.train.player.places import room_of

HANDS, ROOM, RECIPE = "hands", "room", "recipe"
_FINDS = {"take", "open", "examine"}
_HANDLES = {"drop", "cook", *CUT}


@dataclass(slots=True)
class Doubts:
    """What is not certain any more, in the order in which it came to be so. A fact of the window."""

    open: list[str] = field(default_factory=list)
    read: bool = False
    """Whether the window shows the recipe itself, so that it's not the recipe that is wrong."""

    def hear(self, action: str, observation: str) -> bool:
        """Take in an answer. True where something was made sure of."""
        before = len(self.open)
        if read_recipe(observation) is not None:
            self.read = True
            self._settle(RECIPE)
        if "You are carrying" in observation:
            self._settle(HANDS)
        if room_of(observation) is not None:
            self._settle(ROOM)
        settled = len(self.open) < before
        found = _doubted(action.lower().partition(" ")[0], observation, read=self.read)
        if found and found not in self.open:
            self.open.append(found)
        return settled

    def _settle(self, what: str) -> None:
        self.open = [each for each in self.open if each != what]


def _doubted(verb: str, observation: str, *, read: bool) -> str | None:
    if "still needs to be" in observation:
        return HANDS if read else RECIPE
    if "still miss something" in observation:
        return HANDS
    unknown = "any such thing" in observation or "n't understand" in observation
    if unknown and verb in _FINDS:
        return ROOM
    gone = ("haven't got", "already here", "already have", "need to take")
    if verb in _HANDLES | {"take"} and (unknown or any(each in observation for each in gone)):
        return HANDS
    return None
