"""The other tested release of Neo4j: every query and every kind of write once.

The whole of tests/graphdb and tests/production on it: ZOO_TEST_NEO4J_VERSION=2026.09.0 make test
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import cypher
from graphdb.dump import TABLES, fingerprint
from graphdb.histories import read_history, write_history
from graphdb.removal import remove_run
from graphdb.runs import Provenance
from graphdb.schema import current_version, stored_version
from graphdb.store import Store
from graphdb.subgraph import read_subgraph
from tests.browser.graph import PARAMS, build_zoo
from tests.graphdb.zoos import as_lists, small, write
from tests.neo4j import CURRENT, LTS, Server, UnavailableError
from tests.neo4j.releases import chosen, javas
from tests.stores import Place, give_up, server_place
from zoo.candidates import find_candidates


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    try:
        release = LTS if chosen() == CURRENT else CURRENT
        if not any(release.runs_on(major) for major in javas().values()):
            pytest.skip(f"no Java here runs Neo4j {release.version}")
        home = tmp_path_factory.mktemp("other")
        with Server(home, release=release) as server, server_place(server) as place:
            yield place
    except UnavailableError as error:
        give_up(f"no second Neo4j on this machine: {error}")


@pytest.fixture
def both(other: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    other.empty()
    for name, value in other.environment.items():
        monkeypatch.setenv(name, value)
    with Store.open(other.address) as store:
        yield store


def test_what_goes_in_comes_out_on_the_other_release(both: Store) -> None:
    assert stored_version(both) == current_version()
    run = write(both, small())
    assert run is not None
    assert as_lists(read_history(both)) == as_lists(small())
    assert not write_history(both, small(), provenance=Provenance("test")).any
    assert len(read_subgraph(both, "image").fine_tunings) == 3
    assert all(fingerprint(both, table).rows for table in TABLES[:2])
    remove_run(both, run)
    assert not any(as_lists(read_history(both)).values())


def test_every_question_has_an_answer_on_the_other_release(both: Store, other: Place) -> None:
    build_zoo(both, other)
    assert len(find_candidates(both, "flowers", k=10).models) == 10
    samples = {
        **PARAMS, "limit": 5, "hidden": [], "allow_unknown": False, "modality": "image",
        "method": "full", "id": "vit-2", "run": "r", "kind": "predict", "ids": ["flowers"],
    }  # fmt: skip
    for folder in ("ask", "browser", "read"):
        for name in cypher.names(folder):
            both.read(name, **{p: samples.get(p) for p in cypher.load(name).params})
    drawn = [name for name in cypher.names("browser")
             if both.read(name, **{p: samples[p] for p in cypher.load(name).params})]  # fmt: skip
    assert drawn == cypher.names("browser")
