"""Records as the parameters of a write: the keys that MERGE matches on, and ``set``.

Unknown properties (None) are left out of ``set``: they never erase a stored value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

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

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a history: its query, and how a record becomes a row."""

    name: str
    query: str
    to_row: Callable[[Any], Row]
    #: Sorted by it, so that writers take their locks in one order.
    order: Callable[[Any], Any]

    def rows(self, history: History) -> list[Row]:
        return [
            self.to_row(record) for record in sorted(getattr(history, self.name), key=self.order)
        ]


def _known(names: Iterable[str]) -> Callable[[Any], Row]:
    pairs = tuple(names)

    def select(record: Any) -> Row:
        found = {name: getattr(record, name) for name in pairs}
        return {name: value for name, value in found.items() if value is not None}

    return select


def _without(kind: type, *keys: str) -> Callable[[Any], Row]:
    return _known(name for name in kind.__dataclass_fields__ if name not in keys)  # type: ignore[attr-defined]


_model = _without(Model, "id")
_dataset = _without(Dataset, "id")
_fine_tuning = _without(FineTuning, "id", "model", "dataset")
_pretraining = _without(Pretraining, "model", "dataset")
_similarity = _without(Similarity, "dataset_a", "dataset_b", "measure", "probe")
_transferability = _without(Transferability, "model", "dataset", "method")


def _similarity_row(record: Similarity) -> Row:
    first, second = sorted((record.dataset_a, record.dataset_b))
    return {
        "dataset_a": first,
        "dataset_b": second,
        "measure": record.measure,
        "probe": record.probe,
        "set": _similarity(record),
    }


def _embedding_row(record: Embedding) -> Row:
    vector = np.ascontiguousarray(record.vector, dtype="<f4")
    properties: Row = {
        "probe": record.probe,
        "method": record.method,
        "dim": len(vector),
        "vector": vector.tobytes(),
    }
    if record.samples is not None:
        properties["samples"] = record.samples
    return {"dataset": record.dataset, "id": record.id, "set": properties}


def _pair_row(keys: tuple[str, ...], properties: Callable[[Any], Row]) -> Callable[[Any], Row]:
    def to_row(record: Any) -> Row:
        return {**{key: getattr(record, key) for key in keys}, "set": properties(record)}

    return to_row


#: In the order of writing: ends before relationships.
TABLES = (
    Table("models", "upsert_models", _pair_row(("id",), _model), attrgetter("id")),
    Table("datasets", "upsert_datasets", _pair_row(("id",), _dataset), attrgetter("id")),
    Table(
        "fine_tunings",
        "upsert_fine_tunings",
        _pair_row(("id", "model", "dataset"), _fine_tuning),
        attrgetter("model", "dataset", "id"),
    ),
    Table(
        "pretrainings",
        "upsert_pretrainings",
        _pair_row(("model", "dataset"), _pretraining),
        attrgetter("model", "dataset"),
    ),
    Table(
        "similarities",
        "upsert_similarities",
        _similarity_row,
        attrgetter("dataset_a", "dataset_b", "probe"),
    ),
    Table(
        "transferabilities",
        "upsert_transferabilities",
        _pair_row(("model", "dataset", "method"), _transferability),
        attrgetter("model", "dataset", "method"),
    ),
    Table("embeddings", "upsert_embeddings", _embedding_row, attrgetter("dataset", "probe")),
)
