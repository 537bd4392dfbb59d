"""Imports that no transaction can hold: added batch by batch, seen by nobody before the last one.

1. One transaction writes the :Run as ``running`` with a digest of the content, and waits its turn:
   large imports go one after the other.
2. Whole batches add what is new, stamped with the run. Readers of this program (train, predict,
   evaluate, export) leave out what an unfinished import wrote. Stored values stay as they are.
3. The last transaction updates what differs and ends the run: now all of it is seen. Only where
   more than ``batches.WHOLE`` stored rows differ, updates too come in batches before it.

Killed before 3, nothing stored was changed: the same command again goes on where it stopped, and
``zoo forget RUN`` takes it back. A smaller import that meets such a row takes it over.
"""

from __future__ import annotations

import hashlib
import marshal
import time
from collections.abc import Callable

from graphdb import batches
from graphdb.batches import Progress, Tables, split, write_batch
from graphdb.changes import Change, Changes
from graphdb.memory import uncollected
from graphdb.pipeline import transact_all
from graphdb.rows import Row, Table
from graphdb.runs import Provenance, begin_run, keep_run, unfinished_imports, working_on
from graphdb.store import Store, Transaction

#: Seconds between two looks whether another large import has ended.
_POLL = 0.5
Batch = tuple[Table, list[Row]]


def write_staged(
    store: Store,
    tables: Tables,
    provenance: Provenance,
    report: Progress,
    renew: Callable[[], None],
) -> Changes:
    """Write more rows than one transaction holds. Raises ZooError where the run was ended."""
    total = sum(len(rows) for _, rows in tables)
    with uncollected():
        content = _content(tables)
    run, resumed = _claim(store, provenance, content, lambda: report("another import", 0, total))
    retries = store.retries
    with working_on(run):
        found: dict[str, Change] = {}
        differing: list[Batch] = []
        done = 0
        for table, rows in tables:
            change = Change()
            parts = list(split(rows))
            writers = [_Writer(run, table, batch, change=False) for batch in parts]
            with transact_all(store, writers) as outcomes:
                for batch, added in zip(parts, outcomes, strict=True):
                    if added.updated:
                        differing.append((table, batch))
                    change += added
                    done += len(batch)
                    renew()
                    report(table.name, done, total)
            found[table.name] = change
        changes = Changes(run, found)
        # A batch that was committed and done again counts what it wrote as unchanged.
        keep = resumed or changes.any or store.retries > retries
        _finish(store, changes, differing, keep=keep)
        return changes if keep else Changes(None, found)


def rehearse_staged(
    store: Store,
    tables: Tables,
    provenance: Provenance,
    report: Progress,
    renew: Callable[[], None],
) -> Changes:
    """What an import would do, batch by batch, each rolled back.

    Relationships are only looked up where both ends are stored; the others are all new.
    """
    stored = _stored(store)
    found: dict[str, Change] = {}
    total = sum(len(rows) for _, rows in tables)
    done = 0
    for table, rows in tables:
        change = Change()
        for batch in split(rows):
            known = [row for row in batch if _ends_known(row, stored)]
            change += Change(created=len(batch) - len(known))
            change += _tried(store, _Writer(provenance.id, table, known, keep=False))
            done += len(batch)
            renew()
            report(table.name, done, total)
        found[table.name] = change
    return Changes(None, found)


class _Writer:
    """One batch as a transaction."""

    def __init__(
        self, run: str, table: Table, batch: list[Row], *, change: bool = True, keep: bool = True
    ) -> None:
        self.run, self.table, self.batch = run, table, batch
        self.change, self.keep = change, keep

    def __call__(self, tx: Transaction) -> Change:
        others = [run.id for run in unfinished_imports(tx) if run.id != self.run]
        change = write_batch(
            tx,
            table=self.table,
            batch=self.batch,
            run=self.run,
            unfinished=others,
            change=self.change,
        )
        if self.keep:
            keep_run(tx, self.run)  # last: it locks the run, and the next batch waits for that
        return change


class _TriedError(Exception):
    def __init__(self, change: Change) -> None:
        self.change = change


def _tried(store: Store, writer: _Writer) -> Change:
    if not writer.batch:
        return Change()

    def work(tx: Transaction) -> Change:
        raise _TriedError(writer(tx))

    try:
        return store.transact(work)
    except _TriedError as tried:
        return tried.change


def _claim(
    store: Store, provenance: Provenance, content: str, waiting: Callable[[], None]
) -> tuple[str, bool]:
    """The run to write, and whether it goes on with one that nobody works on any more."""
    while True:
        run = store.transact(lambda tx: _begin(tx, provenance, content))
        if run is not None:
            return run, run != provenance.id
        waiting()
        time.sleep(_POLL)


def _begin(tx: Transaction, provenance: Provenance, content: str) -> str | None:
    tx.run("lock_zoo", run=provenance.id)
    others = unfinished_imports(tx)
    if any(not other.dead and other.id != provenance.id for other in others):
        return None
    same = [other.id for other in others if other.content == content]
    run = Provenance(provenance.kind, provenance.arguments, same[0] if same else provenance.id)
    begin_run(tx, run, content=content)
    return run.id


def _finish(store: Store, changes: Changes, differing: list[Batch], *, keep: bool) -> None:
    run = changes.run
    assert run is not None
    if sum(change.updated for change in changes.tables.values()) > batches.WHOLE:
        for table, batch in differing:
            store.transact(_Writer(run, table, batch))
        differing = []

    def work(tx: Transaction) -> None:
        keep_run(tx, run)
        for table, batch in differing:
            _Writer(run, table, batch)(tx)
        if keep:
            tx.run("finish_run", id=run, status="done")
        else:
            tx.run("delete_run", id=run)

    store.transact(work)


def _content(tables: Tables) -> str:
    """A digest of everything an import writes: the same command again is known by it."""
    found = hashlib.sha256()
    for table, rows in tables:
        found.update(table.name.encode())
        for batch in split(rows):
            # Version 2 knows no references, so that equal rows give equal bytes.
            found.update(marshal.dumps(batch, 2))
    return found.hexdigest()


def _stored(store: Store) -> dict[str, set[str]]:
    return {
        "model": {row["id"] for row in store.read("model_ids", hidden=[])},
        "dataset": {row["id"] for row in store.read("dataset_ids", hidden=[])},
    }


def _ends_known(row: Row, stored: dict[str, set[str]]) -> bool:
    ends = (("model", "model"), ("dataset", "dataset"), ("dataset_a", "dataset"),
            ("dataset_b", "dataset"))  # fmt: skip
    return all(row[key] in stored[kind] for key, kind in ends if key in row)
