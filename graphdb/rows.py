"""Records as the parameters of a write: the keys that MERGE matches on, and ``set``.

Unknown properties (None) are left out of ``set``: they never erase a stored value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from graphdb.errors import ZooError
from graphdb.records import (
    Dataset,
    Embedding,
    FineTuning,
    History,
    Model,
    Pretraining,
    Similarity,
    Transferability,
    is_unicode,
)

Row = dict[str, Any]
#: What Neo4j's range index takes.
LONGEST_BYTES = 8_000


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a history: its query, and how a record becomes a row."""

    name: str
    query: str
    to_row: Callable[[Any], Row]
    #: Entries of a row to sort by, the end that is locked first: writers take locks in one order.
    order: tuple[str, ...]
    #: Texts that say which record it is.
    keys: tuple[str, ...]
    #: Whether its query takes the rows of one first end together, to look that up and lock it once.
    grouped: bool = False

    def rows(self, history: History) -> list[Row]:
        """Raises ZooError for a key that no store could hold the same way."""
        records = getattr(history, self.name)
        for record in records:
            self._check(record)
        return _once([self.to_row(record) for record in records], itemgetter(*self.order))

    def parameters(self, batch: list[Row]) -> list[Row]:
        """Sorted rows as the query's ``rows``."""
        if not self.grouped:
            return batch
        ends = groupby(batch, key=itemgetter(self.order[0]))
        return [{"first": end, "rows": list(rows)} for end, rows in ends]

    def _check(self, record: Any) -> None:
        for key in self.keys:
            value = getattr(record, key)
            if not _fits(value):
                shown = "none" if value is None else repr(value)[:60]
                raise ZooError(
                    f"A row of {self.name} has an unfit {key} ({shown}): "
                    f"a text of at most {LONGEST_BYTES} bytes is needed"
                )


def _once(rows: list[Row], key: Callable[[Row], Any]) -> list[Row]:
    """Sorted, each key once: of two records of one key the later adds to the earlier."""
    rows.sort(key=key)
    kept = rows[:1]
    for row in rows[1:]:
        if key(row) == key(kept[-1]):
            kept[-1]["set"].update(row["set"])
        else:
            kept.append(row)
    return kept


def _fits(key: object) -> bool:
    """Neo4j refuses to MERGE on null and to index a long text; the embedded store does neither."""
    if not isinstance(key, str):
        return False
    if key.isascii():
        return len(key) <= LONGEST_BYTES
    return is_unicode(key) and len(key.encode()) <= LONGEST_BYTES


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


def _keyed(
    name: str, keys: tuple[str, ...], properties: Callable[[Any], Row], *order: str
) -> Table:
    to_row = _pair_row(keys, properties)
    grouped = len(keys) > 1
    return Table(name, f"upsert_{name}", to_row, order or keys, keys, grouped)


_SIMILAR = ("dataset_a", "dataset_b", "measure", "probe")

#: In the order of writing: ends before relationships.
TABLES = (
    _keyed("models", ("id",), _model),
    _keyed("datasets", ("id",), _dataset),
    _keyed("fine_tunings", ("id", "model", "dataset"), _fine_tuning, "model", "dataset", "id"),
    _keyed("pretrainings", ("model", "dataset"), _pretraining),
    Table("similarities", "upsert_similarities", _similarity_row, _SIMILAR, _SIMILAR, grouped=True),
    _keyed("transferabilities", ("model", "dataset", "method"), _transferability),
    Table(
        "embeddings",
        "upsert_embeddings",
        _embedding_row,
        ("dataset", "id"),
        ("dataset", "probe", "method"),
    ),
)
