"""A seed of the soak on each store; more of them by hand: ``python -m tests.production.soak``."""

from __future__ import annotations

from pathlib import Path

from graphdb.store import Store
from tests.production.hosts import Host, wipe
from tests.production.soak import WRITERS, proxied, soak
from tests.production.soaker import COMMANDS

#: By kind of store; both draw a server's death among the others.
SEEDS = {"served": 3, "neo4j": 8}


def test_what_was_acknowledged_survives_all_that_dies(shared_host: Host, tmp_path: Path) -> None:
    with proxied(shared_host), Store.open() as store:
        wipe(store)
    found = soak(shared_host, tmp_path, SEEDS[shared_host.kind], deaths=6, server_kills=1)
    print(found)
    assert found.commands == WRITERS * COMMANDS
    assert found.deaths["server"] and found.deaths.total() > 1
    assert found.readings and not found.half_published
