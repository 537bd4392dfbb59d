"""Transactions in a pipeline: in order, all or an error, nothing under way afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from graphdb.errors import ZooError
from graphdb.pipeline import transact_all
from graphdb.runs import Provenance, keep_run, start_run
from graphdb.store import Store, Transaction
from tests.stores import Place


def _writer(place: int, run: str) -> Callable[[Transaction], int]:
    def work(tx: Transaction) -> int:
        tx.run("start_run", id=f"{run}-{place}", kind="ingest records", arguments="{}",
               versions="{}", owner="", content=None)  # fmt: skip
        keep_run(tx, run)
        return place

    return work


def _written(store: Store) -> int:
    return len(store.read("running_runs", kind="ingest records"))


def _assert_ended_early(store: Store) -> None:
    """Some of 40 were written, and nobody writes any more."""
    before = _written(store)
    assert 1 <= before < 40
    time.sleep(0.2)
    assert _written(store) == before


def test_outcomes_come_in_order_and_all_is_written(store: Store) -> None:
    run = Provenance("train")
    start_run(store, run)
    with transact_all(store, [_writer(place, run.id) for place in range(20)]) as outcomes:
        assert list(outcomes) == list(range(20))
    assert _written(store) == 20


def test_only_neo4j_queues_writers(place: Place) -> None:
    """What is asked once a store is still known when it is closed."""
    with Store.open(place.address) as opened:
        known = opened.queues_writers
    assert known == opened.queues_writers == (opened.address.url is not None)


def test_an_error_ends_it_and_leaves_nothing_under_way(store: Store) -> None:
    run = Provenance("train")
    start_run(store, run)

    def broken(tx: Transaction) -> int:
        _writer(100, run.id)(tx)
        raise ZooError("no")

    works = [_writer(0, run.id), broken, *(_writer(place, run.id) for place in range(1, 40))]
    with (
        pytest.raises(ZooError, match="no"),
        transact_all(store, works) as outcomes,
    ):
        list(outcomes)
    _assert_ended_early(store)


def test_whoever_leaves_early_waits_for_what_is_under_way(store: Store) -> None:
    run = Provenance("train")
    start_run(store, run)
    with transact_all(store, [_writer(place, run.id) for place in range(40)]) as outcomes:
        assert next(outcomes) == 0
    _assert_ended_early(store)


def test_statements_of_one_run_beside_the_commit_of_another_only(store: Store) -> None:
    """Two that ran statements at once would wait for each other's locks in any order."""
    run = Provenance("train")
    start_run(store, run)
    inside = 0
    most = 0
    lock = threading.Lock()

    def work(tx: Transaction) -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        tx.run("unfinished_imports")
        time.sleep(0.02)
        with lock:
            inside -= 1
        keep_run(tx, run.id)

    with transact_all(store, [work] * 8) as outcomes:
        assert len(list(outcomes)) == 8
    assert most == 1
