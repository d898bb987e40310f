"""Rules of what an environment says: text, types, and how it calls itself."""

import math
from contextlib import closing
from typing import Any, get_type_hints

from envs.base import Description, Info
from envs.check.report import Broken
from envs.check.subject import Play, Subject
from envs.errors import EnvError, SpecError
from envs.spec import Spec
from envs.text import plain

_KINDS: dict[str, tuple[type, ...]] = {
    "score": (float, int),
    "max_score": (float, int),
    "won": (bool,),
    "lost": (bool,),
    "moves": (int,),
    "admissible_commands": (list,),
    "feedback": (str,),
}


def spec(subject: Subject) -> str:
    """The spec string is canonical, and an option that there is none of is refused."""
    with subject.env() as env:
        said: Any = env.spec
    if not isinstance(said, str) or str(Spec.parse(said)) != said:
        raise Broken(f"its spec is {said!r}: set it to str(canonical_spec(spec, options))")
    with closing(subject.make(said)) as again:
        if again.spec != said:
            raise Broken(f"made from {said!r}, it calls itself {again.spec!r}")
    parsed = Spec.parse(said)
    wrong = Spec(parsed.suite, parsed.name, {**parsed.options, "no-such-option": "1"})
    try:
        subject.make(str(wrong)).close()
    except SpecError as error:
        return str(error)
    except EnvError as error:
        raise Broken(f"an option that there is none of raised {type(error).__name__}") from error
    raise Broken(f"{wrong} was made: an unknown option must raise SpecError, as parse_options does")


def description(subject: Subject) -> str:
    """It can tell its goal and how to act before the first reset, in plain text."""
    with subject.env() as env:
        told: Any = env.describe()
    if not isinstance(told, Description):
        raise Broken(f"describe() gave a {type(told).__name__}: it must be a Description")
    texts: dict[str, Any] = {"goal": told.goal, "how_to_act": told.how_to_act}
    for name, text in texts.items():
        if not isinstance(text, str) or not text.strip() or plain(text) != text:
            raise Broken(f"its {name} is {text!r}: it must be plain text, and say something")
    examples: tuple[Any, ...] = told.examples
    if not all(isinstance(each, str) and each for each in examples):
        raise Broken(f"its examples are {examples!r}: they must be texts")
    return f"{len(told.goal.split()) + len(told.how_to_act.split())} words"


def types(subject: Subject) -> str:
    """Every answer has the types of the contract, and every observation is plain text."""
    seen = 0
    for game in subject.plays:
        for number, info in enumerate(game.infos):
            _check_info(info, number)
        seen += len(game.infos)
    with subject.env() as env:
        observation, info = env.reset(seed=subject.seed)
        check_text("observation", observation, 0)
        for number, action in enumerate(subject.wandering.actions, start=1):
            answer: Any = env.step(action)
            if not isinstance(answer, tuple) or len(answer) != 5:
                raise Broken("step() must give (observation, reward, terminated, truncated, info)")
            observation, reward, terminated, truncated, info = answer
            check_text("observation", observation, number)
            if not isinstance(reward, float | int) or not math.isfinite(reward):
                raise Broken(
                    f"the reward of step {number} is {reward!r}: it must be a finite number"
                )
            for name, flag in (("terminated", terminated), ("truncated", truncated)):
                if not isinstance(flag, bool):
                    raise Broken(f"{name} of step {number} is {flag!r}: it must be True or False")
    return f"{seen} answers"


def _check_info(info: Any, number: int) -> None:
    wanted = set(get_type_hints(Info))
    if not isinstance(info, dict) or set(info) != wanted:
        raise Broken(f"the info of step {number} has {sorted(info)}: it must have {sorted(wanted)}")
    for key, kinds in _KINDS.items():
        value = info[key]
        if value is None and key != "feedback":
            continue
        # True is an int to Python, and no score to us.
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise Broken(
                f"{key} of step {number} is {value!r}: it must be {kinds[0].__name__} or None"
            )
    for key in ("score", "max_score"):
        value = info[key]
        if value is not None and not math.isfinite(value):
            raise Broken(f"{key} of step {number} is {value}: it must be finite")
    check_text("feedback", info["feedback"], number)
    commands = info["admissible_commands"]
    if commands is not None:
        if not all(isinstance(command, str) for command in commands):
            raise Broken(f"the admissible commands of step {number} are not all texts")
        if commands != sorted(set(commands)):
            raise Broken(
                f"the admissible commands of step {number} are not sorted and without doubles"
            )


def check_text(name: str, text: object, number: int) -> None:
    """Raise `Broken` for what is no plain text."""
    if not isinstance(text, str):
        raise Broken(f"the {name} of step {number} is a {type(text).__name__}: it must be str")
    if plain(text) != text:
        raise Broken(
            f"the {name} of step {number} is no plain text: {text[:80]!r}; envs.text.plain cleans it"
        )


def ends_without_commands(game: Play) -> None:
    """Raise `Broken` where a game that is over still lists commands."""
    if game.ended and game.infos[-1]["admissible_commands"]:
        raise Broken("it lists admissible commands after the end: that list must be empty then")
