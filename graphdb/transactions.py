"""Named queries in a managed transaction: rows, batches of rows, what changed, the time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cypher
from graphdb.driver import DateTime, neo4j
from graphdb.times import short_text
from graphdb.timings import Timings

log = logging.getLogger("graphdb")
#: Rows that a stream hands over at once.
_FETCH = 5_000
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Counters:
    """What a write did, as the server counted it."""

    nodes_created: int = 0
    nodes_deleted: int = 0
    relationships_created: int = 0
    relationships_deleted: int = 0
    properties_set: int = 0


class Transaction:
    """A managed transaction seen through named queries."""

    def __init__(self, raw: neo4j.ManagedTransaction, timings: Timings) -> None:
        self._raw = raw
        self._timings = timings

    def run(self, name: str, **params: Any) -> list[Row]:
        return run_query(self._raw, name, params, self._timings)[0]


def run_query(
    raw: neo4j.ManagedTransaction, name: str, params: Mapping[str, Any], timings: Timings
) -> tuple[list[Row], Counters]:
    """All rows of a named query, and what it changed."""
    start = time.perf_counter()
    result = raw.run(_checked(name, params).text, dict(params))
    keys = result.keys()
    rows = [
        {key: _plain(value) for key, value in zip(keys, record.values(), strict=True)}
        for record in result
    ]
    found = result.consume().counters
    _note(name, start, len(rows), timings)
    return rows, Counters(
        found.nodes_created,
        found.nodes_deleted,
        found.relationships_created,
        found.relationships_deleted,
        found.properties_set,
    )


def stream_query(
    raw: neo4j.ManagedTransaction,
    name: str,
    params: Mapping[str, Any],
    handle: Callable[[list[Row]], None],
    timings: Timings,
) -> None:
    """Hand the rows over as they come, ``_FETCH`` at once."""
    start = time.perf_counter()
    result = raw.run(_checked(name, params).text, dict(params))
    count = 0
    while batch := [dict(record) for record in result.fetch(_FETCH)]:
        count += len(batch)
        handle(batch)
    _note(name, start, count, timings)


def _plain(value: Any) -> Any:
    """A time as text, anything else as it is."""
    return short_text(value) if isinstance(value, DateTime) else value


def _checked(name: str, params: Mapping[str, Any]) -> cypher.Query:
    query = cypher.load(name)
    if set(query.params) != set(params):
        raise TypeError(f"query {name} takes {query.params}, got {sorted(params)}")
    return query


def _note(name: str, start: float, rows: int, timings: Timings) -> None:
    milliseconds = 1000 * (time.perf_counter() - start)
    timings.add(name, milliseconds)
    log.info("%s: %.1f ms, %d rows", name, milliseconds, rows)
