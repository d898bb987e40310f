"""Where the agent acts: text environments behind one contract, named by spec strings.

`envs.make("textworld/cooking?recipe=2&go=6")` gives a `TextEnv`; `envs.available()` lists what can
be made. Importing this package loads no environment library; gymnasium comes with the first
environment.
"""

from envs.errors import EnvError, EnvFailed, EnvUnavailable, SpecError, UnknownEnvironment
from envs.registry import available, make
from envs.spec import Spec

__all__ = [
    "EnvError",
    "EnvFailed",
    "EnvUnavailable",
    "Spec",
    "SpecError",
    "UnknownEnvironment",
    "available",
    "make",
]
