"""What holds for every test: side by side, they share the processors instead of each taking all."""

from __future__ import annotations

import os

_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if _WORKERS > 1:
    # Before torch is imported, and for the processes that a test starts: threads that wait for a
    # processor while others spin for them cost more than they bring.
    _THREADS = max(1, len(os.sched_getaffinity(0)) // _WORKERS)
    os.environ.setdefault("OMP_NUM_THREADS", str(_THREADS))
