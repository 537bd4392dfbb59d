"""Constraints and indexes: the same on every store, brought up to date from any older version."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cypher
from graphdb.errors import ZooError
from graphdb.histories import read_history
from graphdb.removal import remove_run
from graphdb.schema import current_version, ensure_schema, stored_version
from graphdb.store import Store
from graphdb.subgraph import read_subgraph
from tests.graphdb.zoos import as_lists, small, write
from tests.stores import Place
from zoo.candidates import find_candidates

OLDEST = Path(__file__).with_name("schema-v1.json")
LABELS = ("Dataset", "Embedding", "Job", "Learner", "Model", "Run", "Zoo")


@pytest.fixture
def bare(place: Place) -> Iterator[Place]:
    """A database without constraints and indexes of ours, and with them again afterwards."""
    for row in _keys(place):
        place.run(f"DROP CONSTRAINT `{row['name']}`")
    for row in place.run("SHOW INDEXES YIELD name, type WHERE type = 'RANGE' RETURN name"):
        place.run(f"DROP INDEX `{row['name']}` IF EXISTS")
    yield place
    place.run("MATCH (z:Zoo) DETACH DELETE z")
    Store.open(place.address).close()


def _keys(place: Place) -> list[dict[str, Any]]:
    """Without types: the embedded store notes one where it indexes a property that has values."""
    rows = place.run("SHOW CONSTRAINTS YIELD name, type, labelsOrTypes, properties")
    return [row for row in rows if row["type"] != "NODE_PROPERTY_TYPE"]


def _constraints(place: Place) -> set[tuple[object, ...]]:
    return {(*row["labelsOrTypes"], *row["properties"]) for row in _keys(place)}


def _indexes(place: Place) -> set[tuple[object, ...]]:
    rows = place.run("SHOW INDEXES YIELD type, labelsOrTypes, properties")
    ranges = [row for row in rows if row["type"] == "RANGE"]
    return {(*row["labelsOrTypes"], *row["properties"]) for row in ranges}  # type: ignore[misc]


def test_constraints_and_indexes_are_the_same_everywhere(store: Store, place: Place) -> None:
    ids = {(label, "id") for label in LABELS}
    assert _constraints(place) == ids
    assert _indexes(place) == {*ids, ("Job", "status"), ("Run", "status")}
    assert stored_version(store) == current_version()


def test_a_store_of_a_newer_version_is_refused(store: Store, place: Place) -> None:
    place.run("MATCH (z:Zoo) SET z.schema = 99")
    with pytest.raises(ZooError, match=r"version 99.*knows \d.*pip install"):
        Store.open(place.address)
    Store.connect(place.address).close()
    assert place.run("MATCH (z:Zoo) RETURN z.schema AS v") == [{"v": 99}]


def _bytes(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"base64"}:
            return base64.b64decode(value["base64"])
        return {key: _bytes(each) for key, each in value.items()}
    return [_bytes(each) for each in value] if isinstance(value, list) else value


def test_the_oldest_version_is_migrated_with_its_data(bare: Place) -> None:
    """The program's last commit of version 1 filled a store; these are its statements, in order.

    It wrote ``small``, a learner, three predictions of two datasets, and a run that it left.
    """
    for step in json.loads(OLDEST.read_text("utf-8")):
        bare.run(step["statement"], **_bytes(step["params"]))
    assert bare.run("MATCH (z:Zoo) RETURN z.schema AS v") == [{"v": 1}]
    assert ("Run", "status") not in _indexes(bare)
    with Store.open(bare.address) as store:
        assert stored_version(store) == current_version() > 1
        assert ("Run", "status") in _indexes(bare)
        assert _constraints(bare) == {(label, "id") for label in LABELS}
        assert as_lists(read_history(store)) == as_lists(small())
        graph = read_subgraph(store, "image")
        assert len(graph.fine_tunings) == 3 and len(graph.embeddings.dataset) == 1
        found = find_candidates(store, "d1")
        assert [model.model for model in found.models] == ["m1", "m3", "m2"]
        assert (found.learner, found.models[0].measured) == ("l1", pytest.approx(0.55))
        assert write(store, small()) is None, "what version 1 wrote is known again"
        assert {run["id"] for run in store.read("list_runs", limit=9)} == {
            f"run-{n}" for n in range(1, 7)
        }
        remove_run(store, "run-1")
        left = read_history(store)
        assert not left.fine_tunings and not left.embeddings
        assert len(left.models) == 3, "a model with predictions stays"
        ensure_schema(store)
        assert stored_version(store) == current_version()


def test_many_that_open_a_new_database_at_once(bare: Place) -> None:
    errors: list[BaseException] = []

    def open_() -> None:
        try:
            Store.open(bare.address).close()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=open_) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert bare.run("MATCH (z:Zoo) RETURN count(z) AS n, max(z.schema) AS v") == [
        {"n": 1, "v": current_version()}
    ]
    assert _constraints(bare) == {(label, "id") for label in LABELS}


def test_versions_have_no_gap() -> None:
    assert cypher.names("schema") == [f"v{n}" for n in range(1, current_version() + 1)]
