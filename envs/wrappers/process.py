"""An environment in a process of its own, which can be ended whatever it does."""

import envs
from envs.base import TextEnv
from envs.workers import Limits, Make, Workers
from envs.wrappers.base import Wrapper


class OwnProcess(Wrapper):
    """Plays a spec in a process of its own: one that hangs is killed, one that crashes harms nobody.

    Past its limit, or where its process ends, a call raises `EnvFailed`; a reset then starts a new
    process. `make` must be a function of a module, since the process imports it by its name.
    """

    def __init__(self, spec: str, limits: Limits, make: Make = envs.make) -> None:
        """Makes the environment here once, to be told of it; raises what `make` raises."""
        here = make(spec)
        try:
            self._workers = Workers(here.spec, here.describe(), 1, limits, make)
        finally:
            here.close()
        super().__init__(_described(self._workers.env(), here))

    def close(self) -> None:
        """Close the environment and end its process."""
        self.env.close()
        self._workers.close()


def _described(far: TextEnv, here: TextEnv) -> TextEnv:
    """The far environment, with what is known of it that its process is not asked for."""
    far.options, far.score_never_falls = here.options, here.score_never_falls
    far.observation_space, far.action_space = here.observation_space, here.action_space
    return far
