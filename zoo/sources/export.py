"""A history as a record bundle on disk: exactly what ``read_bundle`` reads."""

from __future__ import annotations

import csv
import filecmp
import math
from collections.abc import Iterable, Iterator
from operator import attrgetter
from pathlib import Path

from graphdb.errors import ZooError
from graphdb.records import History, Model, Pretraining
from zoo.outputs import INSTEAD, drafts
from zoo.sources.arrays import write_vectors
from zoo.sources.cells import MAX_TEXT
from zoo.sources.layout import ARRAYS, FILES, is_bundle_file
from zoo.sources.refusals import shown

Cell = str | float | None


def write_bundle(history: History, folder: Path, *, overwrite: bool = False) -> None:
    """Write a history; the folder appears complete or not at all.

    An unknown value and an empty text are both an empty cell. A bundle that is already there is
    left as it is where it is the same, and replaced with ``overwrite``; a folder with anything else
    in it is never touched.

    Raises:
        ZooError: the folder holds another bundle or something else, a relationship names a model or
            dataset that the history lacks, a text cannot be stored in a bundle, or the disk
            refuses.
    """
    _check_ends(history)
    try:
        folder = folder.resolve()
        _check_target(folder)
        with drafts(folder) as beside:
            fresh = beside / "new"
            fresh.mkdir()
            for name, header, rows in _tables(history):
                _write_table(fresh / f"{name}.csv", header, rows)
            if history.embeddings:
                vectors = {embedding.id: embedding.vector for embedding in history.embeddings}
                write_vectors(fresh / ARRAYS, vectors)
            _place(fresh, folder, overwrite)
    except OSError as error:
        raise ZooError(f"Cannot write {str(folder)[:500]}: {error.strerror or error}") from error


def _check_target(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ZooError(f"{folder} is a file. Give a new folder to export to.")
    others = (
        [p.name for p in folder.iterdir() if not is_bundle_file(p.name)] if folder.exists() else []
    )
    if others:
        raise ZooError(
            f"{folder} is not empty and no record bundle: it holds {shown(min(others))}. "
            "Give a new folder to export to."
        )


def _check_ends(history: History) -> None:
    models = {model.id for model in history.models}
    datasets = {dataset.id for dataset in history.datasets}
    named: set[str] = {s.dataset_a for s in history.similarities}
    named |= {s.dataset_b for s in history.similarities} | {e.dataset for e in history.embeddings}
    used: set[str] = set()
    for table in (history.fine_tunings, history.pretrainings, history.transferabilities):
        used |= {row.model for row in table}
        named |= {row.dataset for row in table}
    for kind, missing in (("model", used - models), ("dataset", named - datasets)):
        if missing:
            raise ZooError(
                f"The history names {kind} {shown(min(missing))} and does not hold it: "
                "a bundle needs every model and dataset its rows name."
            )


def _place(fresh: Path, folder: Path, overwrite: bool) -> None:
    """A folder with something in it cannot be renamed over: the old one steps aside first."""
    if not folder.exists() or not any(folder.iterdir()):
        fresh.replace(folder)
        return
    if _same(fresh, folder):
        return
    if not overwrite:
        raise ZooError(f"{folder} holds another bundle. {INSTEAD}")
    old = fresh.with_name("old")
    try:
        folder.rename(old)
        fresh.rename(folder)
    except BaseException:
        if old.exists():
            old.rename(folder)
        raise


def _same(one: Path, other: Path) -> bool:
    """Whether two folders hold the same files, byte by byte."""
    names = sorted(path.name for path in one.iterdir())
    if names != sorted(path.name for path in other.iterdir()):
        return False
    return filecmp.cmpfiles(one, other, names, shallow=False)[0] == names


def _write_table(path: Path, header: list[str], rows: Iterable[tuple[Cell, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        # The csv module quotes a lone carriage return only where it ends lines, too.
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(header)
        try:
            writer.writerows(map(_checked, rows))
        except UnicodeEncodeError as error:
            raise ZooError(f"{path.name}: {shown(error.object[error.start])} is no text") from error


def _checked(row: tuple[Cell, ...]) -> tuple[Cell, ...]:
    for cell in row:
        if isinstance(cell, str) and ("\0" in cell or len(cell) > MAX_TEXT):
            raise ZooError(
                f"{shown(cell)} cannot be exported: a text in a bundle has at most {MAX_TEXT:,} "
                "characters and no NUL."
            )
        if isinstance(cell, float) and not math.isfinite(cell):
            raise ZooError(f"{cell} of {shown(row[0])} cannot be exported: it is not finite.")
    return row


def _tables(history: History) -> Iterator[tuple[str, list[str], Iterable[tuple[Cell, ...]]]]:
    """Name, header and rows of every table: what the records hold under the columns' names."""
    yield "models", _header("models"), _models(history)
    records: dict[str, Iterable[object]] = {
        "datasets": history.datasets,
        "fine_tunings": history.fine_tunings,
        "similarities": history.similarities,
        "transferability": history.transferabilities,
        "embeddings": history.embeddings,
    }
    for name, table in records.items():
        fields = ["id" if column == "array" else column for column in _header(name)]
        yield name, _header(name), map(attrgetter(*fields), table)


def _header(name: str) -> list[str]:
    # ``accuracy`` is another name of ``value``, and of no field.
    return [column.name for column in FILES[name] if column.name != "accuracy"]


def _models(history: History) -> Iterator[tuple[Cell, ...]]:
    sources: dict[str, list[Pretraining]] = {}
    for pretraining in history.pretrainings:
        sources.setdefault(pretraining.model, []).append(pretraining)
    for model in history.models:
        row = _model(model)
        named = sources.get(model.id, [])
        if not named or model.pretrained_accuracy is not None:
            yield (*row, None, model.pretrained_accuracy)
        for pretraining in named:
            yield (*row, pretraining.dataset, pretraining.accuracy)


def _model(m: Model) -> tuple[Cell, ...]:
    words: tuple[Cell, ...] = (m.id, m.name, m.family, m.architecture, m.modality, m.task)
    sizes: tuple[Cell, ...] = (m.parameters, m.memory_bytes, m.input_size)
    return (*words, *sizes, m.license, m.revision, m.source)
