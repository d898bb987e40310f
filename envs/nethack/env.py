"""NetHack as text: the screen, and keys by their names."""

from typing import Any

from envs.base import Description
from envs.extras import load
from envs.guarded import GuardedEnv, Turn
from envs.nethack.keys import ALL, ANSWERS, ESCAPE, MORE, OTHER_NAMES, PLAY, answers, parse
from envs.nethack.screen import around, rows, whole
from envs.nethack.tasks import Task
from envs.options import Options

_SEEN = ("tty_chars", "blstats")
_INDEX = {code: index for index, code in enumerate(ALL)}
_WAITS = {"more": MORE, "escape": ESCAPE}

HOW_TO_ACT = (
    "You are '@'. Name one key at a time: 'north', 'southwest' or 'far east' to walk, 'down' on '>', "
    "'search', 'wait', 'eat', 'pick up', 'kick', 'open', 'inventory', 'wear', 'wield', 'pray'. At "
    "--More-- say 'more'; answer questions with 'yes', 'no', 'letter a' or a direction."
)


class NetHackEnv(GuardedEnv):
    """One task of the NetHack Learning Environment.

    The score is what the task counts, without its penalties for steps in which no time passes. Its
    seed is that of both of NetHack's generators, with what depends on the time of day fixed.
    """

    def __init__(
        self, spec: str, options: Options, task: Task, *, character: str, steps: int, near: bool
    ) -> None:
        """`near`: only the map around the player. Nothing is loaded before the first reset."""
        self.spec, self.options = spec, options
        self._task, self._character, self._steps, self._near = task, character, steps, near
        self._game: Any = None  # nle.env.base.NLE
        self._score = 0.0
        self._moves = 0
        self._keys: dict[str, int] = PLAY
        self._names: tuple[str, ...] = tuple(PLAY)

    def describe(self) -> Description:
        """The task's goal and NetHack's keys."""
        return Description(f"Play NetHack. {self._task.goal}", HOW_TO_ACT)

    def begin(self, seed: int) -> Turn:
        """See `GuardedEnv.begin`."""
        if self._game is None:
            made = getattr(load("nle.env.tasks", "nethack"), self._task.library_class)
            self._game = made(
                character=self._character,
                max_episode_steps=self._steps,
                observation_keys=_SEEN,
                actions=ALL,
                penalty_step=0.0,
                allow_all_yn_questions=True,
                allow_all_modes=True,
                fix_moon_phase=True,
            )
        self._score, self._moves = 0.0, 0
        # Not reset(seed=): that leaves NetHack's own generators to chance.
        self._game.seed(seed, seed, reseed=False)
        seen, _ = self._game.reset()
        return self._told(seen)

    def act(self, action: str) -> Turn:
        """See `GuardedEnv.act`. A key that has no meaning now is not pressed."""
        key = self._keys.get(action)
        if key is None:
            name = parse(action)
            key = self._keys.get(name) or self._keys.get(OTHER_NAMES.get(name, ""))
        if key is None:
            known = name in PLAY or name in ANSWERS
            why = "cannot be said now" if known else "is the name of no key"
            some = ", ".join(sorted(self._keys)[:12])
            turn = self.last_turn
            return Turn(
                text=f"'{name}' {why}. Say, for example: {some}.",
                score=turn.score,
                max_score=turn.max_score,
                won=turn.won,
                lost=turn.lost,
                moves=self._moves,
                commands=turn.commands,
            )
        seen, reward, ended, _, info = self._game.step(_INDEX[key])
        self._score += float(reward)
        self._moves += 1
        status = info["end_status"].name
        won = status == "TASK_SUCCESSFUL" or bool(info["is_ascended"])
        cut_off = status == "ABORTED"
        return self._told(
            seen,
            won=won,
            lost=status == "DEATH" and not won,
            over=bool(ended) and not cut_off,
            cut_off=cut_off,
        )

    def end(self) -> None:
        """End the game and remove its temporary directory."""
        if self._game is not None:
            self._game.close()
            self._game = None

    def _told(
        self,
        seen: Any,
        *,
        won: bool = False,
        lost: bool = False,
        over: bool = False,
        cut_off: bool = False,
    ) -> Turn:
        lines = rows(seen["tty_chars"].tobytes())
        keys = self._sensible(lines)
        if keys is not self._keys:
            self._keys, self._names = keys, tuple(keys)
        if self._near and self._keys is PLAY:
            column, row = map(int, seen["blstats"][:2])
            text = around(lines, column, row)
        else:
            text = whole(lines)
        return Turn(
            text=text,
            score=self._score,
            max_score=self._task.max_score,
            won=won,
            lost=lost,
            moves=self._moves,
            commands=self._names,
            over=over,
            cut_off=cut_off,
        )

    def _sensible(self, lines: list[str]) -> dict[str, int]:
        """The keys that mean something now, by what the game waits for."""
        game = self._game
        internal = game.last_observation[game._internal_index]
        question, line, space = internal[1:4].tolist()
        if question:
            return answers(" ".join(lines[:2]))
        if line:
            return ANSWERS
        if space:
            return _WAITS if "--More--" in "".join(lines) else ANSWERS
        return PLAY
