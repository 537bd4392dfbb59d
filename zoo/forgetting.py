"""``zoo forget`` and ``zoo quarantine``: undo, and set aside."""

from __future__ import annotations

from dataclasses import dataclass

from graphdb.catalog import find_dataset
from graphdb.errors import ZooError
from graphdb.removal import preview_nodes, preview_removal, remove_node, remove_run
from graphdb.runs import Provenance, record_run
from graphdb.store import Store, Transaction
from zoo.listing import meant

_KINDS = ("run", "model", "dataset")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """``relationships`` that went (or would go) by type, and with a run ``nodes`` by label."""

    kind: str
    id: str
    relationships: dict[str, int]
    nodes: dict[str, int]


def forget(
    store: Store, identity: str, *, kind: str | None = None, dry_run: bool = False
) -> Forgotten:
    """Undo a run, or remove a model or dataset with all its relationships.

    Raises:
        ZooError: nothing has that id, or several things have (then ``kind`` decides).
    """
    if kind is not None and kind not in _KINDS:
        raise ZooError(f"No kind {kind!r}. There are: {', '.join(_KINDS)}")
    kind = _find_kind(store, identity, kinds=(kind,) if kind else _KINDS)
    gone = Forgotten(
        kind,
        identity,
        preview_removal(store, kind, identity),
        preview_nodes(store, kind, identity),
    )
    if dry_run:
        return gone
    if kind == "run":
        remove_run(store, identity)
    else:
        remove_node(store, kind, identity)
    store.transact(lambda tx: record_run(tx, Provenance("forget", {"kind": kind, "id": identity})))
    return gone


def quarantine(store: Store, dataset: str, *, reason: str | None) -> None:
    """Take a dataset's results out of training and truth, or back in (``reason`` None)."""
    find_dataset(store, dataset)
    if reason is not None and not reason.strip():
        raise ZooError("A quarantine needs a reason: --reason 'labels are shuffled'")

    def work(tx: Transaction) -> None:
        tx.run("set_quarantine", id=dataset, reason=reason)
        record_run(tx, Provenance("quarantine", {"dataset": dataset, "reason": reason}))

    store.transact(work)


def _find_kind(store: Store, identity: str, *, kinds: tuple[str, ...]) -> str:
    found = [kind for kind in kinds if store.read(kind, id=identity)]
    if not found:
        named = " or ".join(kinds) if len(kinds) < 3 else "run, model or dataset"
        raise ZooError(
            f"No {named} {identity[:200]!r} in the zoo.{meant(store, identity, kinds)} "
            f"List them with: zoo ls {' | '.join(f'{kind}s' for kind in kinds)}"
        )
    if len(found) > 1:
        raise ZooError(
            f"{identity!r} is a {' and a '.join(found)}. Say which with --kind {found[0]}"
        )
    return found[0]
