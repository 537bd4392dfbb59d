"""TransferGraph's own files: a real history of two modalities, known to be dirty.

Source: "Finding the Needle in the Pre-Trained Model Zoo" (TU Delft) and the files its authors
published. ``published/`` (their results) and ``embedding_runtime.csv`` are no history and not read.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from graphdb.errors import ZooError
from graphdb.records import History, Refusal
from zoo.sources.bundle import Progress
from zoo.sources.modality import (
    DISTANCES,
    FEATURES,
    MODALITIES,
    MODELS,
    RECORDS,
    SCORES,
    Modality,
    ModalityReader,
)
from zoo.sources.tables import table

#: A column of ``records.csv`` that only one modality has, for a folder of another name.
_TELLING = {"train_slice": "image", "peft_method": "text"}


def modality_folders(folder: Path) -> dict[Modality, Path]:
    """The modalities that a folder holds, or is; empty where it is not of this layout."""
    inside = {m: folder / m.folder for m in MODALITIES if _has_files(folder / m.folder)}
    own = _own_modality(folder) if _has_files(folder) else None
    return {own: folder} if own else inside


def _has_files(folder: Path) -> bool:
    names = (RECORDS, MODELS, FEATURES, SCORES)
    return any((folder / name).is_file() for name in names) or any(folder.glob(DISTANCES))


def _own_modality(folder: Path) -> Modality | None:
    """By the folder's name or, for a copy under another name, by what its records look like."""
    names = {modality.folder: modality.name for modality in MODALITIES}
    name = names.get(folder.name)
    if not name and (folder / RECORDS).is_file():
        header = table(folder / RECORDS, refuse=lambda line, reason: None).header
        name = next((_TELLING[column] for column in header if column in _TELLING), None)
    return next((modality for modality in MODALITIES if modality.name == name), None)


def read_transfergraph(
    folder: Path, *, progress: Progress | None = None
) -> tuple[History, tuple[Refusal, ...], tuple[str, ...]]:
    """The history of every modality in a folder, the rows refused, and notes on corrections.

    Raises:
        ZooError: the folder is not of TransferGraph's layout, or a file cannot be opened.
    """
    found = modality_folders(folder)
    if not found:
        known = " or ".join(modality.folder for modality in MODALITIES)
        raise ZooError(f"{folder} holds no TransferGraph files: no folder {known} with {RECORDS}.")
    history, refused, notes = History(), list[Refusal](), list[str]()
    for modality, path in found.items():
        reader = ModalityReader(path, modality)
        reader.read(progress=progress)
        refused += reader.refused
        notes += reader.notes
        notes += _merge(history, reader.history, modality)
    return history, tuple(refused), tuple(notes)


def _merge(whole: History, part: History, modality: Modality) -> list[str]:
    """Add a modality's history to the ones before it; what both name is told in a note.

    Two modalities may use one name for two datasets. These stay two nodes: the later gets its
    modality before the id. A model of the same id is the same model and stays one.
    """
    taken = {dataset.id for dataset in whole.datasets}
    names = {d.id: f"{modality.name}/{d.id}" if d.id in taken else d.id for d in part.datasets}
    whole.datasets.extend(replace(d, id=names[d.id]) for d in part.datasets)
    whole.fine_tunings.extend(replace(r, dataset=names[r.dataset]) for r in part.fine_tunings)
    whole.pretrainings.extend(replace(r, dataset=names[r.dataset]) for r in part.pretrainings)
    whole.transferabilities.extend(
        replace(r, dataset=names[r.dataset]) for r in part.transferabilities
    )
    for s in part.similarities:
        a, b = sorted((names[s.dataset_a], names[s.dataset_b]))
        whole.similarities.append(replace(s, dataset_a=a, dataset_b=b))
    models = {model.id for model in whole.models}
    whole.models.extend(model for model in part.models if model.id not in models)
    both = sorted(model.id for model in part.models if model.id in models)
    return [
        f"{name} names another dataset here: taken as {new}"
        for name, new in names.items()
        if name != new
    ] + [
        f"{name} is a model of two modalities: one node, described as in the first" for name in both
    ]
