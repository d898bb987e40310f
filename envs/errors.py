"""Every error an environment raises, by the boundary it crosses.

Each message is one clear line: what was wrong, the value, and what would be right.
"""


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
