"""A host that tests may kill, one of either kind a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.neo4j import Release
from tests.production.hosts import Host, Served, make_neo4j, running


@pytest.fixture(scope="module", params=["served", "neo4j"])
def shared_host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("host")
    if request.param == "served":
        host: Host = Served(folder / "store")
    else:
        release: Release = request.getfixturevalue("neo4j_release")
        host = make_neo4j(folder / "neo4j", release)
    with running(host):
        yield host
