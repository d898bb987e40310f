"""How many compiled products oneDNN and torch keep on a CPU.

For each width of a product oneDNN compiles code and sets memory aside; oneDNN and torch each keep 1,024
of these by default. An agent's passes have hundreds of widths, so a process would grow by a third of a
gigabyte over some thousand steps. A product that has to be compiled again takes half a millisecond more,
and a pass has five kinds of them.
"""

from __future__ import annotations

import os

PRODUCTS = 128
"""Enough for all the widths of bursts in one session."""
_VARIABLES = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY")


def keep_few_products() -> None:
    """Bound both caches of this process. No effect once it has made a product, or where a user said."""
    for name in _VARIABLES:
        os.environ.setdefault(name, str(PRODUCTS))
