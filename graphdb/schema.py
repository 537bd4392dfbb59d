"""Constraints and indexes, brought up to date when a store is opened.

``cypher/schema/vN.cypher`` takes a store from version N - 1 to N. Versions only go forward; a
statement that already holds does nothing, so an interrupted migration is repeated whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cypher
from graphdb.errors import ZooError

if TYPE_CHECKING:
    from graphdb.store import Store


def current_version() -> int:
    """The version this program writes."""
    return len(cypher.names("schema"))


def stored_version(store: Store) -> int:
    """The version of the store, 0 for one that was never used."""
    rows = store.read("schema_version")
    return int(rows[0]["version"] or 0) if rows else 0


def ensure_schema(store: Store) -> None:
    """Migrate the store to this program's version. Raises ZooError where the store is newer."""
    found, wanted = stored_version(store), current_version()
    if found > wanted:
        raise ZooError(
            f"The store {store.address} has schema version {found}, this program knows {wanted}. "
            "Upgrade it: pip install --upgrade transferzoo"
        )
    for version in range(found + 1, wanted + 1):
        for statement in cypher.statements(f"v{version}"):
            store.execute(statement)
        store.write("set_schema_version", version=version)
