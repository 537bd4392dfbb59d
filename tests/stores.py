"""The databases of a test run: one embedded store, one Neo4j, both emptied between tests.

A test server is ``ZOO_TEST_NEO4J_URI`` with ``ZOO_TEST_NEO4J_USERNAME`` and
``ZOO_TEST_NEO4J_PASSWORD``, else one this run starts. A database of somebody's is never touched:
what is not empty and holds no ``:ZooTest`` marker is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import neo4j
import pytest

from graphdb import embedded
from tests.neo4j import Server, UnavailableError
from tests.neo4j.releases import chosen

#: What a user's shell may hold and no test may see.
PRIVATE = (
    "NEO4J_DATABASE", "NEO4J_PASSWORD", "NEO4J_URI", "NEO4J_USERNAME", "ZOO_ARTIFACTS",
    "ZOO_STORE",
)  # fmt: skip
TEST_URI = "ZOO_TEST_NEO4J_URI"
_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Place:
    """A database for one test run: what commands call it, and a raw driver beside them."""

    kind: str
    address: str
    username: str
    password: str
    database: str
    driver: neo4j.Driver

    @property
    def environment(self) -> dict[str, str]:
        """What makes ``Store.open()`` and a ``zoo`` command use this database."""
        return {
            "ZOO_STORE": self.address,
            "NEO4J_USERNAME": self.username,
            "NEO4J_PASSWORD": self.password,
        }

    def run(self, statement: str, **params: object) -> list[dict[str, object]]:
        """Any Cypher, past the product's own queries: to arrange and to look."""
        done = self.driver.execute_query(statement, dict(params), database_=self.database)
        return [record.data() for record in done.records]

    def count(self) -> tuple[int, int]:
        """(nodes, relationships), the marker left out."""
        nodes = self.run("MATCH (n) WHERE NOT n:ZooTest RETURN count(n) AS n")[0]["n"]
        relationships = self.run("MATCH ()-[r]->() RETURN count(r) AS n")[0]["n"]
        assert isinstance(nodes, int) and isinstance(relationships, int)
        return nodes, relationships

    def claim(self) -> None:
        """Mark the database as a test's; refuse one that holds anything else."""
        if self.run("MATCH (n) RETURN 1 LIMIT 1") and not self.run("MATCH (n:ZooTest) RETURN 1"):
            raise ForeignDatabaseError(
                f"{self.address} holds data and no :ZooTest marker: tests would delete it. "
                f"Name an empty database in {TEST_URI}"
            )
        self.run("MERGE (:ZooTest {id: 'marker'})")

    def empty(self) -> None:
        """Delete everything but the marker, in batches; the schema stays."""
        self._sweep("MATCH ()-[r]->() WITH r LIMIT $batch DELETE r RETURN count(*) AS n")
        self._sweep(
            "MATCH (n) WHERE NOT n:ZooTest WITH n LIMIT $batch DETACH DELETE n RETURN count(*) AS n"
        )

    def _sweep(self, statement: str) -> None:
        while self.run(statement, batch=_BATCH)[0]["n"]:
            pass


class ForeignDatabaseError(Exception):
    """A database that is not a test's."""


@contextmanager
def embedded_place(folder: Path) -> Iterator[Place]:
    """The embedded store of ``folder``, served, so that commands of other processes find it too."""
    server = embedded.EmbeddedServer(folder)
    try:
        server.announce()
        auth = (embedded.USERNAME, server.password)
        with neo4j.GraphDatabase.driver(server.url, auth=auth) as driver:
            place = Place("embedded", f"embedded:{folder}", *auth, embedded.DATABASE, driver)
            place.claim()
            yield place
    finally:
        server.stop()


@contextmanager
def neo4j_place(folder: Path) -> Iterator[Place]:
    """The Neo4j the environment names, else one started in ``folder``.

    Raises:
        UnavailableError: none is named and none can be had on this machine.
        ForeignDatabaseError: the named one is not a test's.
    """
    if uri := os.environ.get(TEST_URI):
        username = os.environ.get("ZOO_TEST_NEO4J_USERNAME", "neo4j")
        password = os.environ.get("ZOO_TEST_NEO4J_PASSWORD", "")
        with claimed_place(uri, username=username, password=password) as place:
            yield place
    else:
        with Server(folder, release=chosen()) as server, server_place(server) as place:
            yield place


@contextmanager
def server_place(server: Server) -> Iterator[Place]:
    """The database of a server that a test started for itself."""
    uri, username, password = server.uri, server.username, server.password
    with claimed_place(uri, username=username, password=password) as place:
        yield place


@contextmanager
def claimed_place(uri: str, *, username: str, password: str) -> Iterator[Place]:
    """The home database of a Neo4j, marked as a test's."""
    with neo4j.GraphDatabase.driver(uri, auth=(username, password)) as driver:
        home = driver.execute_query("RETURN 1").summary.database
        place = Place("neo4j", uri, username, password, home or "neo4j", driver)
        place.claim()
        yield place


def give_up(reason: str) -> None:
    """Skip aloud on a developer's machine; fail where nothing may be left out (``CI=true``)."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true and {reason}", pytrace=False)
    pytest.skip(reason)


__all__ = [
    "PRIVATE", "ForeignDatabaseError", "Place", "UnavailableError", "claimed_place",
    "embedded_place", "give_up", "neo4j_place", "server_place",
]  # fmt: skip
