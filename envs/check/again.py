"""Rules of playing again: a seed is a game, whoever plays it, and wherever."""

import json
import random
from contextlib import closing, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from envs.check.report import Broken, NotTried
from envs.check.subject import Play, Subject, go_on, play, same, script


def same_seed(subject: Subject) -> str:
    """A fresh environment answers the same actions in the same way."""
    for game in subject.plays:
        with subject.env() as env:
            same(play(env, subject.seed, script(game.actions)), game, "made anew")
    return f"{sum(len(game.actions) for game in subject.plays)} actions"


def another_process(subject: Subject) -> str:
    """Another process, with other hashes and other random numbers, answers in the same way."""
    if subject.workers is None:
        raise NotTried("it was made by something that another process cannot import")
    with subject.env() as here:
        spec, described = here.spec, here.describe()
    for game in subject.plays:
        with closing(subject.workers.env(spec, described)) as env:
            same(play(env, subject.seed, script(game.actions)), game, "in another process")
    return f"{sum(len(game.actions) for game in subject.plays)} actions"


def reset(subject: Subject) -> str:
    """A reset begins the game afresh, at any moment: at its start, in the middle, after the end."""
    game = max(subject.plays, key=lambda each: len(each.actions))
    moments = sorted({0, 1, len(game.actions) // 2, len(game.actions)})
    with subject.env() as env:
        for moment in moments:
            play(env, subject.seed, script(game.actions[:moment]))
            again = play(env, subject.seed, script(game.actions[: moment + 3]))
            same(again, _first(game, moment + 3), f"after a reset at action {moment}")
        env.reset(seed=subject.seed + 1)
        other, _ = env.reset()
        if other != env.reset(seed=subject.seed + 1)[0]:
            raise Broken("reset() without a seed must start the present game again")
        same(play(env, subject.seed, script(game.actions)), game, "after another seed's game")
    return f"after {', '.join(map(str, moments))} actions"


def side_by_side(subject: Subject) -> str:
    """Two games in one process do not mix."""
    game = subject.wandering
    with subject.env() as one, subject.env() as other:
        one.reset(seed=subject.seed + 1)
        begun = play(other, subject.seed, script([]))
        for number, action in enumerate(game.actions, start=1):
            _step_if_running(one, action, subject.seed + 1)
            begun = go_on(other, begun, script(game.actions[:number]))
        same(begun, game, "beside another game")
    return f"{len(game.actions)} actions"


def snapshots(subject: Subject) -> str:
    """A snapshot, where there is one, goes on as the game does, and taking it changes nothing."""
    game = max(subject.plays, key=lambda each: len(each.actions))
    middle = len(game.actions) // 2
    with subject.env() as env:
        so_far = play(env, subject.seed, script(game.actions[:middle]))
        taken = env.snapshot()
        if taken is None:
            raise NotTried("it has no snapshots: it is played again from its seed")
        if not isinstance(taken, bytes):
            raise Broken(f"snapshot() gave a {type(taken).__name__}: it must be bytes or None")
        same(go_on(env, so_far, script(game.actions)), game, "after a snapshot was taken")
    with subject.env() as env:
        observation, info = env.restore(taken)
        if observation != _observed(so_far) or info != so_far.infos[-1]:
            raise Broken(
                "restore() must give the observation and the info of the snapshot's last step"
            )
        same(go_on(env, so_far, script(game.actions)), game, "after a snapshot was restored")
        try:
            env.restore(b"no snapshot")
        except Exception as error:
            if type(error).__name__ != "EnvFailed":
                raise Broken(f"bytes that are no snapshot raised {type(error).__name__}") from error
        else:
            raise Broken("bytes that are no snapshot were restored: raise EnvFailed")
    return f"{len(taken)} bytes after {middle} actions"


def leaves_alone(subject: Subject) -> str:
    """It prints nothing, writes nothing where it was started, and moves nobody's random numbers."""
    before = _surroundings()
    printed = StringIO()
    with redirect_stdout(printed), redirect_stderr(printed), subject.env() as env:
        play(env, subject.seed, script(subject.wandering.actions))
        env.reset(seed=subject.seed + 1)
    for name, now in _surroundings().items():
        if now != before[name]:
            raise Broken(
                f"it changed {name}: an environment has random numbers and files of its own"
            )
    if printed.getvalue().strip():
        raise Broken(
            f"it printed {printed.getvalue().strip()[:80]!r}: what it says is its observation"
        )
    return ""


def _surroundings() -> dict[str, Any]:
    numpy_state = np.random.get_state(legacy=False)
    return {
        "Python's random numbers": random.getstate(),
        "numpy's random numbers": repr(numpy_state),
        "the working directory": sorted(str(path) for path in Path().iterdir()),
    }


def _step_if_running(env: Any, action: str, seed: int) -> None:
    answer = env.step(action)
    if answer[2] or answer[3]:
        env.reset(seed=seed)


def _first(game: Play, actions: int) -> Play:
    shown = game.actions[:actions]
    return Play(
        shown,
        game.lines[: len(shown) + 1],
        game.infos[: len(shown) + 1],
        game.rewards[: len(shown)],
        ended=game.ended and len(shown) == len(game.actions),
    )


def _observed(game: Play) -> str:
    return str(json.loads(game.lines[-1])[0])
