"""Every error of the runtime, named by the boundary that it crosses, and the exit code it ends in.

Each message is one line: what was wrong, the value, and what would be right.
"""

from __future__ import annotations

from envs.errors import EnvError, EnvUnavailable, MachineFault, SpecError, UnknownEnvironment
from memory.errors import (
    MemoryFileBusy,
    MemoryFileDamaged,
    MemoryFileError,
    MemoryFileFull,
    MemoryFileMissing,
    MemoryFileReadOnly,
)

EXIT_OK = 0
EXIT_EPISODES_ERRORED = 1
EXIT_USAGE = 2
EXIT_UNAVAILABLE = 3
EXIT_INTERRUPTED = 130


class StenoError(Exception):
    """Base of the errors that the runtime itself raises."""


class ConfigError(StenoError):
    """A setting is wrong, or settings contradict each other."""


class ModelUnavailable(StenoError):
    """No model weights could be found or read under the name that was given."""


class AdapterMismatch(StenoError):
    """An adapter belongs to other weights, or is asked for more than it was trained for."""


class ModelFailed(StenoError):
    """The model raised, or answered with something that is no answer (NaN logits, an empty window)."""


class WindowOverflow(StenoError):
    """A pass would have made the window longer than its budget. Always a bug, never a setting."""


class NoteSyntaxError(StenoError):
    """What the model wrote is not a list of note operations."""


class RunDirectoryError(StenoError):
    """A run directory cannot be made or read, or is already in use."""


class StorageFailed(StenoError):
    """The disk refused a write in the middle of a run; what was written before is whole."""


class TrainingFailed(StenoError):
    """Training cannot start or go on: its data, its settings or its checkpoints do not fit."""


class TrainingDiverged(TrainingFailed):
    """The loss of a training is not a number any more."""


class ReplayMismatch(StenoError):
    """What was played again came out otherwise than it is on record."""


class CannotTakeUp(StenoError):
    """An unfinished episode cannot go on from its last step here; it stays as it was."""


class RunOver(StenoError):
    """Something was asked of a run that has ended, and it was not done."""


class Interrupted(StenoError):
    """A person asked the run to stop; what was done is kept."""


# What a person sees as one line; anything else is a bug and keeps its traceback.
EXPECTED: tuple[type[Exception], ...] = (StenoError, EnvError, MemoryFileError)

# The machine refuses: no episode's result. The run stops, and can be resumed when that is mended.
HALTING: tuple[type[Exception], ...] = (
    StorageFailed,
    MachineFault,
    MemoryFileFull,
    MemoryFileBusy,
    MemoryFileReadOnly,
    MemoryFileDamaged,
    MemoryFileMissing,
)


def exit_code(error: Exception) -> int:
    """The exit code of `steno` for an error that ended the whole command."""
    if isinstance(error, Interrupted):
        return EXIT_INTERRUPTED
    if isinstance(error, (MachineFault, MemoryFileFull, TrainingDiverged)):
        return EXIT_EPISODES_ERRORED
    if isinstance(error, (ModelUnavailable, EnvUnavailable)):
        return EXIT_UNAVAILABLE
    if isinstance(
        error,
        (
            ConfigError,
            AdapterMismatch,
            SpecError,
            UnknownEnvironment,
            MemoryFileError,
            RunDirectoryError,
            TrainingFailed,
        ),
    ):
        return EXIT_USAGE
    return EXIT_EPISODES_ERRORED
