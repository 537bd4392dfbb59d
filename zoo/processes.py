"""A process that is ours alone: a command's, or a job's."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: New objects between two looks for garbage; with Python's own number they are a fifth of the time
#: that importing torch and transformers takes, whose objects all stay.
_OBJECTS = 50_000
_USUAL = gc.get_threshold()


@contextmanager
def own_process() -> Iterator[None]:
    """Collect garbage rarely, and end without taking everything apart that was imported: with torch
    and transformers that takes more than a second, of which nobody has anything.

    Whatever others have registered for the end is done before, and the exit code is that of the
    block: 0, what it exits with, or 1 for an exception that it leaves to Python to show.
    """
    gc.set_threshold(_OBJECTS, *_USUAL[1:])
    status: int | str | None = 1

    def end() -> None:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            return  # Python says it in its own way
        os._exit(status if isinstance(status, int) else int(status is not None))

    # What is registered first is called last.
    atexit.register(end)
    try:
        yield
        status = 0
    except SystemExit as leaving:
        status = leaving.code
        raise


def collect_as_usual() -> None:
    """From now on, all libraries being there: rarely collected, a training's garbage would hold
    memory of the device. What is there already is not looked at any more."""
    gc.freeze()
    gc.set_threshold(*_USUAL)
