"""A history into the graph, and out of it again.

Up to ``batches.WHOLE`` rows an import is one transaction: all of it or nothing, whatever is killed
when. Past that a server's memory may not hold it: ``graphdb.staging`` adds it batch by batch, out
of sight of every reader of this program until its last transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import numpy as np

from graphdb import batches
from graphdb.batches import Progress, Tables, split, write_batch
from graphdb.changes import Change, Changes
from graphdb.memory import long_lived, uncollected
from graphdb.records import (
    Dataset,
    Embedding,
    FineTuning,
    History,
    Model,
    Pretraining,
    Similarity,
    Transferability,
)
from graphdb.rows import TABLES, Row
from graphdb.runs import Provenance, record_run, unfinished_imports
from graphdb.staging import rehearse_staged, write_staged
from graphdb.store import Store, TooLargeError, Transaction
from graphdb.turns import bulk_turn

log = logging.getLogger("graphdb")
#: Times that a whole import is tried before it is staged.
_COMMITS = 3
#: Rows that do not wait for other bulk writers: a result of one's own, a job's.
_FEW = 200


class _RehearsedError(Exception):
    """Carries the result of a dry run out of the transaction that it rolls back."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes


class _OvertakenError(Exception):
    """A large import began while this transaction wrote: it may have met rows of it."""


@long_lived()
def write_history(
    store: Store,
    history: History,
    *,
    provenance: Provenance,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Changes:
    """Write every record of ``history``; equal rows stay as they are, changed ones are updated.

    A run is recorded only where something changed. With ``dry_run`` the same is done and rolled
    back. Raises ZooError as :class:`Store` does; then nothing of it is to be seen.
    """
    with uncollected():
        tables = [(table, table.rows(history)) for table in TABLES]
    total = sum(len(rows) for _, rows in tables)
    report = progress or (lambda table, done, total: None)
    whole = partial(write_whole, tables=tables, provenance=provenance, report=report)
    if total <= min(_FEW, batches.WHOLE) and not dry_run:
        return _repeated(store, whole)
    with bulk_turn(
        store, provenance.id, waiting=lambda: report("another writer", 0, total)
    ) as renew:
        try:
            if total <= batches.WHOLE:
                return _rehearse(store, whole) if dry_run else _settled(store, whole)
        except TooLargeError:
            log.info("%d rows do not fit into one transaction of this server: staged", total)
        write = rehearse_staged if dry_run else write_staged
        return write(store, tables, provenance, report, renew)


def write_whole(
    tx: Transaction, tables: Tables, provenance: Provenance, report: Progress
) -> Changes:
    """All tables in one transaction. Rows of an unfinished large import are taken over."""
    before = {run.id for run in unfinished_imports(tx)}
    total = sum(len(rows) for _, rows in tables)
    found: dict[str, Change] = {}
    done = 0
    for table, rows in tables:
        change = Change()
        for batch in split(rows):
            change += write_batch(
                tx, table=table, batch=batch, run=provenance.id, unfinished=sorted(before)
            )
            done += len(batch)
            report(table.name, done, total)
        found[table.name] = change
    if {run.id for run in unfinished_imports(tx)} - before:
        raise _OvertakenError
    changes = Changes(provenance.id, found)
    if not changes.any:
        return Changes(None, found)
    record_run(tx, provenance)
    return changes


def _settled(store: Store, work: Callable[[Transaction], Changes]) -> Changes:
    """Each large import that begins meanwhile costs one repetition; they begin one by one.

    Raises:
        TooLargeError: a commit failed twice, which is where a server may run out of memory and
            the driver would go on repeating.
    """
    tries = 0

    def patient(tx: Transaction) -> Changes:
        nonlocal tries
        tries += 1
        if tries > _COMMITS:
            raise TooLargeError("the transaction was repeated too often")
        return work(tx)

    while True:
        try:
            return store.transact(patient)
        except _OvertakenError:
            tries = 0


def _repeated(store: Store, work: Callable[[Transaction], Changes]) -> Changes:
    """Few rows: as often as it takes."""
    while True:
        try:
            return store.transact(work)
        except _OvertakenError:
            continue


def _rehearse(store: Store, whole: Callable[[Transaction], Changes]) -> Changes:
    def work(tx: Transaction) -> Changes:
        raise _RehearsedError(whole(tx))

    try:
        return _settled(store, work)
    except _RehearsedError as rehearsed:
        return Changes(None, rehearsed.changes.tables)


def read_history(store: Store) -> History:
    """Everything a record bundle holds, sorted by id; run stamps and predictions stay behind.

    One read transaction; what a large import wrote that has not ended stays behind too.
    """
    return store.transact(_read, access="read")


def _read(tx: Transaction) -> History:
    hidden = [run.id for run in unfinished_imports(tx)]

    def rows(name: str) -> list[Row]:
        return tx.run(f"all_{name}", hidden=hidden)

    return History(
        models=[Model(**row) for row in rows("models")],
        datasets=[Dataset(**row) for row in rows("datasets")],
        fine_tunings=[
            FineTuning(**dict(zip(group["keys"], values, strict=True)), dataset=group["dataset"])
            for group in rows("fine_tunings")
            for values in group["records"]
        ],
        pretrainings=[Pretraining(**row) for row in rows("pretrainings")],
        similarities=[Similarity(**row) for row in rows("similarities")],
        transferabilities=[Transferability(**row) for row in rows("transferabilities")],
        embeddings=[_embedding(row) for row in rows("embeddings")],
    )


def _embedding(row: Row) -> Embedding:
    vector = np.frombuffer(row.pop("vector"), dtype="<f4").astype(np.float32)
    return Embedding(**row, vector=vector)
