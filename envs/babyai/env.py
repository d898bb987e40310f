"""One level of BabyAI as text: what is seen and where, and a mission in words."""

from typing import Any

from envs.babyai.actions import HELP, Act, parse, sensible
from envs.babyai.oracle import plan
from envs.babyai.sight import seen, thing
from envs.base import Description
from envs.extras import load, quiet
from envs.guarded import GuardedEnv, Turn
from envs.options import Options


class BabyAIEnv(GuardedEnv):
    """A grid of rooms seen from inside: seven steps ahead, three to each side, never through walls.

    The score is 1 once the mission is fulfilled. The level's own limit of steps truncates a game.
    """

    score_never_falls = True

    def __init__(self, spec: str, options: Options, level: str) -> None:
        """`level` is minigrid's name without 'BabyAI-'; nothing is made before the first reset."""
        self.spec, self.options = spec, options
        self._level = level
        self._game: Any = None  # minigrid's MiniGridEnv

    def describe(self) -> Description:
        """The commands; the mission is told by the first observation."""
        return Description(
            "Fulfil the mission that the first text tells, in as few steps as you can.", HELP
        )

    def begin(self, seed: int) -> Turn:
        """See `GuardedEnv.begin`."""
        if self._game is None:
            self._game = self._made()
        sight, _ = self._game.reset(seed=seed)
        return self._told(f"Your mission: {self._game.mission}.", sight, 0.0)

    def act(self, action: str) -> Turn:
        """See `GuardedEnv.act`. What is no command takes no time."""
        game, act = self._game, parse(action)
        if act is None:
            return self._told(f"That is no command. {HELP}", game.gen_obs(), 0.0)
        said = self._answer(act)
        sight, reward, terminated, truncated, _ = game.step(game.actions[act])
        if terminated:
            said += " The mission is fulfilled!" if reward > 0 else " That breaks the mission."
        return self._told(said, sight, float(reward), over=terminated, cut_off=truncated)

    def solution(self) -> list[str] | None:
        """What minigrid's bot does, tried on a game of its own."""
        trial = self._made()
        try:
            trial.reset(seed=self.game_seed)
            return plan(trial)
        finally:
            trial.close()

    def end(self) -> None:
        """Let go of the game."""
        if self._game is not None:
            self._game.close()

    def _made(self) -> Any:
        # It tells on stdout of each layout that it throws away while it draws one.
        quiet(load("minigrid.envs.babyai.core.roomgrid_level", "babyai"))
        game = load("gymnasium", "babyai").make(f"BabyAI-{self._level}", disable_env_checker=True)
        return game.unwrapped

    def _answer(self, act: Act) -> str:
        """What is said to an action, from what stands in front before it is done."""
        if act == "left" or act == "right":
            return f"You turn {act}."
        front = _front(self._game)
        name = "nothing" if front is None else _called(front)
        carried = self._game.carrying
        match act:
            case "forward":
                free = front is None or front.can_overlap()
                return "You go forward." if free else f"You cannot go on: {name} is in the way."
            case "pickup":
                if carried is not None:
                    return f"You carry {_called(carried)} already."
                can = front is not None and front.can_pickup()
                return f"You pick up {name}." if can else "There is nothing to pick up here."
            case "drop":
                if carried is None:
                    return "You carry nothing."
                return (
                    f"You put down {_called(carried)}."
                    if front is None
                    else f"There is no room: {name} is in the way."
                )
            case "toggle":
                return self._toggled(front, name)

    def _toggled(self, front: Any, name: str) -> str:
        if front is not None and front.type == "box":
            return "You open the box."
        if front is None or front.type != "door":
            return "There is nothing to open here."
        if front.is_locked:
            carried = self._game.carrying
            key = carried is not None and carried.type == "key" and carried.color == front.color
            return "You unlock the door and open it." if key else f"It is {name}: it needs its key."
        return "You close the door." if front.is_open else "You open the door."

    def _told(
        self, said: str, sight: Any, reward: float, *, over: bool = False, cut_off: bool = False
    ) -> Turn:
        game = self._game
        lines = [said, seen(sight["image"].tolist())]
        if game.carrying is not None:
            lines.append(f"You carry {_called(game.carrying)}.")
        front = _front(game)
        won = over and reward > 0
        return Turn(
            text="\n".join(lines),
            score=float(won),
            max_score=1.0,
            won=won,
            lost=over and not won,
            moves=game.step_count,
            commands=sensible(
                "" if front is None else front.type,
                state=_state(front),
                carrying=game.carrying is not None,
            ),
            over=over,
            cut_off=cut_off and not over,
        )


def _front(game: Any) -> Any:
    """What stands in front of the player; None where nothing does."""
    return game.grid.get(*game.front_pos)


def _state(front: Any) -> str:
    if front is None or front.type != "door":
        return ""
    return "open" if front.is_open else "locked" if front.is_locked else "closed"


def _called(front: Any) -> str:
    """A thing with its article; walls all look the same."""
    return "a wall" if front.type == "wall" else thing(front.type, front.color, _state(front))
