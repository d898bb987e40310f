"""One TextWorld game at a time as a `TextEnv`: built from its seed, played in its interpreter."""

import operator
import warnings
from pathlib import Path
from typing import Any

from envs.base import Description, Info, TextEnv
from envs.errors import EnvFailed, EnvUnavailable, SpecError
from envs.options import Options
from envs.textworld.actions import refusal, to_interpreter
from envs.textworld.clean import clean
from envs.textworld.families import Family
from envs.textworld.games import game_file

# numpy's RandomState, which TextWorld seeds its generators with, takes 32 bits.
MAX_SEED = 2**32 - 1


class TextWorldEnv(TextEnv):
    """Games of one family: `reset(seed=n)` plays the game that TextWorld makes from seed n.

    The first reset to a seed builds its game (some seconds, see games.py); later ones take
    milliseconds.
    """

    blocks = True

    def __init__(self, spec: str, family: Family, options: Options) -> None:
        """Nothing is loaded or built before the first reset."""
        self.spec = spec
        self._family = family
        self._options = options
        self._seed: int | None = None  # of the last game that was asked for
        self._story = Path()  # its file, in the cache
        self._game: Any = None  # textworld.Environment
        self._state: Any = None  # textworld.GameState: a dict of what the game says of itself
        self._score = 0.0
        self._running = False
        self._sound = False  # False from a failure on: the next reset loads the game afresh
        self._closed = False

    def describe(self) -> Description:
        """The family's goal and commands."""
        return Description(self._family.goal, self._family.how_to_act)

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, Info]:
        """Start the game of `seed`; see `TextEnv.reset`."""
        if self._closed:
            raise EnvFailed(f"{self.spec} is closed: make it anew with envs.make(spec)")
        if options:
            raise SpecError(f"reset takes no options, not {options!r}: put them in {self.spec}")
        if seed is None:
            seed = self._seed if self._seed is not None else 0
        seed = self._checked_seed(seed)
        super(TextEnv, self).reset(seed=seed)  # gymnasium seeds its own generator
        self._running = False
        if seed != self._seed or not self._sound:
            self._load(seed)
        self._sound = False
        self._state = self._call(self._game.reset)
        self._score = 0.0
        self._running = self._sound = True
        info = self._info()
        return info["feedback"], info

    def step(  # type: ignore[override]
        self, action: str
    ) -> tuple[str, float, bool, bool, Info]:
        """Play one action; see `TextEnv.step`. A command to the program changes nothing."""
        if not self._running:
            why = "is closed" if self._closed else "has ended" if self._state else "has not started"
            raise EnvFailed(f"the game of {self.spec} {why}: reset it before the next step")
        line = to_interpreter(action)
        refused = refusal(line)
        if refused is not None:
            info = self._info(feedback=refused)
            return refused, 0.0, False, False, info
        self._running = self._sound = False
        self._state, _, done = self._call(self._game.step, line)
        self._running, self._sound = not done, True
        before = self._score
        info = self._info()
        return info["feedback"], self._score - before, bool(done), False, info

    def walkthrough(self) -> list[str] | None:
        """The commands that TextWorld knows to win the present game; see `TextEnv.walkthrough`.

        They are tried on a game of their own first: for some long quests TextWorld's do not win.
        """
        if self._state is None:
            raise EnvFailed(f"{self.spec} has no game yet: reset it before its walkthrough")
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

    def close(self) -> None:
        """End the game and let go of its interpreter. A second close does nothing."""
        if self._game is not None:
            self._game.close()
            self._game = None
        self._running = False
        self._closed = True

    def _checked_seed(self, seed: int) -> int:
        try:
            number = operator.index(seed)  # numpy's integers, too
        except TypeError:
            raise SpecError(f"seed {seed!r} of {self.spec} is not a whole number") from None
        if not 0 <= number <= MAX_SEED:
            raise SpecError(
                f"seed {number} of {self.spec} is not allowed: it must be from 0 to {MAX_SEED}"
            )
        return number

    def _load(self, seed: int) -> None:
        self._state, self._sound = None, False
        self._seed = seed
        self._story = game_file(
            self._family.name, self._options.model_dump(), seed, f"{self.spec} with seed {seed}"
        )
        if self._game is not None:
            self._game.close()
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

    def _info(self, feedback: str | None = None) -> Info:
        state = self._state
        self._score = float(state["score"])
        return Info(
            score=self._score,
            max_score=float(state["max_score"]),
            won=bool(state["won"]),
            lost=bool(state["lost"]),
            moves=int(state["moves"]),
            # After the end no command is legal, whatever the tracked world would allow.
            admissible_commands=sorted(set(state["admissible_commands"])) if self._running else [],
            feedback=clean(state["feedback"]) if feedback is None else feedback,
        )
