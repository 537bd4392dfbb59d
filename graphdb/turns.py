"""Bulk writes go one after the other.

Not for correctness, which transactions give, but because one writer is faster than several: on
Neo4j they wait for each other's locks, on the embedded store each commit undoes the long
transactions of all others. Single results do not queue. Who dies in its turn loses it at once on
the same machine, after a lease elsewhere.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from graphdb.errors import ZooError
from graphdb.runs import is_dead, owner
from graphdb.store import Store

#: Seconds that a turn lasts without being renewed. After it two may write at once, only slower.
_LEASE = 120
#: Seconds after which somebody who waits stops waiting.
_PATIENCE = 3600
_POLL = 0.2
#: Runs of this process that have a turn or wait for one.
_held: set[str] = set()


@contextmanager
def bulk_turn(
    store: Store, run: str, *, waiting: Callable[[], None] | None = None
) -> Iterator[Callable[[], None]]:
    """Wait for one's turn; gives what renews it, for work of many transactions."""
    _held.add(run)
    try:
        _wait(store, run, waiting or (lambda: None))
        last = time.monotonic()

        def renew() -> None:
            nonlocal last
            if time.monotonic() - last > _LEASE / 4:
                _claim(store, run)
                last = time.monotonic()

        yield renew
    finally:
        _held.discard(run)
        # What went wrong before is what the user must hear, and the lease ends by itself.
        with suppress(ZooError):
            store.write("end_turn", run=run)


def _wait(store: Store, run: str, waiting: Callable[[], None]) -> None:
    end = time.monotonic() + _PATIENCE
    while not _claim(store, run) and time.monotonic() < end:
        waiting()
        time.sleep(random.uniform(_POLL / 2, _POLL))  # noqa: S311


def _claim(store: Store, run: str) -> bool:
    """Look before asking: who asks writes, and would be in the way of who has the turn."""
    over = []
    for row in store.read("turn"):
        mine = row["owner"] == owner()
        if (mine and row["run"] not in _held) or is_dead(row["owner"]):
            over.append(row["run"])  # it ended without being able to say so
        elif not row["expired"] and row["run"] != run:
            return False
    claim = {"run": run, "owner": owner(), "seconds": _LEASE, "over": over}
    return bool(store.transact(lambda tx: tx.run("claim_turn", **claim)))
