"""Every error an environment raises, by the boundary it crosses.

Each message is one clear line: what was wrong, the value, and what would be right.
"""

import errno

# What no game means by an OSError: the disk, the process table or the memory is full.
_MACHINES = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
}


class EnvError(Exception):
    """The base of all errors of this package."""


class UnknownEnvironment(EnvError):
    """No suite, or no environment in the suite, has the name that was given (a usage error)."""


class SpecError(EnvError):
    """A spec string, an option, its value or a seed is not allowed (a usage error)."""


class EnvUnavailable(EnvError):
    """The name is right, but the environment cannot be had here.

    An extra is not installed, a plugin does not import, a game takes too long to build.
    """


class GameNotBuildable(EnvUnavailable):
    """There is no game of this seed and these options: their own library refuses to make it."""


class MachineFault(EnvUnavailable):
    """The machine is at fault, not the game; another try may work once that is mended.

    The disk is full, the cache is not writable, or a process was killed in its work.
    """


class EnvFailed(EnvError):
    """An environment failed, or was misused, while running: for example a step after the end."""


def failure(spec: str, error: Exception) -> EnvError:
    """What an exception out of an environment's own code is called; an `EnvError` is itself."""
    if isinstance(error, EnvError):
        return error
    kind = MachineFault if getattr(error, "errno", None) in _MACHINES else EnvFailed
    return kind(f"{spec} raised {type(error).__name__}: {error}")


def name_of(error: EnvError) -> str:
    """The error of this module that an error is, or is a kind of: what others can know it by."""
    return next(each.__name__ for each in type(error).__mro__ if each.__module__ == __name__)
