"""A story file, played by Frotz through jericho."""

import re
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from envs.base import Description
from envs.extras import load
from envs.guarded import GuardedEnv, Turn
from envs.jericho.actions import refusal, to_story
from envs.options import Options
from envs.textworld.clean import clean

# What jericho finds the things in a room with, before it tries what can be done to them.
_LANGUAGE = ("spacy", "en_core_web_sm")
# Asked once a story is over; where jericho does not know the game, this is how its end shows.
_OVER = re.compile(r"Would you like to RESTART\b")
_SEEDS = 2**31 - 2

EXAMPLES = (
    *(f"go {way}" for way in ("north", "south", "east", "west", "up", "down", "in", "out")),
    *("look", "inventory", "take all", "open door", "examine me", "wait"),
)


class JerichoEnv(GuardedEnv):
    """Any Z-machine story. What jericho knows of a game it tells; of others it says None.

    Of the games that jericho supports there are score, most score, moves, the end and, in the first
    game of seed 0, a walkthrough; with spaCy and its English model the valid actions, too.
    """

    blocks = True

    def __init__(self, spec: str, options: Options, story: Path, *, commands: bool) -> None:
        """Nothing is loaded before the first reset. `commands`: whether to list valid actions."""
        self.spec, self.options = spec, options
        self._story, self._listed = story, commands
        self._game: Any = None  # jericho.FrotzEnv
        self._moves = 0

    def describe(self) -> Description:
        """What holds for any story."""
        return Description(
            "Play the story to its end, with as many points as you can get.",
            "Give one short command at a time: 'look', 'inventory', 'examine X', 'go north', 'take "
            "X', 'drop X', 'open X', 'put X in Y'.",
            EXAMPLES,
        )

    def clean(self, action: str) -> str:
        """One line for the interpreter."""
        return to_story(action)

    def begin(self, seed: int) -> Turn:
        """See `GuardedEnv.begin`. Seed 0 is that of jericho's walkthrough, where it has one."""
        if self._game is None:
            self._game = self._loaded()
        self._game.seed(_frotz_seed(self._game, seed))
        said, _ = self._game.reset()
        return self._told(said)

    def act(self, action: str) -> Turn:
        """See `GuardedEnv.act`. A command to the program changes nothing."""
        refused = refusal(action)
        if refused is not None:
            return self._told(refused)
        # An empty line would make some stories ask for another, without an answer of their own.
        return self._told(self._game.step(action or "look")[0])

    def solution(self) -> list[str] | None:
        """Jericho's walkthrough, tried on a game of its own first."""
        if not self._game.is_fully_supported:
            return None
        trial = self._loaded()
        try:
            trial.seed(_frotz_seed(trial, self.game_seed))
            trial.reset()
            commands = [str(command) for command in trial.get_walkthrough()]
            for played, command in enumerate(commands, start=1):
                trial.step(command)
                if trial.victory():
                    return commands[:played]
            return None
        finally:
            trial.close()

    def end(self) -> None:
        """Let go of the interpreter."""
        if self._game is not None:
            self._game.close()
            self._game = None

    def _loaded(self) -> Any:
        jericho = load("jericho", "jericho")
        # Said of every story that is not in jericho's list; here None says it.
        warnings.filterwarnings("ignore", category=jericho.jericho.UnsupportedGameWarning)
        return jericho.FrotzEnv(str(self._story))

    def _told(self, said: str) -> Turn:
        game = self._game
        text = clean(said) or "(The story says nothing.)"
        if not game.is_fully_supported:
            over = bool(_OVER.search(said)) or bool(game._emulator_halted())
            return Turn(text=text, over=over)
        won, lost = bool(game.victory()), bool(game.game_over())
        return Turn(
            text=text,
            score=float(game.get_score()),
            max_score=float(game.get_max_score()),
            won=won,
            lost=lost and not won,
            moves=int(game.get_moves()),
            commands=self._valid() if not (won or lost) else [],
            over=won or lost or bool(game._emulator_halted()),
        )

    def _valid(self) -> list[str] | None:
        if not self._listed or any(find_spec(module) is None for module in _LANGUAGE):
            return None
        # In this process: jericho would start one more for each processor.
        return [str(command) for command in self._game.get_valid_actions(use_parallel=False)]


def _frotz_seed(game: Any, seed: int) -> int:
    """Frotz's own seed: at least 1, since 0 means jericho's and -1 the time of day."""
    if seed == 0 and "seed" in game.bindings:
        return int(game.bindings["seed"])
    return 1 + seed % _SEEDS
