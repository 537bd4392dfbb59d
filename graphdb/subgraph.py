"""The graph of one modality out of the store, in columns, not object by object."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from graphdb.columns import (
    Datasets,
    Embeddings,
    FineTunings,
    Floats,
    Indices,
    Models,
    Pretrainings,
    Similarities,
    Subgraph,
    Texts,
    Transferabilities,
)
from graphdb.runs import unfinished_imports
from graphdb.store import Row, Store

Index = dict[str, int]
#: The largest tables first: they take the longest.
_QUERIES = (
    "graph_fine_tunings",
    "graph_similarities",
    "graph_transferabilities",
    "graph_models",
    "graph_datasets",
    "graph_pretrainings",
    "graph_embeddings",
)
#: Tables that are read at the same time.
_AT_ONCE = 2


def read_subgraph(store: Store, modality: str) -> Subgraph:
    """Everything a learner may see of one modality.

    A model or dataset without a modality is taken in unless its records say that it belongs to
    another one. Relationships whose other end is outside stay behind, and so does what a large
    import has written that has not ended.
    """
    tables = _read(store, modality)
    models = _models(tables["graph_models"][0]["records"])
    datasets = _datasets(tables["graph_datasets"][0]["records"])
    model_index = {name: row for row, name in enumerate(models.id)}
    dataset_index = {name: row for row, name in enumerate(datasets.id)}
    return Subgraph(
        modality=modality,
        models=models,
        datasets=datasets,
        fine_tunings=_fine_tunings(tables["graph_fine_tunings"], model_index, dataset_index),
        pretrainings=_pretrainings(tables["graph_pretrainings"], model_index, dataset_index),
        similarities=_similarities(tables["graph_similarities"], dataset_index),
        transferabilities=_transferabilities(
            tables["graph_transferabilities"], model_index, dataset_index
        ),
        embeddings=_embeddings(tables["graph_embeddings"], dataset_index),
    )


def _read(store: Store, modality: str) -> dict[str, list[Row]]:
    """Again where a large import began meanwhile: no store reads from a snapshot.

    For that reason one transaction for all tables would show no more than one each, and two tables
    at a time are read sooner: the server prepares one while the other is taken in here.
    """
    hidden = _unfinished(store)
    while True:
        names = sorted(hidden)
        read = partial(store.read, modality=modality, hidden=names)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            tables = dict(zip(_QUERIES, pool.map(read, _QUERIES), strict=True))
        later = _unfinished(store)
        if later <= hidden:
            return tables
        hidden |= later


def _unfinished(store: Store) -> set[str]:
    return {run.id for run in store.transact(unfinished_imports, access="read")}


def _models(records: list[list[Any]]) -> Models:
    columns = _columns(sorted(records, key=lambda record: record[0]), 10)
    identity, family, architecture, task, license_, source = map(_texts, columns[:6])
    parameters, memory_bytes, input_size, pretrained_accuracy = map(_floats, columns[6:])
    return Models(
        id=identity,
        family=family,
        architecture=architecture,
        task=task,
        license=license_,
        source=source,
        parameters=parameters,
        memory_bytes=memory_bytes,
        input_size=input_size,
        pretrained_accuracy=pretrained_accuracy,
    )


def _datasets(records: list[list[Any]]) -> Datasets:
    ids, task, source, classes, samples, quarantined = _columns(
        sorted(records, key=lambda record: record[0]), 6
    )
    return Datasets(
        _texts(ids),
        _texts(task),
        _texts(source),
        _floats(classes),
        _floats(samples),
        _texts(quarantined),
        np.full(len(ids), None, dtype=object),
    )


def _fine_tunings(rows: list[Row], models: Index, datasets: Index) -> FineTunings:
    """Rows come grouped by (model, metric, method), records of a group as parallel lists."""
    sizes = [len(row["datasets"]) for row in rows]
    model = np.repeat(_ends([row["model"] for row in rows], models), sizes)
    dataset = _ends([name for row in rows for name in row["datasets"]], datasets)
    value = _floats([value for row in rows for value in row["values"]])
    metric, method = (
        _texts([row["metric"] for row in rows]),
        _texts([row["method"] for row in rows]),
    )
    kept = np.flatnonzero((model >= 0) & (dataset >= 0))
    keys = (value, _ranks(method).repeat(sizes), _ranks(metric).repeat(sizes), dataset, model)
    order = kept[np.lexsort([key[kept] for key in keys])]
    return FineTunings(
        model[order],
        dataset[order],
        value[order],
        metric.repeat(sizes)[order],
        method.repeat(sizes)[order],
    )


def _pretrainings(rows: list[Row], models: Index, datasets: Index) -> Pretrainings:
    model_ids, dataset_ids, accuracy = _columns(rows[0]["records"], 3)
    model, dataset = _ends(model_ids, models), _ends(dataset_ids, datasets)
    kept = np.flatnonzero((model >= 0) & (dataset >= 0))
    order = kept[np.lexsort((dataset[kept], model[kept]))]
    return Pretrainings(model[order], dataset[order], _floats(accuracy)[order])


def _similarities(rows: list[Row], datasets: Index) -> Similarities:
    """Rows come grouped by (dataset, measure, probe), the others as parallel lists."""
    sizes = [len(row["others"]) for row in rows]
    a = np.repeat(_ends([row["dataset"] for row in rows], datasets), sizes)
    b = _ends([name for row in rows for name in row["others"]], datasets)
    value = _floats([value for row in rows for value in row["values"]])
    measure, probe = (
        _texts([row["measure"] for row in rows]),
        _texts([row["probe"] for row in rows]),
    )
    kept = np.flatnonzero((a >= 0) & (b >= 0))
    keys = (_ranks(probe).repeat(sizes), _ranks(measure).repeat(sizes), b, a)
    order = kept[np.lexsort([key[kept] for key in keys])]
    return Similarities(
        a[order],
        b[order],
        value[order],
        measure.repeat(sizes)[order],
        probe.repeat(sizes)[order],
    )


def _transferabilities(rows: list[Row], models: Index, datasets: Index) -> Transferabilities:
    """Rows come grouped by (model, method), records of a group as parallel lists."""
    sizes = [len(row["datasets"]) for row in rows]
    model = np.repeat(_ends([row["model"] for row in rows], models), sizes)
    dataset = _ends([name for row in rows for name in row["datasets"]], datasets)
    score = _floats([value for row in rows for value in row["scores"]])
    method = _texts([row["method"] for row in rows])
    kept = np.flatnonzero((model >= 0) & (dataset >= 0))
    keys = (_ranks(method).repeat(sizes), dataset, model)
    order = kept[np.lexsort([key[kept] for key in keys])]
    return Transferabilities(
        model[order], dataset[order], method.repeat(sizes)[order], score[order]
    )


def _embeddings(rows: list[Row], datasets: Index) -> Embeddings:
    rows = [row for row in rows if row["dataset"] in datasets]
    rows.sort(key=lambda row: (row["dataset"], row["probe"], row["method"]))
    vectors = np.empty(len(rows), dtype=object)
    for place, row in enumerate(rows):
        vectors[place] = np.frombuffer(row["vector"], dtype="<f4").astype(np.float32)
    return Embeddings(
        _ends([row["dataset"] for row in rows], datasets),
        _texts([row["probe"] for row in rows]),
        _texts([row["method"] for row in rows]),
        vectors,
    )


def _columns(records: list[list[Any]], width: int) -> list[tuple[Any, ...]]:
    return list(zip(*records, strict=True)) if records else [()] * width


def _ends(names: list[str] | tuple[str, ...], index: Index) -> Indices:
    """Row numbers of ``names``, -1 for what is outside."""
    return np.fromiter((index.get(name, -1) for name in names), dtype=np.int64, count=len(names))


def _ranks(column: Texts) -> Indices:
    """Places among the sorted distinct texts: sorting numbers is far quicker than texts."""
    places = {text: place for place, text in enumerate(sorted(set(column.tolist())))}
    return _ends(column.tolist(), places)


def _texts(values: list[Any] | tuple[Any, ...]) -> Texts:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _floats(values: list[Any] | tuple[Any, ...]) -> Floats:
    # None turns into NaN.
    return np.array(values, dtype=np.float64)
