"""``zoo db``: what a store holds, and keeping it open for others."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass

from graphdb.catalog import count_nodes, count_relationships
from graphdb.errors import ZooError, to_type
from graphdb.runs import is_dead
from graphdb.schema import current_version, stored_version
from graphdb.store import Store
from graphdb.timings import Timing, read_timings

#: Queries that ``zoo db status`` names.
_SLOWEST = 5


@dataclass(frozen=True, slots=True)
class Unended:
    """A run that has not ended. ``advice`` says what to do where its process is gone."""

    id: str
    kind: str
    owner: str | None
    started: str | None
    arguments: str | None
    advice: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """Counts by label and type, versions, runs that have not ended, the slowest named queries.

    ``slowest`` is what commands of this machine saw of this store.
    """

    address: str
    database: str | None
    server: str
    bolt: str
    schema: int
    current_schema: int
    nodes: dict[str, int]
    relationships: dict[str, int]
    unended: tuple[Unended, ...]
    slowest: tuple[Timing, ...]


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
        unended=find_unended(store),
        slowest=tuple(read_timings(str(store.address))[:_SLOWEST]),
    )


def find_unended(store: Store) -> tuple[Unended, ...]:
    """Runs that began and have not ended, oldest first."""
    return tuple(
        Unended(
            id=row["id"],
            kind=row["kind"],
            owner=row["owner"],
            started=row["started"],
            arguments=row["arguments"],
            advice=_advice(row["id"], row["owner"], large=row["import"]),
        )
        for row in store.read("unfinished_runs")
    )


def _advice(run: str, owner: str | None, *, large: bool) -> str | None:
    if not is_dead(owner):
        return None
    if large:
        undo = to_type("forget", run)
        return f"Interrupted. Complete it with the same command, or undo it: {undo}"
    return "Interrupted; the next zoo predict clears it away"


def serve(
    store: Store, *, stop: threading.Event | None = None, ready: Callable[[], None] | None = None
) -> None:
    """Let other commands use this embedded store until SIGINT or SIGTERM.

    ``ready`` is called when they can.

    Raises:
        ZooError: the store is a server already, or another process serves it.
    """
    if not store.announce():
        raise ZooError(f"{store.address} is served already: other commands can use it as it is")
    if ready is not None:
        ready()
    done = stop or threading.Event()
    if stop is None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: done.set())
    done.wait()
