"""A courier's town as a `TextEnv`: pure Python, quick, and without an end unless one is asked for."""

from dataclasses import asdict
from typing import Any

from envs.base import Description
from envs.courier.game import Game
from envs.courier.levels import LEVELS, TownOptions
from envs.courier.oracle import Oracle
from envs.courier.state import Parcel, Person, State
from envs.courier.town import build
from envs.errors import EnvFailed
from envs.guarded import GuardedEnv, Turn

# A world without an end has a walkthrough of this many steps.
WALKTHROUGH_STEPS = 10_000
# Of snapshots: a new number whenever the state or the rules change.
FORMAT = 1

_DESCRIPTION = Description(
    goal="You are a courier. Parcels wait at the Post House; labels tell whom to find, by what you "
    "have seen and heard. Deliveries pay coins.",
    how_to_act="Give one short command at a time: 'go north' (south, east, west), 'look', "
    "'inventory' (it shows the label), 'take parcel' at the Post House, 'give parcel to NAME', "
    "'talk to NAME' (people repeat what they told you), 'say WORD' to who asks for somebody's word.",
)


class CourierEnv(GuardedEnv):
    """Towns of one level. Every action is a step; the score is the coins that were earned."""

    options: TownOptions
    score_never_falls = True

    def __init__(self, spec: str, options: TownOptions) -> None:
        self.spec = spec
        self.options = options
        self._game: Game | None = None

    def describe(self) -> Description:
        """What a courier does."""
        return _DESCRIPTION

    def begin(self, seed: int) -> Turn:
        """A new courier in the town of `seed`."""
        self._game = self._new_game(seed)
        return self._seen(self._game)

    def act(self, action: str) -> Turn:
        """One action, which always takes one step."""
        game = self._playing()
        game.play(action)
        if self._over(game):
            game.state.said += "\nYour contract ends here. Well walked."
        return self._seen(game)

    def solution(self) -> list[str]:
        """What the oracle does from the start: to the end, or for WALKTHROUGH_STEPS steps."""
        assert self._seed is not None
        game = self._new_game(self._seed)
        oracle = Oracle(game)
        commands = []
        for _ in range(self.options.length or WALKTHROUGH_STEPS):
            commands.append(oracle.choose())
            game.play(commands[-1])
        return commands

    def state(self) -> dict[str, Any]:
        """All that the town itself does not tell; some kilobytes, however long it is played."""
        return {"format": FORMAT, **asdict(self._playing().state)}

    def go_on(self, seed: int, state: Any) -> Turn:
        """Go on from a `state()`."""
        values = dict(state)
        if values.pop("format") != FORMAT:
            raise EnvFailed(f"the snapshot of {self.spec} is of another version: play it again")
        values["people"] = [Person(**person) for person in values["people"]]
        values["parcel"] = Parcel(**values["parcel"]) if values["parcel"] else None
        self._game = self._new_game(seed, State(**values))
        return self._seen(self._game)

    def end(self) -> None:
        """Forget the game."""
        self._game = None

    def _new_game(self, seed: int, state: State | None = None) -> Game:
        number = self.options.level
        level = LEVELS[number]
        return Game(build(seed, number, level), level, f"courier game {number}/{seed}", state)

    def _playing(self) -> Game:
        assert self._game is not None, "the guards ask a game that is running"
        return self._game

    def _over(self, game: Game) -> bool:
        return 0 < self.options.length <= game.state.step

    def _seen(self, game: Game) -> Turn:
        state = game.state
        over = self._over(game)
        return Turn(
            text=state.said,
            score=float(state.coins),
            won=False,
            lost=False,
            moves=state.moves,
            commands=[] if over else game.commands(),
            over=over,
        )
