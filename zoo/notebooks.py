"""The zoo in notebooks written for py2neo, which is unmaintained since 2023 (extra ``py2neo``).

The program itself stays on the official driver: docs/decisions/driver.md says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphdb.errors import ZooError
from graphdb.store import Store

if TYPE_CHECKING:
    import py2neo


def connect_py2neo(store: Store, **options: Any) -> py2neo.Graph:
    """A ``py2neo.Graph`` connected to the same database, for reading and OGM-style matching.

    ``options`` go to ``py2neo.Graph``. Writes through it carry no run stamp and take no part in
    ``zoo forget``. Only bolt:// is sure to work: py2neo's routing knows Neo4j alone.

    Raises:
        ZooError: py2neo is not installed, or cannot reach the store.
    """
    try:
        import py2neo
    except ImportError:
        raise ZooError("py2neo is an extra: pip install 'transferzoo[py2neo]'") from None
    url, username, password, database = store.bolt
    try:
        graph = py2neo.Graph(url, auth=(username, password), name=database, **options)
        graph.run("RETURN 1").evaluate()
    except (OSError, py2neo.errors.Neo4jError, py2neo.errors.ConnectionUnavailable) as error:
        raise ZooError(f"py2neo cannot reach {store.address}: {type(error).__name__}") from error
    return graph
