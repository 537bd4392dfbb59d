"""The store at scale: import against plain UNWIND, export to PyG tensors, candidates, memory.

python -m bench.store [--scale .1] [--store bolt://...]

Scale 1: 10,000 models, 2,000 datasets, a million each of fine-tunings, similarities (the nearest
500 a dataset) and predictions. One JSON object a measure. The store must be empty: it is filled.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch_geometric.data import HeteroData

from graphdb.batches import BATCH
from graphdb.catalog import count_nodes, count_relationships
from graphdb.columns import Subgraph
from graphdb.histories import write_history
from graphdb.learners import LearnerRecord, write_learner
from graphdb.predictions import Predictions, publish_predictions
from graphdb.records import Dataset, FineTuning, History, Model, Similarity
from graphdb.rows import TABLES
from graphdb.runs import Provenance
from graphdb.store import Store
from graphdb.subgraph import read_subgraph
from zoo.candidates import find_candidates
from zoo.ingestion import ingest_records
from zoo.sources import write_bundle

#: What a plain script would write: the same rows, no counting of what changed.
_PLAIN = """UNWIND $rows AS row
MATCH (m:Model {id: row.model})
MATCH (d:Dataset {id: row.dataset})
MERGE (m)-[r:FINE_TUNED_ON {id: row.id}]->(d)
SET r += row.set, r.run = $run"""
_WIPE = "MATCH ()-[r:FINE_TUNED_ON]->() WITH r LIMIT 20000 DELETE r RETURN count(*) AS n"
_ASKED = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--store", help="default: an embedded one in a folder that goes again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        address = options.store or f"embedded:{folder}/store"
        with Store.open(address) as store:
            if any(count_nodes(store).values()):
                sys.exit(f"{address} is not empty")
            measure(store, Path(folder), scale=options.scale)


def measure(store: Store, folder: Path, *, scale: float) -> None:
    show("server", dict(zip(("name", "bolt"), store.server(), strict=True)))
    models, datasets = round(10_000 * scale**0.5), round(2_000 * scale**0.5)
    history = make_history(models=models, datasets=datasets, records=round(1e6 * scale))
    write_bundle(history, folder / "bundle")
    plain = write_plain(store, history)
    bundle = timed("import from a bundle", lambda: ingest_records(store, folder / "bundle"))
    rows = len(history.fine_tunings)
    show("import", {"rows": rows, "plain_rows_s": rows / plain, "bundle_rows_s": rows / bundle,
                    "ratio": plain / bundle})  # fmt: skip
    timed("import again", lambda: ingest_records(store, folder / "bundle"))
    del history
    relate(store, datasets=datasets)
    predicted = predict(store, models=models, datasets=datasets, rows=round(1e6 * scale))
    gc.collect()
    export(store)
    candidates(store, datasets=predicted)
    show("counts", {**count_nodes(store), **count_relationships(store)})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    show("memory", {"peak_mib_of_this_process": peak // 1024})


def make_history(*, models: int, datasets: int, records: int) -> History:
    rng = np.random.default_rng(0)
    each = records // models
    names = [f"org/model-{i:05}" for i in range(models)]
    places = [f"dataset-{i:04}" for i in range(datasets)]
    tunings = []
    for row, name in enumerate(names):
        chosen = rng.choice(datasets, each, replace=False)
        values = rng.uniform(0.2, 1, each).round(4).tolist()
        for place, value in zip(chosen.tolist(), values, strict=True):
            tunings.append(FineTuning(f"{row}-{place}", name, places[place], value, epochs=10.0,
                                      learning_rate=0.001, batch_size=64, seed=0))  # fmt: skip
    return History(
        models=[Model(n, family="vit", modality="image", parameters=10**7 + i, license="mit")
                for i, n in enumerate(names)],
        datasets=[Dataset(d, modality="image", classes=10, samples=1000) for d in places],
        fine_tunings=tunings,
    )  # fmt: skip


def make_similarities(datasets: int, *, near: int) -> list[Similarity]:
    names = [f"dataset-{i:04}" for i in range(datasets)]
    pairs = ((i, (i + step) % datasets) for i in range(datasets) for step in range(1, near + 1))
    return [Similarity(*sorted((names[a], names[b])), 1 / (1 + abs(a - b)), probe="p")
            for a, b in pairs]  # fmt: skip


def write_plain(store: Store, history: History) -> float:
    """Seconds of the plain statement on ends that are there; its relationships go again."""
    ends = History(models=history.models, datasets=history.datasets)
    write_history(store, ends, provenance=Provenance("bench"))
    rows = next(table for table in TABLES if table.name == "fine_tunings").rows(history)
    start = time.perf_counter()
    for place in range(0, len(rows), BATCH):
        batch = rows[place : place + BATCH]
        store._driver.execute_query(_PLAIN, {"rows": batch, "run": "r"}, database_=store.database)
    seconds = time.perf_counter() - start
    while store._driver.execute_query(_WIPE, database_=store.database).records[0]["n"]:
        pass
    return seconds


def relate(store: Store, *, datasets: int) -> None:
    part = History(similarities=make_similarities(datasets, near=min(500, datasets // 4)))
    timed(
        "similarities",
        lambda: write_history(store, part, provenance=Provenance("bench")),
        rows=len(part.similarities),
    )


def predict(store: Store, *, models: int, datasets: int, rows: int) -> int:
    """How many datasets have predictions now."""
    record = LearnerRecord(id="bench", kind="bench", modality="image", method="full", config="{}",
                           metrics="{}", artifact="bench.zip", sha256="0" * 64)  # fmt: skip
    write_learner(store, record, provenance=Provenance("train"))
    names = np.array([f"org/model-{i:05}" for i in range(models)], object)
    each = min(1000, models)
    column = np.linspace(1, 0, each)
    tables = [
        Predictions(f"dataset-{i:04}", np.roll(names, i)[:each], *[column] * 6)
        for i in range(min(datasets, rows // each))
    ]

    def publish() -> None:
        publish_predictions(
            store, tables, learner="bench", method="full", provenance=Provenance("predict")
        )

    timed("predictions", publish, rows=each * len(tables))
    return len(tables)


def export(store: Store) -> None:
    """To columns, then to tensors; twice, the second time from a warm server."""
    for name in ("export", "export again"):
        start, processor = time.perf_counter(), time.process_time()
        graph = read_subgraph(store, "image")
        columns = time.perf_counter() - start
        to_tensors(graph)
        seconds = time.perf_counter() - start
        edges = len(graph.fine_tunings) + len(graph.similarities)
        found = {"edges": edges, "columns_s": columns, "with_tensors_s": seconds,
                 "processor_s": time.process_time() - processor}  # fmt: skip
        show(name, {**found, "million_edges_s": seconds * 1e6 / edges})


def to_tensors(graph: Subgraph) -> HeteroData:
    data = HeteroData()
    data["model"].num_nodes, data["dataset"].num_nodes = len(graph.models), len(graph.datasets)
    tuned, alike = graph.fine_tunings, graph.similarities
    for kind, first, second, value in (
        (("model", "fine_tuned_on", "dataset"), tuned.model, tuned.dataset, tuned.value),
        (("dataset", "similar_to", "dataset"), alike.a, alike.b, alike.value),
    ):
        data[kind].edge_index = torch.from_numpy(np.stack([first, second]))
        data[kind].edge_attr = torch.from_numpy(value)
    return data


def candidates(store: Store, *, datasets: int) -> None:
    rng = np.random.default_rng(1)
    names = [f"dataset-{i:04}" for i in rng.integers(0, datasets, _ASKED)]
    for name in names[:20]:
        find_candidates(store, name, k=10)
    [current] = store.read("published", dataset=names[0], method="full")
    query = {"run": current["run"], "method": "full", "limit": 10, "last": 40,
             "max_parameters": None, "max_memory": None, "license": "mit", "family": None,
             "allow_unknown": False}  # fmt: skip
    asked: dict[str, Callable[[str], Any]] = {
        "candidate query": lambda name: store.read("limited_candidates", dataset=name, **query),
        "zoo candidates": lambda name: find_candidates(store, name, k=10),
    }
    for what, ask in asked.items():
        found = [1000 * timed(what, lambda n=name, a=ask: a(n), quiet=True) for name in names]
        p50, p99 = np.percentile(found, [50, 99])
        show(what, {"p50_ms": p50, "p99_ms": p99})


def timed(name: str, work: Callable[[], Any], *, rows: int = 0, quiet: bool = False) -> float:
    """Seconds; shown with the processor time of this process, the embedded server's included,
    which other work on the machine does not change much."""
    start, processor = time.perf_counter(), time.process_time()
    work()
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    if not quiet:
        found = {"seconds": seconds, "processor_s": processor}
        show(name, {**found, **({"rows_s": rows / seconds} if rows else {})})
    return seconds


def show(name: str, found: dict[str, Any]) -> None:
    rounded = {k: round(v, 3) if isinstance(v, float) else v for k, v in found.items()}
    print(json.dumps({"bench": name, **rounded}), flush=True)


if __name__ == "__main__":
    main()
