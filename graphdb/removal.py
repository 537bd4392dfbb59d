"""Undo: what a run wrote, a model, a dataset, in batches that can be repeated after a kill."""

from __future__ import annotations

from collections.abc import Mapping

from graphdb.errors import ZooError
from graphdb.runs import unfinished_imports
from graphdb.store import Store

_BATCH = 10_000
_NODES = ("model", "dataset")


def preview_removal(store: Store, kind: str, identity: str) -> dict[str, int]:
    """Relationships by type that would go with a ``run``, ``model`` or ``dataset``."""
    return {row["what"]: row["count"] for row in store.read(f"forgets_{kind}", id=identity)}


def preview_nodes(store: Store, kind: str, identity: str) -> dict[str, int]:
    """Nodes by label that would go with a run: those it made that nothing else refers to."""
    if kind != "run":
        return {}
    return {row["what"]: row["count"] for row in store.read("forgets_run_nodes", id=identity)}


def remove_run(store: Store, run: str) -> None:
    """Remove a run's relationships, its learner, and nodes it made that nothing else refers to.

    A value that the run changed is not set back: its record goes. A large import that was
    interrupted has changed none: nothing of it stays.

    Raises:
        ZooError: the run is a large import that is still under way.
    """
    for unfinished in store.transact(unfinished_imports, access="read"):
        if unfinished.id == run and not unfinished.dead:
            raise ZooError(
                f"Run {run} is still writing ({unfinished.owner}). "
                "Stop it first, or wait: zoo db status"
            )
    _repeat(store, "delete_run_relationships", {"run": run, "limit": _BATCH})
    _repeat(store, "delete_run_embeddings", {"run": run, "limit": _BATCH})
    store.write("delete_learners_of_run", run=run)
    _repeat(store, "delete_run_nodes", {"run": run, "limit": _BATCH})
    store.write("delete_run", id=run)


def remove_node(store: Store, kind: str, identity: str) -> None:
    """Remove a model or a dataset with all its relationships."""
    if kind not in _NODES:
        raise ValueError(kind)
    if kind == "dataset":
        store.write("delete_dataset_embeddings", id=identity)
    _repeat(store, f"delete_{kind}_relationships", {"id": identity, "limit": _BATCH})
    store.write(f"delete_{kind}", id=identity)


def _repeat(store: Store, query: str, params: Mapping[str, str | int]) -> None:
    """One transaction for millions of rows would not fit a server's memory."""
    while True:
        counters = store.write(query, **params)
        if not counters.nodes_deleted and not counters.relationships_deleted:
            return
