"""Datasets that the zoo does not know yet, named by a path: ``zoo predict ./my_images``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import Datasets, Embeddings, Similarities, Subgraph
from graphdb.errors import ZooError, to_type
from graphdb.store import Store
from learn.progress import Tell, silent
from zoo.jobs.counting import piece_of
from zoo.paths import is_path, local_path

if TYPE_CHECKING:
    from graphdb.records import Dataset
    from zoo.jobs.probing import Examined


def find_newcomers(store: Store, names: Sequence[str]) -> list[str]:
    """Those of ``names`` that are no stored dataset but a path.

    Raises:
        ZooError: one that can only be a path, where nothing lies.
    """
    paths = [name for name in names if local_path(name) or is_path(name)]
    newcomers = [path for path in paths if not store.read("dataset", id=path)]
    for path in newcomers:
        if not local_path(path):
            raise ZooError(
                f"{path[:500]} does not exist. Give an image folder, a csv, json or parquet file, "
                "or an id: zoo ls datasets"
            )
    return newcomers


def examine_newcomers(
    store: Store, paths: Sequence[str], *, check: Callable[[str, str], None], tell: Tell = silent
) -> dict[str, Examined]:
    """Datasets by their paths, as the graph would hold them.

    Metadata, embedding by the history's own probe, similarities; nothing is stored. ``check`` is
    called with a path and its modality as soon as that is known.

    Raises:
        ZooError: a path holds no dataset that can be read, or the extra ``jobs`` is missing.
    """
    found = {}
    for number, path in enumerate(paths):
        moved = piece_of(tell, number, len(paths), name=path)
        found[path] = _examine(store, path, partial(check, path), moved)
    return found


def _examine(store: Store, path: str, check: Callable[[str], None], tell: Tell) -> Examined:
    try:
        from zoo.jobs.adaptive import CLOSE
        from zoo.jobs.probing import examine_dataset

        return examine_dataset(store, path, within=CLOSE, alone=False, check=check, tell=tell)
    except ModuleNotFoundError as error:
        raise ZooError(
            f"Reading {path!r} needs {error.name}. Install it: pip install 'transferzoo[jobs]'"
        ) from error


def store_newcomers(store: Store, examined: Mapping[str, Examined]) -> None:
    """Write what was examined, by the path it was named by."""
    from zoo.jobs.probing import ingest_dataset

    for path, one in examined.items():
        ingest_dataset(store, one, command=to_type("predict", path))


def with_newcomer(graph: Subgraph, examined: Examined) -> Subgraph:
    """The graph with one more dataset, in columns only: nothing is stored."""
    row = len(graph.datasets)
    index = {name: place for place, name in enumerate(graph.datasets.id)}
    index[examined.dataset.id] = row
    links = [
        link
        for link in examined.similarities
        if link.dataset_a in index and link.dataset_b in index
    ]
    return replace(
        graph,
        datasets=_with_dataset(graph.datasets, examined.dataset),
        similarities=Similarities(
            a=_joined(graph.similarities.a, [index[link.dataset_a] for link in links]),
            b=_joined(graph.similarities.b, [index[link.dataset_b] for link in links]),
            value=_joined(graph.similarities.value, [link.value for link in links]),
            measure=_joined(graph.similarities.measure, [link.measure for link in links]),
            probe=_joined(graph.similarities.probe, [link.probe for link in links]),
        ),
        embeddings=Embeddings(
            dataset=_joined(graph.embeddings.dataset, [row] * len(examined.embeddings)),
            probe=_joined(graph.embeddings.probe, [e.probe for e in examined.embeddings]),
            method=_joined(graph.embeddings.method, [e.method for e in examined.embeddings]),
            vector=_joined(graph.embeddings.vector, [e.vector for e in examined.embeddings]),
        ),
    )


def _with_dataset(datasets: Datasets, new: Dataset) -> Datasets:
    return Datasets(
        id=_joined(datasets.id, [new.id]),
        task=_joined(datasets.task, [new.task]),
        source=_joined(datasets.source, [new.source]),
        classes=_joined(datasets.classes, [np.nan if new.classes is None else new.classes]),
        samples=_joined(datasets.samples, [np.nan if new.samples is None else new.samples]),
        quarantined=_joined(datasets.quarantined, [new.quarantined]),
        metric=_joined(datasets.metric, [None]),
    )


def _joined(column: NDArray[Any], values: Sequence[object]) -> NDArray[Any]:
    """The column with ``values`` behind it, of the same dtype (vectors stay whole cells)."""
    added = np.empty(len(values), dtype=column.dtype)
    for place, value in enumerate(values):
        added[place] = value
    return np.concatenate([column, added])
