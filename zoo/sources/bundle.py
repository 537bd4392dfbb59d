"""The record bundle: a folder of CSV files that is taken as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

from graphdb.errors import ZooError
from graphdb.memory import uncollected
from graphdb.records import (
    Dataset,
    Embedding,
    History,
    Model,
    Pretraining,
    Similarity,
    Transferability,
)
from zoo.sources.arrays import Vectors
from zoo.sources.layout import ARRAYS, FILES, REQUIRED
from zoo.sources.parsed import Known, Parsed, find, parse
from zoo.sources.refusals import BundleError, Problems, shown
from zoo.sources.results import Results

#: Called with a file's name before it is read, the files done and the files in all.
Progress = Callable[[str, int, int], None]

__all__ = ["BundleError", "Progress", "read_bundle"]


def read_bundle(folder: Path, *, progress: Progress | None = None) -> History:
    """Read and check a whole bundle.

    Every record's ends are listed, every number is finite and in its metric's range, ids are unique
    and similarities have the smaller id first. Fine-tunings without an id get one that does not
    depend on their value.

    Raises:
        BundleError: with every problem, by file and line; nothing of the bundle is to be written.
        ZooError: the folder or a file in it cannot be opened.
    """
    if not folder.is_dir():
        raise ZooError(f"No folder {folder}. A record bundle is a folder of CSV files.")
    reader = _Reader(folder, progress)
    with uncollected():
        reader.read()
    return reader.history


class _Reader:
    """Reads file after file; later files name ids of the first two."""

    def __init__(self, folder: Path, progress: Progress | None) -> None:
        self._folder = folder
        self._progress = progress
        self._problems = Problems(str(folder))
        self._models: Known = {}
        self._datasets: Known = {}
        self._nodes: dict[str, Model] = {}
        self._pretrained: dict[tuple[str, str | None], int] = {}
        self._similar: dict[tuple[str, str, str, str], Similarity] = {}
        self._scores: dict[tuple[str, str, str], Transferability] = {}
        self._embedded: dict[tuple[str, str, str], int] = {}
        self._results = Results(self._models, self._datasets)
        self.history = History()

    def read(self) -> None:
        """Every file, then the verdict."""
        steps: list[tuple[str, Callable[[Parsed], None]]] = [
            ("datasets", self._add_datasets),
            ("models", self._add_models),
            ("fine_tunings", self._results.add),
            ("similarities", self._add_similarities),
            ("transferability", self._add_scores),
            ("embeddings", self._add_embeddings),
        ]
        paths = {name: find(self._folder, name, self._problems) for name, _ in steps}
        for name in REQUIRED:
            if paths[name] is None:
                self._problems.add(f"{name}.csv", 1, "is missing")
        self._problems.check()
        for done, (name, add) in enumerate(steps):
            self._read_file(paths[name], name, add, done)
        self._problems.check()
        self.history.models.extend(self._nodes.values())
        self.history.fine_tunings.extend(self._results.records)
        self.history.similarities.extend(self._similar.values())
        self.history.transferabilities.extend(self._scores.values())

    def _read_file(
        self, path: Path | None, name: str, add: Callable[[Parsed], None], done: int
    ) -> None:
        if path is None:
            return
        if self._progress:
            self._progress(path.name, done, len(FILES))
        before = len(self._problems)
        empty = True
        for rows in parse(path, name, self._problems):
            add(rows)
            empty = False
        if empty and len(self._problems) > before and name in ("datasets", "models"):
            self._problems.check()  # every row of the other files would only name its ids in vain

    def _add_datasets(self, rows: Parsed) -> None:
        columns = (
            *map(rows.texts, ("name", "modality", "task")),
            *map(rows.integers, ("classes", "samples")),
            *map(rows.texts, ("source", "fingerprint", "quarantined")),
        )
        for line, dataset in zip(
            rows.lines, map(Dataset, rows.needed("id"), *columns), strict=True
        ):
            if dataset.id in self._datasets:
                rows.refuse(line, f"dataset {shown(dataset.id)} is listed twice")
            elif dataset.id:
                self._datasets[dataset.id] = dataset.id
                self.history.datasets.append(dataset)

    def _add_models(self, rows: Parsed) -> None:
        """A model with several pre-training datasets has a row for each."""
        sources = rows.texts("pretrained_on")
        known = rows.ends("pretrained_on", self._datasets, listed_in="datasets.csv")
        accuracies = rows.reals("pretrained_accuracy")
        columns = (
            *map(rows.texts, ("name", "family", "architecture", "modality", "task")),
            *map(rows.integers, ("parameters", "memory_bytes", "input_size")),
            *map(rows.texts, ("license", "revision", "source")),
        )
        models = map(Model, rows.needed("id"), *columns)
        for line, model, source, dataset, accuracy in zip(
            rows.lines, models, sources, known, accuracies, strict=True
        ):
            if not model.id:
                continue
            first = self._pretrained.setdefault((model.id, source), line)
            if first != line:
                rows.refuse(line, f"model {shown(model.id)} is already listed on line {first}")
            nameless = replace(model, pretrained_accuracy=None if source else accuracy)
            self._add_model(nameless, line, rows)
            if source and dataset:
                self.history.pretrainings.append(Pretraining(model.id, dataset, accuracy))

    def _add_model(self, model: Model, line: int, rows: Parsed) -> None:
        stored = self._nodes.get(model.id, model)
        changes = {}
        for name in (field.name for field in fields(Model)):
            old, new = getattr(stored, name), getattr(model, name)
            if old is None:
                changes[name] = new
            elif new is not None and new != old:
                rows.refuse(line, f"model {shown(model.id)} has two values of {name}")
        self._models[model.id] = model.id
        self._nodes[model.id] = replace(stored, **changes) if changes else stored

    def _add_similarities(self, rows: Parsed) -> None:
        """The same pair again, the other triangle of a matrix say, must say the same."""
        ends = [
            rows.ends(name, self._datasets, listed_in="datasets.csv")
            for name in ("dataset_a", "dataset_b")
        ]
        columns = (
            rows.needed_reals("value"),
            rows.defaults("measure", "domain"),
            rows.defaults("probe", ""),
            rows.reals("original"),
        )
        for line, a, b, *rest in zip(rows.lines, *ends, *columns, strict=True):
            if a is None or b is None or line in rows.bad:
                continue
            similarity = Similarity(min(a, b), max(a, b), *rest)
            key = (similarity.dataset_a, similarity.dataset_b, similarity.measure, similarity.probe)
            if a == b:
                rows.refuse(line, f"dataset {shown(a)} is compared with itself")
            elif self._similar.setdefault(key, similarity) != similarity:
                rows.refuse(line, f"the pair {shown(a)}, {shown(b)} has another similarity above")

    def _add_scores(self, rows: Parsed) -> None:
        columns = (
            rows.ends("model", self._models, listed_in="models.csv"),
            rows.ends("dataset", self._datasets, listed_in="datasets.csv"),
            rows.needed("method"),
            rows.needed_reals("score"),
            rows.reals("seconds"),
        )
        for line, score in zip(rows.lines, map(Transferability, *columns), strict=True):
            key = (score.model, score.dataset, score.method)
            if all(key) and line not in rows.bad and self._scores.setdefault(key, score) != score:
                rows.refuse(line, f"{shown(key)} has another score above")

    def _add_embeddings(self, rows: Parsed) -> None:
        if not len(rows):
            return
        if not (self._folder / ARRAYS).is_file():
            rows.refuse(rows.lines[0], f"names an array, but there is no {ARRAYS}")
            return
        try:
            with Vectors(self._folder / ARRAYS) as vectors:
                self._add_vectors(rows, vectors)
        except ValueError as error:
            self._problems.add(ARRAYS, 1, str(error))

    def _add_vectors(self, rows: Parsed, vectors: Vectors) -> None:
        columns = (
            rows.ends("dataset", self._datasets, listed_in="datasets.csv"),
            rows.needed("probe"),
            rows.needed("array"),
            rows.defaults("method", "domain"),
            rows.integers("samples"),
        )
        for line, dataset, probe, array, method, samples in zip(rows.lines, *columns, strict=True):
            if line in rows.bad:
                continue
            first = self._embedded.setdefault((dataset, probe, method), line)
            if first != line:
                rows.refuse(line, f"the same embedding is already listed on line {first}")
                continue
            try:
                vector = vectors.read(array)
            except ValueError as error:
                rows.refuse(line, f"array {error}")
                continue
            self.history.embeddings.append(Embedding(dataset, probe, vector, method, samples))
