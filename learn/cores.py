"""How many cores a computation takes: too many threads wait for each other."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


def threads(work: int) -> int:
    """Threads worth starting for that many numbers: one below a million, where waiting for each
    other costs more than it saves (and very much more on a busy machine), else
    ``OMP_NUM_THREADS`` where set, else all cores."""
    if work < 1_000_000:
        return 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return int(limit) if limit.isdigit() and int(limit) > 0 else available()


def limit_blas(count: int) -> AbstractContextManager[object]:
    """At most so many BLAS threads, while the context lasts or, without one, from now on. Matrices
    of a ranking are small: on a busy machine threads that wait for each other cost a hundredfold.
    """
    limited: AbstractContextManager[object] = _pools().limit(limits=count, user_api="blas")
    return limited


@cache
def _pools() -> ThreadpoolController:
    """Looking for the libraries takes longer than a ranking, so once; SciPy brings its own BLAS."""
    import scipy.linalg  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def available() -> int:
    """Cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
