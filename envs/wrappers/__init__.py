"""Environments around environments: limits, records, a process of its own. Each is a `TextEnv`."""

from envs.workers import Limits
from envs.wrappers.base import Wrapper
from envs.wrappers.clip import ClipObservation
from envs.wrappers.deadline import TimeLimit
from envs.wrappers.process import OwnProcess
from envs.wrappers.record import Record
from envs.wrappers.steps import StepLimit

__all__ = [
    "ClipObservation",
    "Limits",
    "OwnProcess",
    "Record",
    "StepLimit",
    "TimeLimit",
    "Wrapper",
]
