"""Rows on their way into the graph: how many a statement and a transaction take."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from graphdb.changes import Change
from graphdb.rows import Row, Table
from graphdb.store import Transaction

#: Rows a statement; larger batches gain nothing and cost memory (measured on both stores).
BATCH = 5_000
#: Bytes of vectors a statement.
BATCH_BYTES = 8_000_000
#: Rows that one transaction may hold: about 3 kB of a server's memory each, measured on Neo4j 5.26.
WHOLE = 50_000

#: Called with a table's name, the rows done and the rows in all.
Progress = Callable[[str, int, int], None]
Tables = list[tuple[Table, list[Row]]]


def write_batch(
    tx: Transaction,
    *,
    table: Table,
    batch: list[Row],
    run: str,
    unfinished: list[str],
    change: bool = True,
) -> Change:
    """Write rows of one table; without ``change``, stored values that differ only get counted."""
    rows = table.parameters(batch)
    [row] = tx.run(table.query, rows=rows, run=run, unfinished=unfinished, change=change)
    if row["rows"] != len(batch):
        # A row whose end is missing is dropped silently by every store.
        missing = len(batch) - row["rows"]
        raise ValueError(f"{missing} {table.name} name a model or dataset that is not stored")
    return Change(row["created"], row["updated"], len(batch) - row["created"] - row["updated"])


def split(rows: list[Row]) -> Iterator[list[Row]]:
    """At most BATCH rows and BATCH_BYTES of vectors each."""
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
