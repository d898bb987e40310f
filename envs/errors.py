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

    An extra is not installed, a plugin does not import, a game does not build, the cache is not
    writable.
    """


class EnvFailed(EnvError):
    """An environment failed, or was misused, while running: for example a step after the end."""
