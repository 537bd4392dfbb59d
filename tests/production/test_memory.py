"""A Neo4j whose transactions may hold little memory: what does not fit whole goes in by batches."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graphdb.catalog import count_relationships
from graphdb.errors import ZooError
from graphdb.histories import read_history, write_history
from graphdb.records import History
from graphdb.runs import Provenance, unfinished_imports
from graphdb.store import Store
from graphdb.subgraph import read_subgraph
from tests.graphdb.zoos import as_lists
from tests.neo4j import Release, Server
from tests.production.hosts import wipe
from zoo.sources import generate_history

SETTINGS = ("dbms.memory.transaction.total.max", "db.memory.transaction.max")


@pytest.fixture(scope="module")
def history() -> History:
    return generate_history(models=250, datasets=50, records_per_model=30, seed=1)


@pytest.fixture(scope="module", params=SETTINGS)
def small_server(
    request: pytest.FixtureRequest,
    neo4j_release: Release,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    settings = {request.param: "24m"}
    home = tmp_path_factory.mktemp("memory")
    with Server(home, release=neo4j_release, settings=settings) as server:
        yield server


def test_an_import_larger_than_a_transaction_is_staged(
    small_server: Server, history: History
) -> None:
    server = small_server
    steps: list[str] = []

    def report(table: str, done: int, total: int) -> None:
        if table == "models":
            steps.append(table)

    with Store.open(server.uri, username=server.username, password=server.password) as store:
        wipe(store)
        changes = write_history(store, history, provenance=Provenance("test"), progress=report)
        assert len(steps) > 1, "it fitted into one transaction: nothing was tested"
        assert not store.transact(unfinished_imports, access="read")
        assert changes.tables["fine_tunings"].created == len(history.fine_tunings)
        found = as_lists(read_history(store))
        assert {name: len(rows) for name, rows in found.items()} == {
            name: len(rows) for name, rows in as_lists(history).items()
        }
        assert not write_history(store, history, provenance=Provenance("test")).any
        assert len(read_subgraph(store, "image").fine_tunings)
        print(f"{count_relationships(store)} relationships by batches, {store.retries} retries")


def test_what_fits_nowhere_says_which_setting_to_raise(small_server: Server) -> None:
    server = small_server
    with Store.open(server.uri, username=server.username, password=server.password) as store:
        rows = [{"id": f"m{n}", "set": {"name": "x" * 1000}} for n in range(60_000)]
        with pytest.raises(
            ZooError, match=r"memory.*Raise .*db\.memory\.transaction\.max"
        ) as error:
            store.transact(
                lambda tx: tx.run("upsert_models", rows=rows, run="r", unfinished=[], change=True)
            )
        assert "\n" not in str(error.value)
        assert store.read("model", id="m1") == []
