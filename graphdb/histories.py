"""A history into the graph, in batches, and out of it again.

Up to ``WHOLE`` rows an import is one transaction: all of it or nothing, whatever is killed when.
Past that, memory of the server forbids it: batches are whole, the :Run stays ``running`` until
the last one, and the same command typed again completes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from graphdb.changes import Change, Changes
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
from graphdb.rows import TABLES, Row, Table
from graphdb.runs import Provenance, record_run, start_run
from graphdb.store import Store, Transaction

#: Rows a statement; larger batches gain nothing and cost memory (measured on both stores).
BATCH = 5_000
#: Bytes of vectors a statement.
BATCH_BYTES = 8_000_000
#: Rows that one transaction may hold.
WHOLE = 100_000

Progress = Callable[[str, int, int], None]


class _RehearsedError(Exception):
    """Carries the result of a dry run out of the transaction that it rolls back."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes


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
    back. Raises ZooError as :class:`Store` does; then nothing of a whole import is written.
    """
    tables = [(table, table.rows(history)) for table in TABLES]
    total = sum(len(rows) for _, rows in tables)
    report = progress or (lambda table, done, total: None)
    if dry_run:
        return _rehearse(store, tables, provenance, report, total)
    if total <= WHOLE:
        return store.transact(lambda tx: _write_whole(tx, tables, provenance, report, total))
    return _write_batches(store, tables, provenance, report, total)


def _write_whole(
    tx: Transaction,
    tables: list[tuple[Table, list[Row]]],
    provenance: Provenance,
    report: Progress,
    total: int,
) -> Changes:
    found: dict[str, Change] = {}
    done = 0
    for table, rows in tables:
        change = Change()
        for batch in _batches(rows):
            change += _write_batch(tx, table=table, batch=batch, run=provenance.id)
            done += len(batch)
            report(table.name, done, total)
        found[table.name] = change
    changes = Changes(provenance.id, found)
    if not changes.any:
        return Changes(None, found)
    record_run(tx, provenance)
    return changes


def _rehearse(
    store: Store,
    tables: list[tuple[Table, list[Row]]],
    provenance: Provenance,
    report: Progress,
    total: int,
) -> Changes:
    def work(tx: Transaction) -> Changes:
        raise _RehearsedError(_write_whole(tx, tables, provenance, report, total))

    try:
        return store.transact(work)
    except _RehearsedError as rehearsed:
        return Changes(None, rehearsed.changes.tables)


def _write_batches(
    store: Store,
    tables: list[tuple[Table, list[Row]]],
    provenance: Provenance,
    report: Progress,
    total: int,
) -> Changes:
    start_run(store, provenance)
    found: dict[str, Change] = {}
    done = 0
    for table, rows in tables:
        change = Change()
        for batch in _batches(rows):
            change += store.transact(
                partial(_write_batch, table=table, batch=batch, run=provenance.id)
            )
            done += len(batch)
            report(table.name, done, total)
        found[table.name] = change
    changes = Changes(provenance.id, found)
    if not changes.any:
        store.write("delete_run", id=provenance.id)
        return Changes(None, found)
    store.transact(lambda tx: record_run(tx, provenance))
    return changes


def _write_batch(tx: Transaction, *, table: Table, batch: list[Row], run: str) -> Change:
    [row] = tx.run(table.query, rows=batch, run=run)
    if row["rows"] != len(batch):
        # A row whose end is missing is dropped silently by every store.
        missing = len(batch) - row["rows"]
        raise ValueError(f"{missing} {table.name} name a model or dataset that is not stored")
    return Change(row["created"], row["updated"], len(batch) - row["created"] - row["updated"])


def _batches(rows: list[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        weight = len(row["set"].get("vector", b""))
        if batch and (len(batch) == BATCH or size + weight > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += weight
    if batch:
        yield batch


def read_history(store: Store) -> History:
    """Everything a record bundle holds, sorted by id; run stamps and predictions stay behind."""
    return History(
        models=[Model(**row) for row in store.read("all_models")],
        datasets=[Dataset(**row) for row in store.read("all_datasets")],
        fine_tunings=[
            FineTuning(**dict(zip(group["keys"], values, strict=True)), dataset=group["dataset"])
            for group in store.read("all_fine_tunings")
            for values in group["records"]
        ],
        pretrainings=[Pretraining(**row) for row in store.read("all_pretrainings")],
        similarities=[Similarity(**row) for row in store.read("all_similarities")],
        transferabilities=[Transferability(**row) for row in store.read("all_transferabilities")],
        embeddings=[_embedding(row) for row in store.read("all_embeddings")],
    )


def _embedding(row: Row) -> Embedding:
    vector = np.frombuffer(row.pop("vector"), dtype="<f4").astype(np.float32)
    return Embedding(**row, vector=vector)
