"""``zoo ingest records`` and ``zoo export``: a history into the graph and out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from graphdb.changes import Changes
from graphdb.errors import ZooError
from graphdb.histories import read_history as read_stored
from graphdb.histories import write_history
from graphdb.records import History, Refusal
from graphdb.runs import Provenance
from graphdb.store import Store

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Ingested:
    """``kind`` is the layout that was found: transfergraph or bundle.

    ``modalities`` are those of the history's models, each of which wants a learner of its own.
    """

    kind: str
    changes: Changes
    refused: tuple[Refusal, ...]
    notes: tuple[str, ...]
    modalities: tuple[str, ...]


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
    changes = write_history(
        store,
        reading.history,
        provenance=Provenance("ingest records", {"path": str(path), "kind": reading.kind}),
        dry_run=dry_run,
        progress=progress,
    )
    modalities = {model.modality for model in reading.history.models} - {None}
    return Ingested(
        reading.kind, changes, reading.refused, reading.notes, tuple(sorted(map(str, modalities)))
    )


def export_records(store: Store, path: Path) -> History:
    """Write everything the zoo holds as a record bundle. Raises ZooError on an empty zoo."""
    from zoo.sources import write_bundle

    history = read_stored(store)
    if not history.models and not history.datasets:
        raise ZooError(
            "The zoo is empty: nothing to export. Fill it first: zoo ingest records PATH"
        )
    write_bundle(history, path)
    return history
