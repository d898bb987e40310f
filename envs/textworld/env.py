"""One TextWorld game at a time as a `TextEnv`: built from its seed, played in its interpreter."""

import warnings
from pathlib import Path
from typing import Any

from envs.base import Description
from envs.errors import EnvFailed, EnvUnavailable
from envs.guarded import GuardedEnv, Turn
from envs.options import Options
from envs.textworld.actions import refusal, to_interpreter
from envs.textworld.clean import clean
from envs.textworld.families import Family
from envs.textworld.games import game_file


class TextWorldEnv(GuardedEnv):
    """Games of one family: `reset(seed=n)` plays the game that TextWorld makes from seed n.

    The first reset to a seed builds its game (some seconds, see games.py); later ones take
    milliseconds.
    """

    blocks = True

    def __init__(self, spec: str, family: Family, options: Options) -> None:
        """Nothing is loaded or built before the first reset."""
        self.spec = spec
        self.options: Options = options
        self._family = family
        self._loaded: int | None = None  # the seed of the game that is loaded and sound
        self._story = Path()  # its file, in the cache
        self._game: Any = None  # textworld.Environment
        self._state: Any = None  # textworld.GameState: a dict of what the game says of itself

    def describe(self) -> Description:
        """The family's goal and commands."""
        return Description(self._family.goal, self._family.how_to_act)

    def begin(self, seed: int) -> Turn:
        """See `GuardedEnv.begin`."""
        if self._loaded != seed:
            self._load(seed)
        self._loaded = None  # until it has answered: what failed is loaded afresh
        self._state = self._call(self._game.reset)
        self._loaded = seed
        return self._told(clean(self._state["feedback"]), done=False)

    def act(self, action: str) -> Turn:
        """See `GuardedEnv.act`. A command to the program changes nothing."""
        refused = refusal(action)
        if refused is not None:
            return self._told(refused, done=False)
        seed, self._loaded = self._loaded, None
        self._state, _, done = self._call(self._game.step, action)
        self._loaded = seed
        return self._told(clean(self._state["feedback"]), done=bool(done))

    def clean(self, action: str) -> str:
        """One command for the interpreter."""
        return to_interpreter(action)

    def solution(self) -> list[str] | None:
        """The commands that TextWorld knows to win the present game.

        They are tried on a game of their own first: for some long quests TextWorld's do not win.
        """
        trial = self._start()
        try:
            commands = [str(c) for c in self._call(trial.reset).get("extra.walkthrough") or ()]
            for played, command in enumerate(commands, start=1):
                state, _, done = self._call(trial.step, command)
                if done:
                    return commands[:played] if state["won"] else None
            return None
        finally:
            trial.close()

    def end(self) -> None:
        """Let go of the interpreter."""
        if self._game is not None:
            self._game.close()
            self._game = None

    def _load(self, seed: int) -> None:
        self._story = game_file(
            self._family.name, self.options.model_dump(), seed, f"{self.spec} with seed {seed}"
        )
        self.end()
        self._game = self._start()

    def _start(self) -> Any:
        """An interpreter of its own with the present game; a textworld.Environment."""
        try:
            import textworld
        except ImportError as error:
            raise EnvUnavailable(
                f"TextWorld does not import ({error}): install it with 'pip install textworld'"
            ) from error
        wanted = textworld.EnvInfos(
            feedback=True,
            score=True,
            max_score=True,
            won=True,
            lost=True,
            moves=True,
            admissible_commands=True,
            extras=["walkthrough"],
        )
        with warnings.catch_warnings():
            # Jericho warns of every game that it has no hand-made support for, as of all of these.
            warnings.simplefilter("ignore")
            return self._call(textworld.start, str(self._story), wanted)

    def _call(self, function: Any, *args: Any) -> Any:
        try:
            return function(*args)
        except Exception as error:  # whatever the interpreter or TextWorld's tracking raises
            reason = f"{type(error).__name__}: {error}"
            raise EnvFailed(f"TextWorld failed in {self.spec} ({reason}): reset it") from error

    def _told(self, text: str, *, done: bool) -> Turn:
        state = self._state
        return Turn(
            text=text,
            score=float(state["score"]),
            max_score=float(state["max_score"]),
            won=bool(state["won"]),
            lost=bool(state["lost"]),
            moves=int(state["moves"]),
            commands=state["admissible_commands"],
            over=done,
        )
