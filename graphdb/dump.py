"""The whole graph as tables that can be copied: every label, every type, every property.

A bundle holds what a history holds; a copy holds everything: run stamps, learners, predictions,
what is published, jobs. Rows are plain Python values; times are apart, as ISO text in UTC, because
a copy must read the same whatever store it came from.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphdb.driver import DateTime
from graphdb.errors import ZooError
from graphdb.store import Row, Store
from graphdb.times import utc_text

#: In the order of writing: ends before relationships.
NODES = ("models", "datasets", "embeddings", "runs", "learners", "jobs")
RELATIONSHIPS = (
    "pretrainings", "fine_tunings", "embedding_links", "similarities", "transferabilities",
    "predictions", "publications", "job_models", "job_datasets",
)  # fmt: skip
TABLES = NODES + RELATIONSHIPS
#: Rows and bytes of one write.
_ROWS = 5_000
_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """How many rows a table has, and a sum over them that no order changes."""

    rows: int = 0
    checksum: str = ""


class Summing:
    """A fingerprint in the making."""

    def __init__(self) -> None:
        self._rows = 0
        self._sum = 0

    def add(self, rows: list[Row]) -> None:
        for row in rows:
            text = json.dumps(to_json(row), sort_keys=True, separators=(",", ":"))
            self._sum += int.from_bytes(hashlib.sha256(text.encode()).digest())
            self._rows += 1

    @property
    def result(self) -> Fingerprint:
        return Fingerprint(self._rows, f"{self._sum % 2**256:064x}")


def dump_table(store: Store, table: str, begin: Callable[[], Callable[[list[Row]], None]]) -> None:
    """Hand all rows of a table over in batches to what ``begin`` returns.

    A lost connection starts from the first row, with a new ``begin()``.
    """

    def portable() -> Callable[[list[Row]], None]:
        handle = begin()
        passing = ("lock",) if table in ("models", "datasets") else ()
        return lambda rows: handle([_portable(row, passing) for row in rows])

    store.stream(f"dump_{table}", portable)


def load_rows(store: Store, table: str, rows: list[Row]) -> None:
    """Write rows of a table as they are; writing them again changes nothing.

    Raises:
        ZooError: a row names an end that the store lacks.
    """
    [found] = store.transact(lambda tx: tx.run(f"load_{table}", rows=rows))
    if found["rows"] != len(rows):
        raise ZooError(
            f"{len(rows) - found['rows']} rows of {table} have no ends in {store.address}: "
            "did somebody write meanwhile? Type the same command again"
        )


def fingerprint(store: Store, table: str) -> Fingerprint:
    """Read a table once and sum it up."""
    attempts: list[Summing] = []

    def begin() -> Callable[[list[Row]], None]:
        attempts.append(Summing())
        return attempts[-1].add

    dump_table(store, table, begin)
    return attempts[-1].result


def split(rows: list[Row]) -> list[list[Row]]:
    """Rows in parts that one write takes."""
    parts: list[list[Row]] = [[]]
    size = 0
    for row in rows:
        weight = sum(len(v) for v in row["set"].values() if isinstance(v, bytes | str))
        if parts[-1] and (len(parts[-1]) == _ROWS or size + weight > _BYTES):
            parts.append([])
            size = 0
        parts[-1].append(row)
        size += weight
    return parts if parts[0] else []


def to_json(row: Row) -> Row:
    """The row with bytes as text."""
    values = {
        key: {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for key, value in row["set"].items()
    }
    return {**row, "set": values}


def from_json(row: Row) -> Row:
    """Raises ValueError, KeyError or TypeError for what is no row."""
    values = {
        str(key): base64.b64decode(value["base64"], validate=True)
        if isinstance(value, dict)
        else value
        for key, value in row["set"].items()
    }
    return {**row, "set": values}


def check_time(text: str) -> None:
    """Raises ValueError or TypeError for what is no time as a copy writes it."""
    DateTime.from_iso_format(text)


def _portable(row: Row, passing: tuple[str, ...]) -> Row:
    """Without what only keeps writers apart while they write."""
    properties: dict[str, Any] = row.pop("properties")
    properties = {k: v for k, v in properties.items() if k not in passing}
    times = {k: utc_text(v) for k, v in properties.items() if isinstance(v, DateTime)}
    values = {k: v for k, v in properties.items() if k not in times}
    return {**row, "set": values, "times": times}
