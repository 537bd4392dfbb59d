"""``zoo db``: what a store holds, and keeping it open for others."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass

from graphdb.catalog import count_nodes, count_relationships
from graphdb.errors import ZooError
from graphdb.schema import current_version, stored_version
from graphdb.store import Store


@dataclass(frozen=True, slots=True)
class Status:
    """Counts by label and type, and versions of the server and the schema."""

    address: str
    database: str | None
    server: str
    bolt: str
    schema: int
    current_schema: int
    nodes: dict[str, int]
    relationships: dict[str, int]


def read_status(store: Store) -> Status:
    server, bolt = store.server()
    return Status(
        address=str(store.address),
        database=store.database,
        server=server,
        bolt=bolt,
        schema=stored_version(store),
        current_schema=current_version(),
        nodes=count_nodes(store),
        relationships=count_relationships(store),
    )


def serve(store: Store, *, stop: threading.Event | None = None) -> None:
    """Let other commands use this embedded store until SIGINT or SIGTERM.

    Raises:
        ZooError: the store is a server already, or another process serves it.
    """
    if not store.announce():
        raise ZooError(f"{store.address} is served already: other commands can use it as it is")
    done = stop or threading.Event()
    if stop is None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: done.set())
    done.wait()
