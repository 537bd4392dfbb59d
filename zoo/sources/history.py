"""A history from a path: which layout it has, and what was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from graphdb.errors import ZooError, to_type
from graphdb.records import History, Refusal
from zoo.paths import local_folder, local_path
from zoo.sources.bundle import Progress, read_bundle
from zoo.sources.layout import REQUIRED, is_bundle_file, looks_like_bundle
from zoo.sources.modality import MODALITIES, RECORDS, tied
from zoo.sources.refusals import shown
from zoo.sources.transfergraph import modality_folders, read_transfergraph

_BUNDLE = ", ".join(f"{name}.csv" for name in REQUIRED)


@dataclass(frozen=True, slots=True)
class Reading:
    """A history and how it was come by.

    ``refused`` are the rows that were not taken; a bundle has none, it is refused as a whole.
    ``notes`` tell what was corrected or passed over, a line each.
    """

    kind: Literal["transfergraph", "bundle"]
    history: History
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()


def read_history(path: Path, *, progress: Progress | None = None) -> Reading:
    """Read TransferGraph's files (the parent folder or one modality's) or a record bundle.

    Raises:
        BundleError: a bundle with a problem in it.
        ZooError: the path is neither, or cannot be read.
    """
    folder = local_folder(path)
    if folder is None:
        what = "is a file" if local_path(path) else "does not exist"
        raise ZooError(
            f"{str(path)[:500]} {what}. A history is a folder, with {_BUNDLE} in it: "
            "zoo ingest records FOLDER"
        )
    path = folder.resolve()
    if looks_like_bundle(path):
        history = read_bundle(path, progress=progress)
        return Reading("bundle", history, notes=(*_passed_over(path), *_suspicious(history)))
    if modality_folders(path):
        return Reading("transfergraph", *read_transfergraph(path, progress=progress))
    raise ZooError(_unknown(path))


def _passed_over(folder: Path) -> tuple[str, ...]:
    """Tables under a name that no bundle has: a typing error would lose a file in silence."""
    names = sorted(p.name for p in folder.iterdir() if p.name.endswith((".csv", ".csv.gz")))
    others = [name for name in names if not is_bundle_file(name)]
    return tuple(f"{name} was not read: no file of a bundle has this name" for name in others)


def _suspicious(history: History) -> Iterator[str]:
    """A bundle is taken as it is: what looks like a broken experiment is only told."""
    aside = {dataset.id for dataset in history.datasets if dataset.quarantined}
    for name, reason in tied(history):
        if name not in aside:
            command = to_type("quarantine", name, options=["--reason", "..."])
            yield f"{name}: {reason}. If that experiment is broken, set it aside: {command}"


def _unknown(folder: Path) -> str:
    parents = " or ".join(modality.folder for modality in MODALITIES)
    found = sorted(p.name for p in folder.iterdir())
    some = ", ".join(map(shown, found[:5])) + (", ..." if len(found) > 5 else "")
    return (
        f"No history in {folder}. Looked for a record bundle ({_BUNDLE}) and for TransferGraph's "
        f"files (a folder {parents} with {RECORDS}); found {some or 'nothing'}."
    )
