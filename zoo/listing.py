"""``zoo ls`` and ``zoo show``: what the zoo holds, and everything about one thing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from graphdb.catalog import KINDS, known_ids
from graphdb.errors import ZooError, did_you_mean
from graphdb.store import Row, Store

_SHOWN = ("model", "dataset", "learner", "run", "job")
#: Kinds that have results.
_TUNED = ("model", "dataset")


@dataclass(frozen=True, slots=True)
class Shown:
    """One node of the zoo: its properties, and its results where it is a model or dataset.

    ``results`` are the first of ``total``: of a dataset the best, of a model by dataset.
    """

    kind: str
    properties: Row
    results: list[Row]
    total: int


def list_nodes(
    store: Store,
    kind: str,
    *,
    modality: str | None = None,
    contains: str | None = None,
    limit: int = 50,
) -> list[Row]:
    """Rows of one kind of node; ``modality`` and ``contains`` are of models and datasets.

    Raises:
        ZooError: a kind that is not listed, or not by these.
    """
    if kind not in KINDS:
        raise ZooError(f"Cannot list {kind!r}. There are: {', '.join(KINDS)}")
    _check_limit(limit)
    if kind in ("models", "datasets"):
        return store.read(f"list_{kind}", modality=modality, contains=contains, limit=limit)
    if modality is not None or contains is not None:
        raise ZooError(
            "A modality, or a part of the id, is looked for among models and datasets only. "
            f"All of these: zoo ls {kind}"
        )
    return store.read(f"list_{kind}", limit=limit)


def show_node(store: Store, identity: str, *, kind: str | None = None, limit: int = 20) -> Shown:
    """Everything about one node, whatever it is, with at most ``limit`` of its results.

    Raises:
        ZooError: nothing has that id, or no such kind.
    """
    _check_limit(limit)
    if kind is not None and kind not in _SHOWN:
        raise ZooError(f"No kind {kind!r}. There are: {', '.join(_SHOWN)}")
    for candidate in (kind,) if kind else _SHOWN:
        rows = store.read(candidate, id=identity)
        if rows:
            shown = rows[0] | _command(rows[0])
            return Shown(candidate, shown, *_results(store, identity, candidate, limit))
    kinds = (kind,) if kind else _SHOWN
    raise ZooError(
        f"No {kind or 'such thing'} {identity[:200]!r} in the zoo.{meant(store, identity, kinds)} "
        f"List what there is: zoo ls {' | '.join(f'{one}s' for one in kinds)}"
    )


def _results(store: Store, identity: str, kind: str, limit: int) -> tuple[list[Row], int]:
    """The first ``limit`` results of a model or dataset, and how many there are."""
    if kind not in _TUNED:
        return [], 0
    rows = store.read(f"{kind}_results", id=identity, limit=limit)
    [count] = store.read(f"{kind}_result_count", id=identity)
    return rows, int(count["total"])


def _command(row: Row) -> Row:
    """What to type to do a job again, out of its arguments."""
    arguments = json.loads(row.get("arguments") or "{}")
    return {"command": arguments["command"]} if "command" in arguments else {}


def _check_limit(limit: int) -> None:
    if limit < 1:
        raise ZooError(f"limit {limit} is not a number of rows, 1 or more")


def meant(store: Store, identity: str, kinds: Sequence[str]) -> str:
    """`` Did you mean ...?`` where a model or dataset is called almost like it, else nothing."""
    known = [
        name
        for kind in ("model", "dataset")
        if kind in kinds
        for name in store.transact(partial(known_ids, kind=kind), access="read")
    ]
    return did_you_mean(identity, known)
