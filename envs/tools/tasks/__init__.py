"""The tasks that `tools/files` draws from a seed. A new one is a function from dice to a `Task`."""

from collections.abc import Callable
from random import Random

from envs.tools.task import Task
from envs.tools.tasks.find import find
from envs.tools.tasks.setting import setting
from envs.tools.tasks.total import total

Draw = Callable[[Random, int], Task]
"""Makes a task from random numbers and the number of files that it is to have."""

TASKS: dict[str, Draw] = {"find": find, "setting": setting, "total": total}


def draw(kind: str, seed: int, files: int) -> Task:
    """The task of a seed: one of all kinds for `any`, the same in every process."""
    dice = Random(f"{kind}/{files}/{seed}")
    name = dice.choice(sorted(TASKS)) if kind == "any" else kind
    return TASKS[name](dice, files)
