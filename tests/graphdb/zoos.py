"""Small histories that hold every table, and how stores are looked at past the product."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from graphdb.histories import write_history
from graphdb.learners import LearnerRecord, write_learner
from graphdb.predictions import Predictions
from graphdb.records import (
    Dataset,
    Embedding,
    FineTuning,
    History,
    Model,
    Pretraining,
    Similarity,
    Transferability,
)
from graphdb.runs import Provenance
from graphdb.store import Store

TABLES = (
    "models", "datasets", "fine_tunings", "pretrainings", "similarities", "transferabilities",
    "embeddings",
)  # fmt: skip


def small() -> History:
    """Three models, three datasets, every table, some properties unknown."""
    models = [Model("m1", family="vit", parameters=10, modality="image"), Model("m2"), Model("m3")]
    datasets = [Dataset("d1", classes=2, modality="image"), Dataset("d2"), Dataset("d3")]
    return History(
        models=models,
        datasets=datasets,
        fine_tunings=[
            FineTuning("f1", "m1", "d1", 0.5, seed=1, device="cpu"),
            FineTuning("f2", "m1", "d1", 0.6, seed=2),
            FineTuning("f3", "m2", "d2", 0.7, method="lora"),
        ],
        pretrainings=[Pretraining("m1", "d3", 0.9), Pretraining("m2", "d3")],
        similarities=[
            Similarity("d1", "d2", 0.4, probe="p", original=1.5),
            Similarity("d1", "d3", 0.2),
        ],
        transferabilities=[Transferability("m1", "d2", "logme", 1.25, seconds=3.0)],
        embeddings=[Embedding("d1", "p", np.array([1, 2.5, -3], np.float32), samples=7)],
    )


def corrected() -> History:
    """``small`` with one value changed in every table."""
    old = small()
    return History(
        models=[replace(old.models[0], parameters=11), *old.models[1:]],
        datasets=[replace(old.datasets[0], classes=3), *old.datasets[1:]],
        fine_tunings=[replace(old.fine_tunings[0], value=0.55), *old.fine_tunings[1:]],
        pretrainings=[replace(old.pretrainings[0], accuracy=0.8), old.pretrainings[1]],
        similarities=[replace(old.similarities[0], value=0.45), old.similarities[1]],
        transferabilities=[replace(old.transferabilities[0], score=2.0)],
        embeddings=[Embedding("d1", "p", np.array([1, 2.5, 4], np.float32), samples=7)],
    )


def write(store: Store, history: History) -> str | None:
    """The run that wrote it, None where nothing changed."""
    return write_history(store, history, provenance=Provenance("test")).run


def learner(identity: str, **changes: object) -> LearnerRecord:
    record = LearnerRecord(
        id=identity, kind="gat", modality="image", method="full", config="{}", metrics="{}",
        artifact=f"{identity}.zip", sha256="0" * 64,
    )  # fmt: skip
    return replace(record, **changes)  # type: ignore[arg-type]


def keep_learner(store: Store, identity: str, **changes: object) -> LearnerRecord:
    record = learner(identity, **changes)
    write_learner(store, record, provenance=Provenance("train"))
    return record


def predictions(dataset: str, models: list[str], *, score: float = 1.0) -> Predictions:
    """Every model with the same ``score``, in the order given."""
    column = np.full(len(models), score)
    unknown = np.full(len(models), np.nan)
    return Predictions(
        dataset, np.array(models, object), column, column / 2, unknown, unknown, unknown, column
    )


def as_lists(history: History) -> dict[str, list[object]]:
    """Comparable, vectors included."""
    found: dict[str, list[object]] = {name: list(getattr(history, name)) for name in TABLES}
    found["embeddings"] = [
        (e.dataset, e.probe, e.method, e.samples, e.vector.dtype, e.vector.tolist())
        for e in history.embeddings
    ]
    return found
