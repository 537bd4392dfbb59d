"""What the zoo holds: counts, lists, one thing by its id, and what was probably meant."""

from __future__ import annotations

from graphdb.errors import ZooError, did_you_mean
from graphdb.records import METHODS, Dataset
from graphdb.runs import unfinished_imports
from graphdb.store import Row, Store, Transaction

#: What ``zoo ls`` lists.
KINDS = ("models", "datasets", "learners", "runs", "jobs")


def count_nodes(store: Store) -> dict[str, int]:
    return {row["label"]: row["count"] for row in store.read("counts")}


def count_relationships(store: Store) -> dict[str, int]:
    return {row["type"]: row["count"] for row in store.read("relationship_counts")}


def find_dataset(store: Store, identity: str) -> Dataset:
    """The dataset of that id. Raises ZooError with what was probably meant."""
    rows = store.read("dataset", id=identity)
    if not rows:
        raise unknown(store, "dataset", identity)
    return Dataset(**rows[0])


def check_model(store: Store, identity: str) -> Row:
    """The model of that id. Raises ZooError with what was probably meant."""
    rows = store.read("model", id=identity)
    if not rows:
        raise unknown(store, "model", identity)
    return rows[0]


def unknown(store: Store, kind: str, identity: str) -> ZooError:
    """The error for an id that is not there."""
    known = store.transact(lambda tx: known_ids(tx, kind), access="read")
    if not known:
        return ZooError(
            f"The zoo is empty: it has no {kind} {identity!r}. "
            "Fill it first: zoo ingest records PATH"
        )
    meant = did_you_mean(identity, known)
    return ZooError(
        f"No {kind} {identity[:200]!r} in the zoo.{meant} List them with: zoo ls {kind}s"
    )


def known_ids(tx: Transaction, kind: str) -> list[str]:
    """The ids of all models or datasets; what an unfinished import wrote is not known yet."""
    hidden = [run.id for run in unfinished_imports(tx)]
    return [row["id"] for row in tx.run(f"{kind}_ids", hidden=hidden)]


def find_modality(store: Store, *, method: str) -> str:
    """The one modality with results of ``method``. Raises ZooError where there are several."""
    found = [row["modality"] for row in store.read("modalities", method=method)]
    if not found:
        others = [one for one in METHODS if one != method and store.read("modalities", method=one)]
        raise ZooError(
            f"The zoo holds no {method} fine-tuning yet, but {' and '.join(others)}. "
            f"Ask for that: --method {others[0]}"
            if others
            else f"The zoo holds no {method} fine-tuning yet. "
            "Fill it first: zoo ingest records PATH"
        )
    named = [modality for modality in found if modality is not None]
    if len(named) > 1:
        raise ZooError(
            f"The zoo holds several modalities: {', '.join(named)}. Name one with --modality"
        )
    # Whoever names no modality anywhere has one kind of model: all of it is taken in.
    return named[0] if named else "unspecified"
