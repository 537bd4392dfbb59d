"""py2neo on the zoo: reading and OGM-style matching, on both stores."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import pytest

from graphdb.errors import ZooError
from graphdb.store import Store
from tests.graphdb.zoos import small, write
from zoo.notebooks import connect_py2neo

py2neo = pytest.importorskip("py2neo", reason="py2neo is an extra: transferzoo[py2neo]")
ogm = pytest.importorskip("py2neo.ogm")

# py2neo leaves its sockets open until they are collected, whatever is called.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


def test_reading(store: Store) -> None:
    write(store, small())
    graph = connect_py2neo(store)
    query = "MATCH (m:Model)-[r:FINE_TUNED_ON]->(d:Dataset {id: $d}) RETURN m.id AS model, " \
            "r.value AS value ORDER BY value"  # fmt: skip
    assert graph.run(query, d="d1").data() == [
        {"model": "m1", "value": 0.5}, {"model": "m1", "value": 0.6},
    ]  # fmt: skip
    frame = graph.run("MATCH (m:Model) RETURN m.id AS id ORDER BY id").to_data_frame()
    assert list(frame["id"]) == ["m1", "m2", "m3"]
    matcher = py2neo.NodeMatcher(graph)
    assert matcher.match("Model", family="vit").first()["parameters"] == 10
    assert len(matcher.match("Dataset")) == 3


def test_object_graph_mapping(store: Store) -> None:
    class Dataset(ogm.Model):  # type: ignore[misc,name-defined]
        __primarykey__ = "id"
        id = ogm.Property()
        classes = ogm.Property()

    class Model(ogm.Model):  # type: ignore[misc,name-defined]
        __primarykey__ = "id"
        id = ogm.Property()
        family = ogm.Property()
        tuned = ogm.RelatedTo(Dataset, "FINE_TUNED_ON")

    write(store, small())
    graph = connect_py2neo(store)
    model = Model.match(graph, "m2").first()
    assert [dataset.id for dataset in model.tuned] == ["d2"]
    assert model.tuned.get(next(iter(model.tuned)), "value") == 0.7
    assert {m.id for m in Model.match(graph).where(family="vit")} == {"m1"}


def test_an_unreachable_store_is_one_line(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "bolt://127.0.0.1:1"
    monkeypatch.setattr(Store, "bolt", property(lambda self: (url, "neo4j", "hunter22", "neo4j")))
    with pytest.raises(ZooError) as error:
        connect_py2neo(store)
    assert "hunter22" not in str(error.value) and "\n" not in str(error.value)
