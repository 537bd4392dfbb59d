"""``zoo db push``: everything one store holds into another, of whatever kind.

Resumable: tables that agree already are passed over, writing a row again changes nothing.
Verified: rows and checksums of every table are read back from the target.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from graphdb.address import Address, resolve_address
from graphdb.batches import Progress
from graphdb.dump import TABLES, Fingerprint, dump_table, fingerprint, load_rows, split
from graphdb.errors import ZooError
from graphdb.records import digest
from graphdb.store import Row, Store
from zoo.artifacts import artifacts_url, copy_artifact

Fingerprints = Mapping[str, Fingerprint]


@dataclass(frozen=True, slots=True)
class Moved:
    """``rows`` a table that the target holds now, checked; ``written`` of them by this command."""

    target: str
    rows: dict[str, int]
    written: int
    artifacts: int


def open_target(address: str, *, source: Store, database: str | None = None) -> Store:
    """The store to push into, with credentials from ZOO_PUSH_USERNAME and ZOO_PUSH_PASSWORD.

    Those of the environment's own store are never sent to another one.

    Raises:
        ZooError: it is the source, which nobody needs to be asked a password for.
    """
    if resolve_address(address) == source.address and database in (None, source.database):
        raise _same(source.address)
    return Store.open(
        address,
        database=database,
        username=os.environ.get("ZOO_PUSH_USERNAME"),
        password=os.environ.get("ZOO_PUSH_PASSWORD"),
        ambient=False,
    )


def push(source: Store, target: Store, *, progress: Progress | None = None) -> Moved:
    """Copy every node and relationship, and the learners' artefacts.

    Raises:
        ZooError: the target is the source or holds something else, or what it holds afterwards is
            not what the source holds.
    """
    if _is_same(source, target):
        raise _same(target.address)
    report = progress or (lambda table, done, total: None)
    token = digest("push", str(source.address), source.database)
    wanted = fingerprints(source)
    differing = begin_filling(target, wanted, token=token)
    written = 0
    for table in differing:
        _copy_table(source, target, table, wanted[table].rows, report)
        written += wanted[table].rows
    names = _copy_artifacts(source, target)
    check_filled(target, fingerprints(source) if differing else wanted, report)
    target.write("claim_filling", token=None)
    rows = {table: found.rows for table, found in wanted.items()}
    return Moved(str(target.address), rows, written, names)


def _is_same(source: Store, target: Store) -> bool:
    """Whether what is written to the one is read from the other: one store has many addresses."""
    probe = uuid.uuid4().hex
    target.write("probe_zoo", probe=probe)
    return source.read("probed") == [{"probe": probe}]


def _same(address: Address) -> ZooError:
    other = "" if address.url is None else ", or another of its databases with --database"
    return ZooError(f"{address} is the store to push from: name another{other}")


def fingerprints(store: Store) -> dict[str, Fingerprint]:
    return {table: fingerprint(store, table) for table in TABLES}


def begin_filling(target: Store, wanted: Fingerprints, *, token: str) -> list[str]:
    """Tables in which the target differs, if it may be filled: it is empty, or was begun."""
    found = fingerprints(target)
    differing = [table for table in TABLES if found[table] != wanted[table]]
    begun = [row["token"] for row in target.read("filling")]
    if differing and begun != [token] and any(table.rows for table in found.values()):
        raise ZooError(
            f"{target.address} holds something else already. Name an empty store or database, or "
            "add records to it: zoo export PATH, then zoo ingest records PATH"
        )
    target.write("claim_filling", token=token)
    return differing


def check_filled(target: Store, wanted: Fingerprints, report: Progress) -> None:
    """Read the target back. Raises ZooError for the first table that is not as wanted."""
    for done, table in enumerate(TABLES):
        report(f"check {table}", done, len(TABLES))
        found = fingerprint(target, table)
        if found != wanted[table]:
            raise ZooError(
                f"{target.address} holds {found.rows} {table} and the copy {wanted[table].rows}, "
                "or they differ in content: did somebody write meanwhile? "
                "Type the same command again, or empty the target first"
            )


def _copy_table(source: Store, target: Store, table: str, total: int, report: Progress) -> None:
    def begin() -> Callable[[list[Row]], None]:
        done = 0

        def write(rows: list[Row]) -> None:
            nonlocal done
            for part in split(rows):
                load_rows(target, table, part)
                done += len(part)
                report(table, done, total)

        return write

    dump_table(source, table, begin)


def _copy_artifacts(source: Store, target: Store) -> int:
    """Networks lie beside a store; what the target has already is passed over."""
    here, there = artifacts_url(source.address), artifacts_url(target.address)
    if here == there:
        return 0
    learners = source.read("artifacts")
    return sum(
        copy_artifact(row["artifact"], sha256=row["sha256"], source=here, target=there)
        for row in learners
    )
