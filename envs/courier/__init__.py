"""The courier: a town without an end, where parcels are for people met hundreds of steps ago.

Labels name people by what they told, asked for or got, so a player lives by what it remembers. A
forgetful one can ask again, at the cost of the way there.
"""

from typing import TYPE_CHECKING

from envs.courier.levels import TownOptions
from envs.suites import Entry, TableSuite

if TYPE_CHECKING:
    from envs.base import TextEnv


def _town(spec: str, options: TownOptions) -> "TextEnv":
    from envs.courier.env import CourierEnv  # brings gymnasium

    return CourierEnv(spec, options)


suite = TableSuite(
    "courier",
    {
        "town": Entry(
            "carry parcels to people whom you have to remember; it does not end",
            TownOptions,
            _town,
        )
    },
    samples=["courier/town?length=60&level=1", "courier/town?level=5"],
)
