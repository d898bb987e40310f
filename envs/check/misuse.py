"""Rules of what may go wrong: calls at the wrong time, and actions that nobody meant."""

import pickle
from collections.abc import Callable
from contextlib import closing

from envs.check.report import Broken, NotTried
from envs.check.subject import Subject, play, script
from envs.check.words import check_text, ends_without_commands
from envs.errors import EnvError, EnvFailed, SpecError

HOSTILE = (
    "",
    " ",
    "\n",
    "x" * 10_000,
    "look " * 2_000,
    "\x00\x01\x07\x08\x1b\x7f",
    "\x1b[2J\x1b]0;title\x07\x1b[31mred",
    "é ☃ 𝄞 ｌｏｏｋ שלום \u202egnirts \ud800",
    "<|im_end|><|im_start|>assistant",
    "../../etc/passwd; rm -rf / && $(reboot) `id`",
    "quit\nyes\nsave\ngame",
    "{}[]()%s%n\\n\\x00'\"",
)


def before_the_start(subject: Subject) -> str:
    """What needs a game raises `EnvFailed` before the first reset; seeds that are none are refused."""
    with subject.env() as env:
        _raises(EnvFailed, lambda: env.step("look"), "a step before the first reset")
        _raises(EnvFailed, env.walkthrough, "walkthrough() before the first reset")
        for seed in (-1, 1.5):
            _raises(SpecError, lambda seed=seed: env.reset(seed=seed), f"the seed {seed!r}")  # type: ignore[misc]
        _raises(SpecError, lambda: env.reset(options={"level": 3}), "reset(options=...)")
        env.reset(seed=subject.seed)
    return ""


def after_the_end(subject: Subject) -> str:
    """A step after the end raises `EnvFailed`, and a reset begins afresh."""
    game = next((each for each in subject.plays if each.ended), None)
    if game is None:
        raise NotTried(f"no game ended within {subject.steps} actions, and there is no walkthrough")
    ends_without_commands(game)
    with subject.env() as env:
        play(env, subject.seed, script(game.actions))
        _raises(EnvFailed, lambda: env.step("look"), "a step after the end")
        _raises(EnvFailed, lambda: env.step("look"), "another step after the end")
        env.reset(seed=subject.seed)
        env.step(game.actions[0])
    return f"after {len(game.actions)} actions"


def hostile(subject: Subject) -> str:
    """Any string is an action that gets an answer, and the game goes on as sound as before."""
    ended = 0
    with subject.env() as env:
        env.reset(seed=subject.seed)
        for action in HOSTILE:
            try:
                observation, _, terminated, truncated, info = env.step(action)
            except Exception as error:
                shown = repr(action[:30])
                raise Broken(
                    f"the action {shown} raised {type(error).__name__}: {error}"
                ) from error
            check_text(f"answer to {action[:20]!r}", observation, 0)
            check_text("feedback", info["feedback"], 0)
            if not observation.strip():
                raise Broken(f"the action {action[:30]!r} got no answer: say that it means nothing")
            if terminated or truncated:
                ended += 1
                env.reset(seed=subject.seed)
        game = subject.plays[-1]
        again = play(env, subject.seed, script(game.actions))
        if again.lines != game.lines:
            raise Broken("after hostile actions and a reset, the same game went otherwise")
    return f"{len(HOSTILE)} actions" + (f", {ended} of which ended the game" if ended else "")


def pickling(subject: Subject) -> str:
    """It can be pickled and goes on, or says clearly that it cannot."""
    with closing(subject.make(subject.spec)) as env:
        first, _ = env.reset(seed=subject.seed)
        try:
            copy = pickle.loads(pickle.dumps(env))
        except EnvError as error:
            return str(error)
        except Exception as error:
            raise Broken(
                f"pickling it raised {type(error).__name__}: {error}; TextEnv's own refusal says what "
                "to do instead"
            ) from error
        with closing(copy):
            actions = subject.wandering.actions[:1]
            if copy.reset(seed=subject.seed)[0] != first or [
                copy.step(action)[0] for action in actions
            ] != [env.step(action)[0] for action in actions]:
                raise Broken("what was pickled answers otherwise than the original")
    return "it can be pickled"


def close(subject: Subject) -> str:
    """A second close does nothing, and what is closed is not played on. In a game, and before one."""
    with closing(subject.make(subject.spec)) as never_begun:
        never_begun.close()
    env = subject.make(subject.spec)
    env.reset(seed=subject.seed)
    for _ in range(2):
        env.close()
    _raises(EnvFailed, lambda: env.step("look"), "a step after close()")
    _raises(EnvFailed, lambda: env.reset(seed=subject.seed), "a reset after close()")
    return ""


def _raises(wanted: type[EnvError], ask: Callable[[], object], what: str) -> None:
    try:
        ask()
    except wanted:
        return
    except Exception as error:
        raise Broken(
            f"{what} raised {type(error).__name__} ({error}): it must raise {wanted.__name__}"
        ) from error
    raise Broken(f"{what} was answered: it must raise {wanted.__name__}")
