"""Building millions of rows that all stay alive."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: How many ``long_lived`` blocks are open.
_open = 0


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection: looking through ever more rows again and again doubles the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            if _open:
                gc.freeze()
            gc.enable()


@contextmanager
def long_lived() -> Iterator[None]:
    """What ``uncollected`` blocks inside build is left out of every collection until this ends."""
    global _open
    _open += 1
    try:
        yield
    finally:
        _open -= 1
        if not _open:
            gc.unfreeze()
