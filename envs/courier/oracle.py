"""The ceiling: a player who sees the hidden state, and takes the shortest way each time."""

from collections import deque

from envs.courier.game import Game
from envs.courier.town import HUB


class Oracle:
    """Chooses a game's commands, whatever happened before."""

    def __init__(self, game: Game) -> None:
        self._game = game
        self._towards: dict[int, dict[int, str]] = {}

    def choose(self) -> str:
        """The best command now."""
        state, town = self._game.state, self._game.town
        parcel = state.parcel
        if parcel is not None and parcel.where == "given":
            return f"say {state.people[parcel.voucher].word}"
        carrying = parcel is not None and parcel.where == "hand"
        goal = state.people[parcel.person].home if parcel and carrying else HUB
        if state.place != goal:
            return f"go {self._ways_to(goal)[state.place]}"
        return (
            f"give parcel to {town.people[parcel.person]}" if parcel and carrying else "take parcel"
        )

    def _ways_to(self, goal: int) -> dict[int, str]:
        """From each place the first direction of a shortest way to `goal`."""
        if goal not in self._towards:
            exits = self._game.town.exits
            ways: dict[int, str] = {}
            waiting = deque([goal])
            while waiting:
                place = waiting.popleft()
                for before in exits[place].values():
                    if before != goal and before not in ways:
                        ways[before] = next(d for d, to in exits[before].items() if to == place)
                        waiting.append(before)
            self._towards[goal] = ways
        return self._towards[goal]
