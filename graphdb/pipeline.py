"""Transactions one after the other, the next begun while the server still commits the one before.

On Neo4j a commit takes as long as the statements before it. On the embedded store two writers undo
each other's transactions, so that there the next begins when the last has ended.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

from graphdb.store import Store, Transaction

Outcome = TypeVar("Outcome")
#: Transactions that are under way: one runs its statements, one is committed.
_WRITERS = 2
#: Transactions whose outcome may be waited for.
_AHEAD = 4


@contextmanager
def transact_all(
    store: Store, works: Iterable[Callable[[Transaction], Outcome]]
) -> Iterator[Iterator[Outcome]]:
    """The outcomes in the order of ``works``; once left, no transaction is under way any more.

    A work may be run more than once, also after it was committed (connections break in commits as
    often as elsewhere), and then later than the one after it. Whatever all of them lock, they must
    lock last: the next waits there until the one before is committed.
    """
    if not store.queues_writers:
        yield (store.transact(work, committed_again=True) for work in works)
        return
    pool = ThreadPoolExecutor(_WRITERS)
    try:
        yield _outcomes(store, works, pool)
    finally:
        pool.shutdown(cancel_futures=True)


def _outcomes(
    store: Store,
    works: Iterable[Callable[[Transaction], Outcome]],
    pool: ThreadPoolExecutor,
) -> Iterator[Outcome]:
    """Statements take turns, so that only a commit happens beside them."""
    turn = Lock()

    def run(work: Callable[[Transaction], Outcome]) -> Outcome:
        def alone(tx: Transaction) -> Outcome:
            with turn:
                return work(tx)

        return store.transact(alone, committed_again=True)

    waiting: deque[Future[Outcome]] = deque()
    for work in works:
        waiting.append(pool.submit(run, work))
        if len(waiting) == _AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
