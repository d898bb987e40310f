"""The libraries behind the environments, played bare: what Steno's text costs is measured against it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Protocol

from envs.extras import load, quiet
from envs.spec import Spec

_Options = dict[str, str]


class Bare(Protocol):
    """A library's own environment: the same games, without Steno's text."""

    def reset(self, seed: int) -> None:
        """Start the game of a seed."""
        ...

    def step(self, action: Any) -> None:
        """Play one of its own actions."""
        ...

    def translate(self, action: str) -> Any:
        """Its own action for one of Steno's; not timed."""
        ...


class _TextWorld:
    """textworld.start, asked for the same facts of the game."""

    def __init__(self, spec: Spec) -> None:
        from envs.options import parse_options
        from envs.textworld.families import FAMILIES

        self._library = load("textworld", "textworld")
        family = FAMILIES[spec.name]
        self._family = family.name
        self._options = parse_options(family.options, str(spec), spec.options).model_dump()
        self._seed: int | None = None
        self._game: Any = None
        self._stories: dict[int, str] = {}

    def reset(self, seed: int) -> None:
        """Load the story where it is another one."""
        from envs.textworld.games import game_file

        if seed != self._seed:
            story = game_file(self._family, self._options, seed, self._family)
            wanted = self._library.EnvInfos(
                feedback=True,
                score=True,
                max_score=True,
                won=True,
                lost=True,
                moves=True,
                admissible_commands=True,
            )
            self._game, self._seed = self._library.start(str(story), wanted), seed
        self._game.reset()

    def step(self, action: Any) -> None:
        """A command."""
        self._game.step(action)

    def translate(self, action: str) -> Any:
        """The command as the interpreter takes it."""
        from envs.textworld.actions import to_interpreter

        return to_interpreter(action)


class _Jericho:
    """FrotzEnv, stepped, without valid actions."""

    def __init__(self, spec: Spec) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._game = load("jericho", "jericho").FrotzEnv(spec.name)

    def reset(self, seed: int) -> None:
        """Seeded as any number but 0."""
        self._game.seed(1 + seed)
        self._game.reset()

    def step(self, action: Any) -> None:
        """A line."""
        self._game.step(action)

    def translate(self, action: str) -> Any:
        """The line as the interpreter takes it."""
        from envs.jericho.actions import to_story

        return to_story(action)


class _BabyAI:
    """minigrid's environment, whose observation is an image of seven by seven cells."""

    def __init__(self, spec: Spec) -> None:
        load("minigrid", "babyai")
        # The layouts that it throws away are told on stdout, which would be most of what is timed.
        quiet(load("minigrid.envs.babyai.core.roomgrid_level", "babyai"))
        self._game: Any = load("gymnasium", "babyai").make(f"BabyAI-{spec.name}").unwrapped

    def reset(self, seed: int) -> None:
        """Lay out a level."""
        self._game.reset(seed=seed)

    def step(self, action: Any) -> None:
        """A number of its own."""
        self._game.step(action)

    def translate(self, action: str) -> Any:
        """The number of an action."""
        from envs.babyai.actions import parse

        return self._game.actions[parse(action)]


class _NetHack:
    """nle's task with the same keys, and the observations that it gives when none are chosen."""

    def __init__(self, spec: Spec) -> None:
        from envs.nethack import NetHackOptions
        from envs.nethack.keys import ALL
        from envs.nethack.tasks import TASKS
        from envs.options import parse_options

        options = parse_options(NetHackOptions, str(spec), spec.options)
        made = getattr(load("nle.env.tasks", "nethack"), TASKS[spec.name].library_class)
        self._game = made(
            character=options.character,
            actions=ALL,
            allow_all_yn_questions=True,
            allow_all_modes=True,
            fix_moon_phase=True,
        )

    def reset(self, seed: int) -> None:
        """Both generators seeded."""
        self._game.seed(seed, seed, reseed=False)
        self._game.reset()

    def step(self, action: Any) -> None:
        """The number of a key."""
        if action is not None:
            self._game.step(action)

    def translate(self, action: str) -> Any:
        """The number of a key; None for what Steno would not press."""
        from envs.nethack.keys import ALL, ANSWERS, DIRECTIONS, PLAY, parse

        key = {**ANSWERS, **DIRECTIONS, **PLAY}.get(parse(action))
        return None if key is None else ALL.index(key)


class _Reasoning:
    """reasoning-gym's data set of one question, and its verifier."""

    def __init__(self, spec: Spec) -> None:
        from envs.options import parse_options
        from envs.reasoning.library import config_of
        from envs.reasoning.options import options_of

        options = parse_options(options_of(config_of(spec.name)), str(spec), spec.options)
        self._task, self._settings = spec.name, options.for_library()
        self._create = load("reasoning_gym.factory", "reasoning").create_dataset
        self._set: Any = None
        self._entry: Any = None

    def reset(self, seed: int) -> None:
        """Make the question."""
        self._set = self._create(self._task, seed=seed, size=1, **self._settings)
        self._entry = self._set[0]

    def step(self, action: Any) -> None:
        """Score an answer."""
        self._set.score_answer(action, self._entry)

    def translate(self, action: str) -> Any:
        """The answer as it is."""
        return action


BARE: dict[str, Callable[[Spec], Bare]] = {
    "babyai": _BabyAI,
    "jericho": _Jericho,
    "nethack": _NetHack,
    "reasoning": _Reasoning,
    "textworld": _TextWorld,
}
"""By suite; a suite of Steno's own has no library to be compared with."""
