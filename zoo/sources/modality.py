"""One modality's folder of TransferGraph's files, row by row.

A wrong row is refused alone. What the files get wrong as a whole is put right here, and every such
correction is told in a note.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from graphdb.records import (
    Dataset,
    FineTuning,
    History,
    Model,
    Pretraining,
    Refusal,
    Transferability,
    fine_tuning_id,
)
from zoo.sources.bundle import Progress
from zoo.sources.distances import PREFIX, read_distances
from zoo.sources.refusals import Refuse, shown
from zoo.sources.transfergraph_names import (
    CLASSES,
    architecture,
    canonical,
    estimator,
    source_label,
    source_name,
    task,
)
from zoo.sources.transfergraph_rows import DatasetRow, ModelRow, RecordRow, ScoreRow, rows

SOURCE = "transfergraph"
#: Files of one modality; similarities lie beside them, a file a probe.
RECORDS = "records.csv"
MODELS = "model_config_dataset.csv"
FEATURES = "target_dataset_features.csv"
SCORES = "transferability_score_records.csv"
DISTANCES = f"{PREFIX}*.csv"

#: A dataset with this many records, this share of them at one value, ranks nothing.
TIED_RECORDS = 10
TIED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Modality:
    """A modality, its folder in TransferGraph's layout, and the task of its datasets."""

    name: str
    folder: str
    task: str


MODALITIES = (
    Modality("image", "image_classification", "image-classification"),
    Modality("text", "sequence_classification", "text-classification"),
)


class ModalityReader:
    """Reads one modality's folder; ``history``, ``refused`` and ``notes`` are the outcome."""

    def __init__(self, folder: Path, modality: Modality) -> None:
        self._folder = folder
        self._modality = modality
        self._models: dict[str, Model] = {}
        self._datasets: dict[str, Dataset] = {}
        self._renamed: dict[str, str] = {}
        self.history = History()
        self.refused: list[Refusal] = []
        self.notes: list[str] = []

    def read(self, *, progress: Progress | None = None) -> None:
        """Every file of the folder; each may be absent."""
        steps = {
            MODELS: self._read_models,
            FEATURES: self._read_features,
            RECORDS: self._read_records,
            DISTANCES: self._read_distances,
            SCORES: self._read_scores,
        }
        for done, (file, step) in enumerate(steps.items()):
            if progress:
                progress(f"{self._modality.folder}/{file}", done, len(steps))
            step()
        self._quarantine()
        self._note_renamed()
        self.history.models.extend(self._models[name] for name in sorted(self._models))
        self.history.datasets.extend(self._datasets[name] for name in sorted(self._datasets))

    def _refuse(self, file: str) -> Refuse:
        name = f"{self._modality.folder}/{file}"
        return lambda line, reason: self.refused.append(Refusal(name, line, reason))

    def _model(self, name: str) -> str:
        if name not in self._models:
            self._models[name] = Model(name, modality=self._modality.name, source=SOURCE)
        return name

    def _dataset(self, name: str) -> str:
        """The canonical id, with a node for it: whatever a row names exists."""
        known = canonical(name)
        if known != name:
            self._renamed[name] = known
        if known not in self._datasets:
            self._datasets[known] = Dataset(
                known,
                name=source_name(known),
                modality=self._modality.name,
                task=self._modality.task,
                source=SOURCE,
            )
        return known

    def _read_models(self) -> None:
        refuse = self._refuse(MODELS)
        classes: dict[str, set[int]] = {}
        for line, row in rows(self._folder / MODELS, ModelRow, refuse=refuse):
            if row.model in self._models:
                refuse(line, f"model {shown(row.model)} is listed above")
                continue
            label = source_label(row.dataset, row.labels)
            source = self._dataset(label) if label else None
            self._add_model(row, source)
            if source and row.classes and "Classification" in (row.architectures or ""):
                classes.setdefault(source, set()).add(row.classes)
        for dataset, counts in classes.items():
            if len(counts) == 1 and counts != {1}:  # one label is a regression
                self._datasets[dataset] = replace(self._datasets[dataset], classes=counts.pop())
        self._forget_constant_memory()
        self._note_missing_sources()

    def _add_model(self, row: ModelRow, source: str | None) -> None:
        kind = architecture(row.architectures)
        self._models[row.model] = Model(
            row.model,
            family=row.family,
            architecture=kind,
            modality=self._modality.name,
            task=row.task or task(kind),
            parameters=row.parameters,
            memory_bytes=row.memory_bytes,
            input_size=row.input_size,
            source=SOURCE,
            pretrained_accuracy=None if source else row.accuracy,
        )
        if source:
            self.history.pretrainings.append(Pretraining(row.model, source, row.accuracy))

    def _forget_constant_memory(self) -> None:
        """One memory size for models of different sizes was never measured."""
        memory = {model.memory_bytes for model in self._models.values()}
        sizes = {model.parameters for model in self._models.values()}
        if len(memory) == 1 and len(sizes) > 1 and None not in memory:
            self.notes.append(
                f"{self._modality.folder}: memory_consumption is {memory.pop()} for all "
                f"{len(self._models)} models: left unknown"
            )
            for name, model in self._models.items():
                self._models[name] = replace(model, memory_bytes=None)

    def _note_missing_sources(self) -> None:
        known = {pretraining.model for pretraining in self.history.pretrainings}
        without = [model for name, model in self._models.items() if name not in known]
        kept = sum(model.pretrained_accuracy is not None for model in without)
        if without:
            self.notes.append(
                f"{self._modality.folder}: {len(without)} models name no pre-training dataset; "
                f"{kept} of them have an accuracy on it, kept with the model"
            )

    def _read_features(self) -> None:
        refuse = self._refuse(FEATURES)
        listed: dict[str, int] = {}
        for line, row in rows(self._folder / FEATURES, DatasetRow, refuse=refuse):
            name = self._dataset(row.dataset)
            first = listed.setdefault(name, line)
            if first != line:
                refuse(line, f"dataset {shown(name)} is already listed on line {first}")
                continue
            classes = self._true_classes(name, row.classes)
            dataset = self._datasets[name]
            self._datasets[name] = replace(
                dataset, samples=row.samples, classes=classes or dataset.classes
            )

    def _true_classes(self, dataset: str, classes: int | None) -> int | None:
        wrong, right = CLASSES.get(dataset, (None, None))
        if classes is None or classes != wrong:
            return classes
        self.notes.append(f"{dataset}: has {right} classes, {FEATURES} says {wrong}")
        return right

    def _read_records(self) -> None:
        settled: Counter[tuple[object, ...]] = Counter()
        for _, row in rows(self._folder / RECORDS, RecordRow, refuse=self._refuse(RECORDS)):
            model, dataset = self._model(row.model), self._dataset(row.dataset)
            settings = (row.epochs, row.learning_rate, row.batch_size, row.seed)
            key = (model, dataset, row.method, *settings)
            name = fine_tuning_id(
                f"{SOURCE}/{self._modality.name}",
                model,
                dataset,
                row.method,
                epochs=row.epochs,
                learning_rate=row.learning_rate,
                batch_size=row.batch_size,
                seed=row.seed,
                occurrence=settled[key],
            )
            settled[key] += 1
            self.history.fine_tunings.append(
                FineTuning(
                    name, model, dataset, row.value, "accuracy", row.method, *settings, row.seconds
                )
            )
        repeats = settled.total() - len(settled)
        if repeats:
            self.notes.append(
                f"{self._modality.folder}: {repeats} records repeat the model, dataset, method and "
                "settings of another: kept, each with an id of its own"
            )

    def _read_distances(self) -> None:
        targets = {record.dataset for record in self.history.fine_tunings}
        for path in sorted(self._folder.glob(DISTANCES)):
            refuse = self._refuse(path.name)
            similar = read_distances(path, dataset=self._dataset, refuse=refuse)
            self.history.similarities.extend(similar)
            known = {s.dataset_a for s in similar} | {s.dataset_b for s in similar}
            if targets - known:
                missing = ", ".join(sorted(targets - known))
                self.notes.append(f"{path.name}: has no distance of {missing}")

    def _read_scores(self) -> None:
        """The same model, dataset and method again replaces the row above."""
        refuse = self._refuse(SCORES)
        found: dict[tuple[str, str, str], tuple[int, Transferability]] = {}
        for line, row in rows(self._folder / SCORES, ScoreRow, refuse=refuse):
            key = (self._model(row.model), self._dataset(row.dataset), estimator(row.metric))
            if key in found:
                refuse(found[key][0], f"the same score comes again on line {line}, which is kept")
            found[key] = line, Transferability(*key, row.score, row.seconds)
        self.history.transferabilities.extend(score for _, score in found.values())

    def _quarantine(self) -> None:
        """A column of one value is a broken experiment: it stays in the graph, set aside."""
        for name, reason in tied(self.history):
            self._datasets[name] = replace(self._datasets[name], quarantined=reason)
            self.notes.append(f"{name} quarantined: {reason}")

    def _note_renamed(self) -> None:
        if self._renamed:
            names = ", ".join(f"{old} is {new}" for old, new in sorted(self._renamed.items()))
            self.notes.append(f"{self._modality.folder}: other names of one dataset: {names}")


def tied(history: History) -> Iterator[tuple[str, str]]:
    """Datasets of which most results are one value, and how that is said."""
    values: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
    for record in history.fine_tunings:
        values[record.dataset].append((record.metric, record.value))
    for name, found in values.items():
        (metric, value), count = Counter(found).most_common(1)[0]
        if len(found) >= TIED_RECORDS and count > TIED_SHARE * len(found):
            yield name, f"{count} of its {len(found)} records have the {metric} {value:g}"
