"""The official driver, loaded without pandas.

Where pandas is installed the driver loads it, in order to take its types as parameters: more than
half of the time in which a command starts, for what no query of this program passes. In a process
that loads the driver or pandas before this program nothing is different.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["DateTime", "exceptions", "neo4j"]


@contextmanager
def _without_pandas() -> Iterator[None]:
    """It looks as if it were not installed; afterwards it can be imported."""
    if "pandas" in sys.modules:
        yield
        return
    sys.modules["pandas"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["pandas"]


with _without_pandas():
    import neo4j
    from neo4j import exceptions
    from neo4j.time import DateTime
