"""The subgraph in columns: the same on every store, and exactly what went in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphdb.columns import Subgraph
from graphdb.histories import write_history
from graphdb.records import Dataset, FineTuning, History, Model, Similarity
from graphdb.runs import Provenance
from graphdb.store import Store, Transaction
from graphdb.subgraph import read_subgraph
from tests.graphdb.zoos import small, write
from tests.stores import Place
from zoo.sources import generate_subgraph
from zoo.sources.unfold import history_of

_ORDERS = {
    "fine_tunings": ("model", "dataset", "metric", "method", "value"),
    "pretrainings": ("model", "dataset"),
    "similarities": ("a", "b", "measure", "probe"),
    "transferabilities": ("model", "dataset", "method"),
    "embeddings": ("dataset", "probe", "method"),
}


def _tables(graph: Subgraph) -> dict[str, list[tuple[Any, ...]]]:
    """Every table as rows in which ends are ids, unknown is None."""
    ids = {"models": graph.models.id, "datasets": graph.datasets.id}
    ends = {"model": "models", "dataset": "datasets", "a": "datasets", "b": "datasets"}
    found = {}
    for name in ("models", "datasets", *_ORDERS):
        table = getattr(graph, name)
        columns = []
        for field in table.__slots__:
            column = getattr(table, field)
            if field in ends:
                column = ids[ends[field]][column]
            columns.append([_plain(value) for value in column])
        found[name] = list(zip(*columns, strict=True))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return (str(value.dtype), *value.tolist())
    return None if isinstance(value, float) and np.isnan(value) else value


@pytest.mark.parametrize("modality", ["image", "text"])
def test_columns_are_exactly_what_was_generated(store: Store, modality: str) -> None:
    made = generate_subgraph(
        models=40, datasets=20, records_per_model=8, seed=3, modality=modality, dimension=16
    )
    other = generate_subgraph(models=5, datasets=3, seed=1, modality="other", dimension=4)
    for graph in (made, other):
        history = history_of(graph, source="test")
        write_history(store, history, provenance=Provenance("test"))
    expected, found = _tables(made), _tables(read_subgraph(store, modality))
    for name in expected:
        assert sorted(found[name], key=repr) == sorted(expected[name], key=repr), name


def test_rows_are_in_one_order_on_every_store(store: Store) -> None:
    made = generate_subgraph(models=30, datasets=12, seed=5, modality="text", dimension=4)
    history = history_of(made, source="test")
    for part in (
        History(datasets=history.datasets[::-1]),
        History(models=history.models[::-1]),
        history,
    ):
        write(store, part)
    graph = read_subgraph(store, "text")
    assert list(graph.models.id) == sorted(graph.models.id)
    assert list(graph.datasets.id) == sorted(graph.datasets.id)
    for name, keys in _ORDERS.items():
        table = getattr(graph, name)
        rows = list(zip(*(getattr(table, key).tolist() for key in keys), strict=True))
        assert rows == sorted(rows), name


def test_who_names_no_modality_is_taken_in_unless_its_records_say_otherwise(store: Store) -> None:
    history = History(
        models=[Model("image", modality="image"), Model("text", modality="text"), Model("none"),
                Model("of text")],
        datasets=[Dataset("image", modality="image"), Dataset("text", modality="text"),
                  Dataset("none"), Dataset("of text")],
        fine_tunings=[
            FineTuning("1", "none", "image", 0.5),
            FineTuning("2", "of text", "text", 0.5),
            FineTuning("3", "text", "of text", 0.5),
            FineTuning("4", "text", "text", 0.5),
        ],
        similarities=[Similarity("image", "text", 0.1), Similarity("image", "none", 0.2)],
    )  # fmt: skip
    write(store, history)
    graph = read_subgraph(store, "image")
    assert list(graph.models.id) == ["image", "none"]
    assert list(graph.datasets.id) == ["image", "none"]
    assert _tables(graph)["fine_tunings"] == [("none", "image", 0.5, "accuracy", "full")]
    assert graph.similarities.value.tolist() == [0.2]


def test_an_empty_zoo_gives_empty_columns(store: Store) -> None:
    graph = read_subgraph(store, "image")
    for name in ("models", "datasets", *_ORDERS):
        table = getattr(graph, name)
        assert all(len(getattr(table, field)) == 0 for field in table.__slots__), name
    assert graph.fine_tunings.model.dtype == np.int64
    assert graph.fine_tunings.value.dtype == np.float64


def test_quarantine_travels(store: Store) -> None:
    write(store, small())
    store.write("set_quarantine", id="d2", reason="labels shuffled")
    graph = read_subgraph(store, "image")
    assert dict(zip(graph.datasets.id, graph.datasets.quarantined, strict=True))["d2"] == (
        "labels shuffled"
    )
    store.write("set_quarantine", id="d2", reason=None)
    assert set(read_subgraph(store, "image").datasets.quarantined) == {None}


def test_a_large_import_that_begins_while_it_is_read_stays_behind(
    store: Store, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No store reads from a snapshot: the rows are there before the last table is read."""
    write(store, small())
    before = _tables(read_subgraph(store, "image"))
    plain = Transaction.run

    def interrupted(tx: Transaction, name: str, **params: Any) -> list[dict[str, Any]]:
        if name == "graph_models" and not place.run("MATCH (r:Run {id: 'large'}) RETURN r"):
            place.run(
                "CREATE (:Run {id: 'large', status: 'running', kind: 'x', content: 'c', "
                "owner: 'nowhere:1', arguments: '{}', started: datetime(), seen: datetime()})"
            )
            place.run(
                "MATCH (m:Model {id: 'm1'}) MATCH (d:Dataset {id: 'd1'}) CREATE (m)-[:"
                "FINE_TUNED_ON {id: 'l', run: 'large', value: .1, metric: 'accuracy', "
                "method: 'full'}]->(d)"
            )
        return plain(tx, name, **params)

    monkeypatch.setattr(Transaction, "run", interrupted)
    assert _tables(read_subgraph(store, "image")) == before
    assert place.run("MATCH ()-[r:FINE_TUNED_ON {run: 'large'}]->() RETURN count(r) AS n") == [
        {"n": 1}
    ]
