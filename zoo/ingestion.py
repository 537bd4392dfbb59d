"""``zoo ingest records`` and ``zoo export``: a history into the graph and out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from graphdb.batches import Progress
from graphdb.changes import Changes
from graphdb.errors import ZooError
from graphdb.histories import read_history as read_stored
from graphdb.histories import write_history
from graphdb.memory import long_lived
from graphdb.records import METHODS, Dataset, History, Model, Refusal
from graphdb.runs import Provenance
from graphdb.store import Store

Node = TypeVar("Node", Model, Dataset)


@dataclass(frozen=True, slots=True)
class Learnable:
    """A kind of model and a method that there are results of; ``only`` kind of that method."""

    modality: str | None
    method: str
    only: bool


@dataclass(frozen=True, slots=True)
class Ingested:
    """``kind`` is the layout that was found: transfergraph or bundle.

    ``learnable`` says for each modality of the history what a learner can be trained on now;
    ``pair`` is a model and a dataset of the history, where it has both.
    """

    kind: str
    changes: Changes
    refused: tuple[Refusal, ...]
    notes: tuple[str, ...]
    learnable: tuple[Learnable, ...]
    pair: tuple[str, str] | None


@long_lived()
def ingest_records(
    store: Store, path: Path, *, dry_run: bool = False, progress: Progress | None = None
) -> Ingested:
    """Read a history and write it. Nothing is written before all of it was read.

    Raises:
        ZooError: no history at ``path``, or a bundle with any bad row (BundleError).
    """
    # Pydantic costs a fifth of a second that a question should not wait for.
    from zoo.sources import read_history

    reading = read_history(path)
    tell_modalities(reading.history)
    changes = write_history(
        store,
        reading.history,
        provenance=Provenance("ingest records", {"path": str(path), "kind": reading.kind}),
        dry_run=dry_run,
        progress=progress,
    )
    models, datasets = reading.history.models, reading.history.datasets
    return Ingested(
        reading.kind,
        changes,
        reading.refused,
        reading.notes,
        _learnable(store, {one.modality for one in models} | {one.modality for one in datasets}),
        (models[0].id, datasets[0].id) if models and datasets else None,
    )


def _learnable(store: Store, modalities: set[str | None]) -> tuple[Learnable, ...]:
    """One method a modality, full fine-tuning where there is any."""
    found: dict[str | None, Learnable] = {}
    for method in METHODS:
        stored = [row["modality"] for row in store.read("modalities", method=method)]
        named = [modality for modality in stored if modality is not None]
        for modality in named or stored:
            if modality in modalities or not named or modalities == {None}:
                found.setdefault(modality, Learnable(modality, method, only=len(named) < 2))
        if modalities <= found.keys():
            break  # to see that there are none of a method takes a look at every result
    return tuple(found[modality] for modality in sorted(found, key=str))


def export_records(store: Store, path: Path, *, overwrite: bool = False) -> History:
    """Write everything the zoo holds as a record bundle.

    Raises:
        ZooError: an empty zoo, or a folder that holds anything but the same bundle (another bundle
            is replaced with ``overwrite``).
    """
    from zoo.sources import write_bundle

    history = read_stored(store)
    if not history.models and not history.datasets:
        raise ZooError(
            "The zoo is empty: nothing to export. Fill it first: zoo ingest records PATH"
        )
    write_bundle(history, path, overwrite=overwrite)
    return history


def tell_modalities(history: History) -> None:
    """Where a history says of one end of a result alone what it is, the other end is that too.

    A learner is trained on models and datasets of one modality.
    """
    models = {model.id: model.modality for model in history.models}
    datasets = {dataset.id: dataset.modality for dataset in history.datasets}
    if None not in {*models.values(), *datasets.values()}:
        return
    of_models: dict[str, set[str | None]] = {}
    of_datasets: dict[str, set[str | None]] = {}
    for record in history.fine_tunings:
        of_models.setdefault(record.dataset, set()).add(models[record.model])
        of_datasets.setdefault(record.model, set()).add(datasets[record.dataset])
    history.models[:] = [_told(model, of_datasets) for model in history.models]
    history.datasets[:] = [_told(dataset, of_models) for dataset in history.datasets]


def _told(node: Node, others: Mapping[str, set[str | None]]) -> Node:
    """With the one modality of the other ends of its results, where it has none and they agree."""
    found = others.get(node.id, set()) - {None}
    return replace(node, modality=found.pop()) if not node.modality and len(found) == 1 else node
