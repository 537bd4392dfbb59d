"""Constraints and indexes: the same on every store, brought up to date from any older version."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import cypher
from graphdb.catalog import count_nodes
from graphdb.errors import ZooError
from graphdb.schema import current_version, ensure_schema, stored_version
from graphdb.store import Store
from tests.stores import Place

LABELS = ("Dataset", "Embedding", "Job", "Learner", "Model", "Run", "Zoo")


@pytest.fixture
def bare(place: Place) -> Iterator[Place]:
    """A database without constraints and indexes of ours, and with them again afterwards."""
    for row in place.run("SHOW CONSTRAINTS YIELD name RETURN name"):
        place.run(f"DROP CONSTRAINT `{row['name']}`")
    for row in place.run("SHOW INDEXES YIELD name, type WHERE type = 'RANGE' RETURN name"):
        place.run(f"DROP INDEX `{row['name']}` IF EXISTS")
    yield place
    place.run("MATCH (z:Zoo) DETACH DELETE z")
    Store.open(place.address).close()


def _constraints(place: Place) -> set[tuple[object, ...]]:
    rows = place.run("SHOW CONSTRAINTS YIELD labelsOrTypes, properties")
    return {(*row["labelsOrTypes"], *row["properties"]) for row in rows}  # type: ignore[misc]


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


def test_the_oldest_version_is_migrated_with_its_data(bare: Place) -> None:
    for statement in cypher.statements("v1"):
        bare.run(statement)
    bare.run("MERGE (z:Zoo {id: 'zoo'}) SET z.schema = 1")
    bare.run("CREATE (:Model {id: 'kept'})-[:FINE_TUNED_ON {id: 'f', value: .5}]->(:Dataset "
             "{id: 'kept'})")  # fmt: skip
    assert ("Run", "status") not in _indexes(bare)
    with Store.open(bare.address) as store:
        assert stored_version(store) == current_version() > 1
        assert ("Run", "status") in _indexes(bare)
        assert count_nodes(store) == {"Model": 1, "Dataset": 1}
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
