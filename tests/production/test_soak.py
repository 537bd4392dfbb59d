"""Some seeds of the soak; more of them by hand: ``python -m tests.production.soak``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from graphdb.store import Store
from tests.neo4j import Release
from tests.production.hosts import Host, Served, make_neo4j, running, wipe
from tests.production.soak import WRITERS, proxied, soak
from tests.production.soaker import COMMANDS


@pytest.fixture(scope="module", params=["served", "neo4j"])
def host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("soak")
    if request.param == "served":
        found: Host = Served(folder / "store")
    else:
        release: Release = request.getfixturevalue("neo4j_release")
        found = make_neo4j(folder / "neo4j", release)
    with running(found):
        yield found


@pytest.mark.parametrize("seed", [3, 8])
def test_what_was_acknowledged_survives_all_that_dies(
    host: Host, tmp_path: Path, seed: int
) -> None:
    with proxied(host), Store.open() as store:
        wipe(store)
    found = soak(host, tmp_path, seed, deaths=6, server_kills=1)
    print(found)
    assert found.commands == WRITERS * COMMANDS
    assert found.deaths["server"] and found.deaths.total() > 1
    assert found.readings and not found.half_published
