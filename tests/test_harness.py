"""The test servers themselves: empty at the start, nobody else's, refused where they hold data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graphdb.store import Store
from tests.neo4j import Release, Server
from tests.stores import PRIVATE, ForeignDatabaseError, Place


def test_a_store_is_empty_and_its_environment_names_it(store: Store, place: Place) -> None:
    assert store.read("ping")
    assert os.environ["ZOO_STORE"] == place.address
    place.run("UNWIND range(1, 3) AS i CREATE (:Model {id: 'm' + i})-[:PRETRAINED_ON]->(:Dataset)")
    assert place.count()[1] == 3
    place.empty()
    assert place.count() == (0, 0)
    assert place.run("MATCH (n:ZooTest) RETURN count(n) AS n") == [{"n": 1}]


def test_a_database_of_somebody_is_refused(place: Place) -> None:
    place.run("MATCH (n:ZooTest) REMOVE n:ZooTest SET n:Precious")
    try:
        with pytest.raises(ForeignDatabaseError, match="holds data"):
            place.claim()
        assert place.run("MATCH (n:Precious) RETURN count(n) AS n") == [{"n": 1}]
    finally:
        place.run("MATCH (n:Precious) DETACH DELETE n")
        place.claim()


def test_no_test_sees_what_the_shell_holds() -> None:
    assert not set(PRIVATE) & set(os.environ)


def test_a_server_keeps_what_it_acknowledged_when_killed(
    neo4j_release: Release, tmp_path: Path
) -> None:
    with Server(tmp_path / "killed", release=neo4j_release) as server:
        auth = (server.username, server.password)
        environment = {"uri": server.uri, "password": server.password}
        _run(server.uri, auth, "CREATE (:Kept)")
        server.kill()
        assert server.pid is None
        server.restart()
        assert environment == {"uri": server.uri, "password": server.password}
        assert _run(server.uri, auth, "MATCH (n:Kept) RETURN n") == 1
        files = [file for file in (tmp_path / "killed").rglob("*") if file.is_file()]
        holding = [file.name for file in files if server.password.encode() in file.read_bytes()]
        assert holding == ["password"]
    assert server.pid is None


def _run(uri: str, auth: tuple[str, str], statement: str) -> int:
    import neo4j

    with neo4j.GraphDatabase.driver(uri, auth=auth) as driver:
        return len(driver.execute_query(statement).records)
