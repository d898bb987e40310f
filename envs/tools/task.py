"""What a task in a directory is: the pattern for work of one's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Files = Mapping[str, str]
"""Texts by their paths."""


@dataclass(frozen=True, slots=True)
class Task:
    """Files to start with, what is to be done with them, and the check that tells whether it is done.

    `check` gets all files and gives the share of the goal that is reached, from 0 to 1. It only looks:
    it is asked after each write. `walkthrough` are commands that reach the goal, if they are known.
    """

    goal: str
    files: Files
    check: Callable[[Files], float]
    walkthrough: tuple[str, ...] | None = None
