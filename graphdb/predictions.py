"""Predictions into the graph: written first, then published by one flip, then the old ones swept.

A reader reads the published run and asks for that run: it sees the one or the other whole. The
run before stays until the next one, for readers that began before the flip.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from graphdb.columns import Floats, Texts
from graphdb.runs import Provenance, is_dead, keep_run, start_run
from graphdb.store import Row, Store, Transaction
from graphdb.turns import bulk_turn

#: Predictions kept a dataset: the best ones.
KEPT = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """One dataset's ranked models, best first. Shapes: every column [K]; NaN is unknown."""

    dataset: str
    model: Texts
    score: Floats
    accuracy: Floats
    low: Floats
    high: Floats
    probability_best: Floats
    model_mean: Floats


def publish_predictions(
    store: Store,
    predictions: Sequence[Predictions],
    *,
    learner: str,
    method: str,
    provenance: Provenance,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write, flip, sweep. Killed before the flip, readers see the old run; after it, this one."""
    datasets = sorted(table.dataset for table in predictions)
    with bulk_turn(store, provenance.id) as renew:
        start_run(store, provenance)
        for done, table in enumerate(predictions, start=1):
            store.transact(
                partial(_write, table=table, learner=learner, method=method, run=provenance.id)
            )
            renew()
            if progress is not None:
                progress(done, len(predictions))
        store.transact(lambda tx: _flip(tx, learner, provenance.id, datasets))
        sweep_predictions(store, datasets)


def sweep_predictions(store: Store, datasets: Sequence[str]) -> None:
    """Remove what nothing names; after a killed writer on every dataset that has predictions."""
    running = store.read("running_runs", kind="predict")
    dead = [row["id"] for row in running if row["stale"] or is_dead(row["owner"])]
    live = [row["id"] for row in running if row["id"] not in dead]
    places = datasets
    if dead:
        places = [row["id"] for row in store.read("predicted_datasets")]
    for dataset in places:
        store.write("sweep_predictions", dataset=dataset, live=live)
    for run in dead:
        store.write("finish_run", id=run, status="killed")


def _write(tx: Transaction, *, table: Predictions, learner: str, method: str, run: str) -> None:
    keep_run(tx, run)
    tx.run("delete_predictions", dataset=table.dataset, run=run)
    [row] = tx.run(
        "create_predictions",
        dataset=table.dataset,
        run=run,
        learner=learner,
        method=method,
        rows=_rows(table),
    )
    if row["rows"] != min(len(table.model), KEPT):
        raise ValueError(f"predictions of {table.dataset!r} name a model that is not stored")


def _flip(tx: Transaction, learner: str, run: str, datasets: list[str]) -> None:
    keep_run(tx, run)
    tx.run("publish_predictions", learner=learner, run=run, datasets=datasets)
    tx.run("finish_run", id=run, status="done")


def _rows(table: Predictions) -> list[Row]:
    columns = {
        "score": table.score,
        "accuracy": table.accuracy,
        "low": table.low,
        "high": table.high,
        "probability_best": table.probability_best,
        "model_mean": table.model_mean,
    }
    rows: list[Row] = []
    for place, model in enumerate(table.model[:KEPT]):
        found = {name: float(column[place]) for name, column in columns.items()}
        known: Row = {name: value for name, value in found.items() if not np.isnan(value)}
        rows.append({"model": model, "set": {**known, "rank": place + 1}})
    return rows
